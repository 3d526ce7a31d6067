import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { manifestFiles, readManifests } from '#local/manifests/manifests.ts'
import { emptyDatabase, freshMongo, type TestDatabase } from '../support/database.ts'
import { readExposition } from '../support/exposition.ts'
import { spawnVigia, startVigia, type Vigia } from '../support/npm-start.ts'
import { until } from '../support/until.ts'
import { isGone } from './support/processes.ts'

const { functions: services } = readManifests(manifestFiles(root))
let database: TestDatabase
let mongo: Awaited<ReturnType<typeof freshMongo>>
let vigia: Vigia

beforeAll(async () => {
  database = await emptyDatabase()
  mongo = await freshMongo()
  vigia = await startVigia({
    env: { DATABASE_URL: database.url, MONGODB_URI: mongo.uri },
    // The shortest idle time that Knative allows.
    manifests: (text, file) =>
      file === 'knative/services/error-notifier.yaml'
        ? text.replace(/autoscaling\.knative\.dev\/window: \w+/, 'autoscaling.knative.dev/window: 6s')
        : text,
  })
})

afterAll(async () => {
  await vigia.stop()
  await Promise.all([database.end(), mongo.end()])
})

const host = (name: string) => `${name}.localhost`

describe('npm start', () => {
  test('starts what the manifests describe, prints the addresses, and is ready', async () => {
    const isReady = { what: 'Vigia to be ready', timeoutMs: 120_000 }
    expect(await until(() => vigia.api('/readyz'), isReady)).toEqual({ ready: true, waitingFor: [] })
    expect(vigia.output()).toContain(`http://localhost:${vigia.port}/chat`)
    expect(vigia.output()).toContain(vigia.dataDir)
    expect(vigia.output()).toContain('Ctrl-C')
    const reports = (await vigia.api('/api/functions')) as { name: string }[]
    expect(reports.map(({ name }) => name)).toEqual(services.map(({ name }) => name))
  })

  test('a second start on the same data folder fails with the pid of the process that holds it', async () => {
    const { ended, output } = spawnVigia({ dataDir: vigia.dataDir })
    expect(await ended).toBe(1)
    expect(output()).toBe(
      `vigia: Vigia (pid ${vigia.pid}) already uses the data folder ${vigia.dataDir}; stop it, or set DATA_DIR to another folder\n`,
    )
  })
})

describe('functions', () => {
  test('database-metrics has the metrics from PostgreSQL that the runtime has, except those of the one-machine broker', async () => {
    const namesAt = async (name: string) => {
      const { body } = await vigia.ask(name, '/metrics')
      // The metrics of jobs are left out, because a job that has never run has none, and the job may run for the first
      // time between the two scrapes.
      return [...readExposition(body).keys()].filter(metric => /^vigia_(?!job_)/.test(metric))
    }
    const ofRuntime = (await namesAt('localhost')).filter(name => !/^vigia_(broker|function)_/.test(name))
    expect(ofRuntime).toContain('vigia_outbox_messages')
    expect((await namesAt(host('database-metrics'))).toSorted()).toEqual(
      [...ofRuntime, 'vigia_build_info', 'vigia_handled_seconds'].toSorted(),
    )
  })

  test('100 requests at once to a function at zero start as many processes as its containerConcurrency requires', async () => {
    const name = 'telegram-webhook'
    const { containerConcurrency } = services.find(service => service.name === name)!
    await vigia.api(`/api/functions/${name}/stop`, { method: 'POST' })
    const before = (await vigia.report(name)).coldStarts
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => vigia.ask(host(name), '/', { method: 'POST', body: '{}' })),
    )
    // The requests have no webhook secret.
    expect(answers.filter(({ status }) => status !== 401)).toEqual([])
    expect((await vigia.report(name)).coldStarts - before).toBe(Math.ceil(100 / containerConcurrency))
  })

  test('are reached by their name, and an unknown name gets 403', async () => {
    expect((await vigia.ask(host('error-notifier'), '/healthz')).status).toBe(200)
    const unknown = await vigia.ask(host('unknown'), '/')
    expect([unknown.status, JSON.parse(unknown.body)]).toEqual([403, { error: 'there is no function unknown' }])
  })

  test('a function without requests goes to zero', async () => {
    await vigia.ask(host('error-notifier'), '/healthz')
    const [{ pid } = { pid: 0 }] = (await vigia.report('error-notifier')).replicas
    await until(() => isGone(pid), { what: 'the end of its process' })
    await until(() => !existsSync(join(vigia.dataDir, 'processes', `${pid}.json`)), {
      what: 'the removal of its record',
    })
  })

  test('a function that is stopped drains to zero and starts again at the next request', async () => {
    await vigia.ask(host('notification-fanout'), '/healthz')
    expect(await vigia.api('/api/functions/notification-fanout/stop', { method: 'POST' })).toMatchObject({
      name: 'notification-fanout',
      state: 'zero',
      replicas: [],
    })
    expect((await vigia.ask(host('notification-fanout'), '/healthz')).status).toBe(200)
    expect(await vigia.report('notification-fanout')).toMatchObject({ state: 'ready' })
  })
})

