import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '#infra/net/free-port.ts'
import { root } from '#infra/repository.ts'
import { emptyDatabase, freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { type Journey, startJourney } from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'
import { npmPackage } from './support/npm-packages.ts'
import { enginesSkipReason, startProgram, timeoutMs } from './support/workflow-engines.ts'

// 2.41.3 requires a version of @n8n/agents that npm does not have.
const installed = enginesSkipReason ? { reason: enginesSkipReason } : await npmPackage('n8n', '2.41.1')
const why = 'reason' in installed ? ` (skipped: ${installed.reason})` : ''
if ('reason' in installed) process.stderr.write(`n8n: ${installed.reason}\n`)

interface Workflow {
  id: string
  active: boolean
  nodes: { name: string; parameters: { assignments?: { assignments: { name: string; value: unknown }[] } } }[]
}

describe.skipIf(why)(`n8n runs the workflows${why}`, { timeout: 3 * timeoutMs }, () => {
  let home: string
  let database: TestDatabase
  let vigiaDatabase: TestDatabase
  let journey: Journey
  let person: ReturnType<Journey['telegram']['user']>
  let held: Awaited<ReturnType<typeof holdPort>>
  let tickets: Awaited<ReturnType<typeof startTickets>>

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vigia-n8n-'))
    // The npm package of n8n's SQLite driver needs an install script, so n8n keeps its data in PostgreSQL.
    database = await emptyDatabase()
    vigiaDatabase = await freshDatabase()
    held = await holdPort()
    tickets = await startTickets()
    const trigger = await readFile(join(root, 'infra/workflows/n8n/trigger.yaml'), 'utf8')
    journey = await startJourney({
      env: { DATABASE_URL: vigiaDatabase.url },
      manifests: (text, file) =>
        file === 'triggers/error-notifier.yaml'
          ? `${text}---\n${trigger.replace('localhost:5678', `localhost:${held.port}`)}`
          : text,
    })
    // Until all functions are built, Vigia is not ready, and the morning report says so.
    await until(() => journey.vigia.api('/readyz'), { timeoutMs: 300_000, what: 'Vigia to be ready' })
    person = journey.telegram.user('Ana', { language: 'pt-br' })
    person.send('/start')
    await until(() => person.answers().length > 0, { timeoutMs: 60_000, what: 'the answer to /start' })
  })
  afterAll(async () => {
    await journey?.stop()
    tickets?.stop()
    await held?.release()
    await vigiaDatabase?.end()
    await database?.end()
    if (home) await rm(home, { recursive: true, force: true })
  })

  const environment = async () => {
    const { hostname, searchParams, port: databasePort, username, password, pathname } = new URL(database.url)
    return {
      PATH: process.env.PATH!,
      HOME: home,
      N8N_USER_FOLDER: home,
      DB_TYPE: 'postgresdb',
      DB_POSTGRESDB_HOST: searchParams.get('host') ?? hostname,
      ...(databasePort ? { DB_POSTGRESDB_PORT: databasePort } : {}),
      DB_POSTGRESDB_USER: decodeURIComponent(username),
      DB_POSTGRESDB_PASSWORD: decodeURIComponent(password),
      DB_POSTGRESDB_DATABASE: pathname.slice(1),
      N8N_LISTEN_ADDRESS: '127.0.0.1',
      N8N_PORT: String(held.port),
      // Chosen for each program, because a function that starts later may take a port that was free before.
      N8N_RUNNERS_BROKER_PORT: String(await freePort()),
      N8N_DIAGNOSTICS_ENABLED: 'false',
      N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
      N8N_TEMPLATES_ENABLED: 'false',
      N8N_PERSONALIZATION_ENABLED: 'false',
      EXECUTIONS_MODE: 'regular',
    }
  }
  const program = () => join('folder' in installed ? installed.folder : '', 'node_modules/n8n/bin/n8n')
  const start = async (...args: string[]) =>
    startProgram(process.execPath, [program(), ...args], { cwd: home, env: await environment() })
  const ended = async (...args: string[]) => (await start(...args)).ended
  const n8n = async (...args: string[]) => {
    const { code, output } = await ended(...args)
    expect(code, output).toBe(0)
  }

  /** Imports a workflow of infra/workflows/n8n with other values in its node Settings. */
  const importWorkflow = async (file: string, settings: Record<string, unknown>) => {
    const workflow: Workflow = JSON.parse(await readFile(join(root, 'infra/workflows/n8n', file), 'utf8'))
    const { assignments } = workflow.nodes.find(({ name }) => name === 'Settings')!.parameters.assignments!
    for (const one of assignments) one.value = settings[one.name] ?? one.value
    await writeFile(join(home, file), JSON.stringify(workflow))
    await n8n('import:workflow', `--input=${join(home, file)}`)
    return workflow.id
  }
  const url = () => `http://localhost:${journey.vigia.port}`
  const settings = () => ({
    vigia: url(),
    broker: `${url()}/vigia/default`,
    chatId: person.chatId,
    tickets: tickets.url,
  })
  const received = (pattern: RegExp) => person.answers().filter(({ text }) => pattern.test(text))
  const monitorDown = (incidentId: number) =>
    journey.vigia.publish(
      { id: `incident/${incidentId}/monitor.down`, type: 'dev.vigia.monitor.down', subject: 'monitor/42' },
      {
        monitorId: 42,
        incidentId,
        name: 'Loja',
        url: 'https://loja.example/?a=1&b=2',
        since: '2026-11-21T12:05:20.000Z',
        status: 503,
        error: 'http-status',
        lastOkAt: null,
      },
    )

  test('the morning report reads the API of Vigia, and the bot sends it once', async () => {
    const id = await importWorkflow('morning.json', settings())
    for (const _ of ['first', 'again']) await n8n('execute', `--id=${id}`)
    await until(() => received(/^☀️ Vigia ✅/).length > 0, { timeoutMs: 60_000, what: 'the morning report' })
    await journey.settled()
    expect(received(/^☀️ Vigia/).map(({ text }) => text)).toEqual([
      '☀️ Vigia ✅\n24 h: quedas / outages: 0 · eventos sem entrega / dead letters: 0',
    ])
  })

  test.each([
    ['refuses the event', () => `${url()}/wrong/broker`, /404|could not be found/],
    ['cannot be reached', () => 'http://127.0.0.1:9/vigia/default', /ECONNREFUSED|refused the connection/],
  ])('a broker that %s fails the report, with the reason', async (_, broker, reason) => {
    const id = await importWorkflow('morning.json', { ...settings(), broker: broker() })
    const { code, output } = await ended('execute', `--id=${id}`)
    expect(code).not.toBe(0)
    expect(output).toMatch(reason)
  })

  test('an outage opens a ticket, also when the ticket system fails at first, and the chat gets the link of the ticket', async () => {
    const id = await importWorkflow('ticket.json', settings())
    await n8n('publish:workflow', `--id=${id}`)
    await held.release()
    const server = await start('start')
    try {
      await until(async () => server.isOver() || (await fetch(`http://127.0.0.1:${held.port}/healthz/readiness`)).ok, {
        timeoutMs,
        what: () => `n8n to be ready; its output was:\n${server.output()}`,
      })
      tickets.failNext()
      expect(await monitorDown(7)).toBe(202)
      await until(() => received(/^🎫/).length > 0, { timeoutMs, what: 'the link of the ticket' })
      expect(received(/^🎫/).map(({ text }) => text)).toEqual(['🎫 https://tickets.example/1'])
      expect(tickets.requests).toEqual([
        { key: 'incident/7/monitor.down', status: 500, title: 'Loja is down' },
        { key: 'incident/7/monitor.down', status: 201, title: 'Loja is down' },
      ])
    } catch (error) {
      throw new Error(`${(error as Error).message}; n8n's output was:\n${server.output()}`, { cause: error })
    } finally {
      server.kill()
      await server.ended
    }
  })
})

/**
 * Listens on a free port until `release`, so that no function that starts in the meantime takes the port that the
 * Trigger names.
 */
const holdPort = async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    release: async () => {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A ticket system that has only one ticket. It records the idempotency key of each request. */
const startTickets = async () => {
  const requests: { key: string; status: number; title: string }[] = []
  let failures = 0
  const server = createServer(async (request, response) => {
    const { title } = JSON.parse(Buffer.concat(await request.toArray()).toString())
    const status = failures-- > 0 ? 500 : 201
    requests.push({ key: String(request.headers['idempotency-key']), status, title })
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ url: 'https://tickets.example/1' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    failNext: () => {
      failures = 1
    },
    stop: () => server.close(),
  }
}