describe('events', () => {
  const events = async (query: string) =>
    (await vigia.api(`/api/events?${query}`)) as { seq: number; id: string; state: string }[]

  test('an event is stored before its 202, is delivered to the matching Trigger, and can be read', async () => {
    const status = await vigia.publish(
      { id: 'mine-1', type: 'dev.vigia.series.changed', subject: 'show/1' },
      { no: 'such data' },
    )
    expect(status).toBe(202)
    const [event] = await until(async () => {
      const found = await events('type=dev.vigia.series.changed&subject=show/1')
      return found[0] && found[0].state !== 'pending' ? found : undefined
    })
    expect(event).toMatchObject({ id: 'mine-1', source: '/test', state: 'dead' })
    expect(await vigia.api(`/api/events/${event!.seq}`)).toMatchObject({
      event: { id: 'mine-1', data: { no: 'such data' } },
      deliveries: [
        {
          trigger: 'notification-fanout-series-changed',
          function: 'notification-fanout',
          state: 'dead',
          attempts: [{ status: 422, error: expect.any(String) }],
        },
      ],
    })
    expect(await vigia.publish({ id: 'mine-1', type: 'dev.vigia.series.changed', subject: 'show/1' }, {})).toBe(202)
    expect((await events('subject=show/1')).length).toBe(1)
  })

  test('a dead letter has the reason, and its replay delivers the event once more', async () => {
    const letters = async () =>
      ((await vigia.api('/api/dead-letters')) as Record<string, unknown>[]).filter(
        ({ trigger }) => trigger === 'notification-fanout-series-changed',
      )
    const [letter] = await until(async () => ((await letters()).length > 0 ? letters() : undefined))
    expect(letter).toMatchObject({ code: 422, replayedAt: null, event: { id: 'mine-1' } })
    expect(await vigia.api(`/api/dead-letters/${letter!.id}/replay`, { method: 'POST' })).toEqual({ id: letter!.id })
    const [event] = await events('subject=show/1')
    await until(async () => {
      const { deliveries } = (await vigia.api(`/api/events/${event!.seq}`)) as { deliveries: { attempts: unknown[] }[] }
      return deliveries[0]!.attempts.length === 2
    })
    expect((await letters()).length).toBe(1)
  })

  test('the broker accepts events under all of its host names, and only on its path', async () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-type': 'a.b',
      'ce-source': '/test',
      'content-type': 'application/json',
    }
    const post = (name: string, path: string, id: string) =>
      vigia.ask(name, path, { method: 'POST', headers: { ...headers, 'ce-id': id }, body: '{}' })
    expect((await post(host('broker-ingress'), '/vigia/default', 'n1')).status).toBe(202)
    expect((await post('127.0.0.1', '/vigia/default', 'n2')).status).toBe(202)
    expect((await post('localhost', '/vigia/default/', 'n3')).status).toBe(202)
    expect((await post(host('broker-ingress'), '/vigia/other', 'n4')).status).toBe(404)
    expect((await post('localhost', '/vigia/other', 'n5')).status).toBe(404)
  })

  test('an invalid query gets 400 with the reason', async () => {
    const answer = await vigia.call('/api/events?limit=many')
    expect(answer.status).toBe(400)
    expect(((await answer.json()) as { error: string }).error).toContain('limit=many')
  })
})

describe('sources', () => {
  test('have the name of the function that they wake, report the next tick, and fire on demand', async () => {
    const sources = (await vigia.api('/api/sources')) as { name: string; nextAt: string }[]
    expect(sources.find(({ name }) => name === 'probe-scheduler')).toMatchObject({
      schedule: '*/10 * * * * *',
      timeZone: 'UTC',
      nextAt: expect.stringMatching(/0\.000Z$/),
    })
    const fired = (await vigia.api('/api/sources/episode-checker/fire', { method: 'POST' })) as { id: string }
    const find = async () =>
      ((await vigia.api('/api/events?type=dev.knative.sources.ping')) as { id: string; state: string }[]).find(
        ({ id }) => id === fired.id,
      )
    await until(async () => (await find())?.state === 'done')
  })
})

describe('the local API', () => {
  test.each([
    ['POST', '/api/functions/error-notifier/stop'],
    ['POST', '/api/sources/episode-checker/fire'],
    ['POST', '/api/dead-letters/1/replay'],
  ])('%s %s without the header Vigia-Local gets 403', async (method, path) => {
    const answer = await vigia.call(path, { method, headers: { 'vigia-local': '' } })
    expect(answer.status).toBe(403)
    expect(((await answer.json()) as { error: string }).error).toContain('Vigia-Local: 1')
  })

  test.each([
    ['GET', '/api/nothing', 404],
    ['GET', '/api/events/999999999', 404],
    ['GET', '/api/events/one', 404],
    ['POST', '/api/functions/unknown/stop', 404],
    ['POST', '/api/sources/unknown/fire', 404],
    ['POST', '/api/dead-letters/999999999/replay', 404],
    ['GET', '/nothing', 404],
    ['DELETE', '/api/functions', 405],
    ['GET', '/api/functions/error-notifier/stop', 405],
    ['POST', '/readyz', 405],
    ['PUT', '/', 405],
  ])('%s %s gets %i', async (method, path, status) => {
    const answer = await vigia.call(path, { method })
    expect(answer.status).toBe(status)
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/GET|POST/)
    else expect(answer.headers.get('content-type')).toContain('application/json')
    await answer.body?.cancel()
  })

  test('metrics are in the format of Prometheus', async () => {
    const text = await (await vigia.call('/metrics')).text()
    expect(text).toMatch(/vigia_function_cold_starts_total\{function="telegram-webhook"\} \d+/)
    expect(text).toMatch(/vigia_broker_events_total\{outcome="accepted"\} \d+/)
    expect(text).toContain('process_resident_memory_bytes')
    const metrics = readExposition(text)
    expect(metrics.get('vigia_database_up')!.samples.get('')).toBe(1)
    expect(metrics.get('vigia_broker_unfinished_deliveries')!.samples.has('')).toBe(true)
    expect(metrics.get('vigia_monitors')!.samples.get('state="down"')).toBe(0)
  })

  test('the home page lists the functions in the language of the browser, and has no script', async () => {
    const page = async (language: string) => {
      const answer = await vigia.call('/', { headers: { 'accept-language': language } })
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
      return answer.text()
    }
    const portuguese = await page('pt-BR,pt;q=0.9')
    expect(portuguese).toContain('<html lang="pt-BR">')
    for (const { name } of services) expect(portuguese).toContain(`<th scope="row">${name}</th>`)
    expect(portuguese).not.toContain('<script')
    expect(await page('de,en;q=0.5')).toContain('<html lang="en">')
    expect((await vigia.call('/home.css')).headers.get('content-type')).toContain('text/css')
  })
})

describe('the public port', () => {
  const ask = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${vigia.publicPort}${path}`, { method: 'POST', headers, body: '{}' })

  test('accepts updates that have the secret, and answers 404 to everything internal', async () => {
    expect(vigia.output()).toContain(`http://localhost:${vigia.publicPort} (PUBLIC_PORT)`)
    const secret = readFileSync(join(vigia.dataDir, 'webhook-secret'), 'utf8').trim()
    // The body is not an update, so the function answers 400.
    expect((await ask('/telegram', { 'x-telegram-bot-api-secret-token': secret })).status).toBe(400)
    expect((await ask('/telegram', { 'x-telegram-bot-api-secret-token': 'forged' })).status).toBe(401)
    for (const path of [
      '/',
      '/api/functions',
      '/vigia/default',
      '/healthz',
      '/metrics',
      '/version',
      '/readyz',
      '/chat',
    ])
      expect((await ask(path, { 'vigia-local': '1' })).status).toBe(404)
  })

  test('forged updates start no process and reach no process, while valid updates are answered', async () => {
    await vigia.call('/api/functions/telegram-webhook/stop', { method: 'POST' })
    const secret = readFileSync(join(vigia.dataDir, 'webhook-secret'), 'utf8').trim()
    const { coldStarts } = await vigia.report('telegram-webhook')
    const forge = async () => {
      for (let n = 0; n < 20; n++)
        expect((await ask('/telegram', { 'x-telegram-bot-api-secret-token': `forged${n}` })).status).toBe(401)
    }
    await Promise.all(Array.from({ length: 64 }, forge))
    expect(await vigia.report('telegram-webhook')).toMatchObject({ state: 'zero', replicas: [], coldStarts })

    const flood = Promise.all(Array.from({ length: 64 }, forge))
    for (let id = 1; id <= 20; id++) {
      const answer = await fetch(`http://127.0.0.1:${vigia.publicPort}/telegram`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret },
        body: JSON.stringify({ update_id: 900_000_000 + id }),
      })
      expect(answer.status).toBe(200)
      const { replicas } = await vigia.report('telegram-webhook')
      expect(replicas.map(({ inFlight }) => inFlight)).toEqual([0])
    }
    await flood
    expect((await vigia.report('telegram-webhook')).coldStarts).toBe(coldStarts + 1)
  })
})

describe('foreign requests', () => {
  test.each([
    ['another host', 'evil.example.org', {}],
    ['a host name that contains localhost', 'evil-localhost.example', {}],
    ['an address of the local network', '192.168.1.5:8080', {}],
    ['a page of another origin', 'localhost', { origin: 'https://evil.example.org' }],
    ['a page with the origin null', 'localhost', { origin: 'null' }],
    ['a request through a proxy', 'localhost', { 'x-forwarded-for': '203.0.113.7' }],
  ])('%s is refused on every path', async (_, name, headers) => {
    for (const path of ['/', '/api/functions', '/vigia/default', '/chat'])
      expect((await vigia.ask(name, path, { headers })).status).toBe(403)
  })
})
