import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { flakyProxy } from '#test/support/flaky-proxy.ts'
import { sendRequest } from '#test/support/http.ts'
import { type Journey, repliesMatching, startJourney, waitForReply } from '#test/support/journey.ts'
import { reportAMissedPingOnce } from '#test/support/journey-steps.ts'
import { until } from '#test/support/until.ts'

const run = promisify(execFile)
const curl = (...args: string[]) => run('curl', ['-fsS', '-m', '10', '--retry', '5', ...args])
const outageMs = 30_000

let database: TestDatabase
let proxy: Awaited<ReturnType<typeof flakyProxy>>
let journey: Journey
let ana: ReturnType<Journey['telegram']['user']>

beforeAll(async () => {
  database = await emptyDatabase()
  proxy = await flakyProxy(database.url)
  journey = await startJourney({ env: { DATABASE_URL: proxy.url } })
  ana = journey.telegram.user('Ana', { language: 'pt-br' })
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
})
afterAll(async () => {
  await journey?.stop()
  await proxy?.stop()
  await database?.end()
})

/** Creates a heartbeat in the chat and returns the URL that the bot shows. */
const createHeartbeat = async (command: string, name: string): Promise<string> => {
  ana.send(command)
  await waitForReply(ana, new RegExp(`Espero um sinal de ${name}`))
  const button = ana
    .answers()
    .findLast(({ text }) => text.includes(`sinal de ${name}`))!
    .buttons.flat()
    .find(({ text }) => text === 'copiar endereço')
  return button!.copy!
}

const pingsOf = async (slug: string): Promise<number> =>
  (await database.db.query<{ pings: number }>('select pings from heartbeat where slug = $1', [slug])).rows[0]!.pings

test('a job that pings with curl is watched: its failure is one message, and its next success another', {
  timeout: 240_000,
}, async () => {
  const url = await createHeartbeat('/batimento Cópia de segurança 24h', 'Cópia de segurança')
  expect(url).toMatch(new RegExp(`^http://localhost:${journey.vigia.publicPort}/ping/[0-9a-f-]{36}$`))
  expect((await curl(`${url}/start`)).stdout).toBe('OK')
  expect((await curl('--data-binary', 'copied <3> files', url)).stdout).toBe('OK')

  await curl(`${url}/3`)
  await until(() => repliesMatching(ana, /🔴 Cópia de segurança falhou com o código 3/).length > 0, {
    what: 'the message about the failed job, with the cold starts of four functions',
    timeoutMs: 120_000,
  })
  await curl(url)
  await waitForReply(ana, /🟢 Cópia de segurança deu sinal de novo/)

  ana.send('/monitores')
  await waitForReply(ana, /Cópia de segurança: em dia\n(.* · )?último sinal há/)
  ana.press(/Cópia de segurança/)
  await waitForReply(ana, /copied <3> files/)
  await journey.settled()
  expect(repliesMatching(ana, /🔴/)).toHaveLength(1)
})

test('a job whose ping does not come is reported with its schedule, once, and once when it pings again', {
  timeout: 300_000,
}, async () => {
  await reportAMissedPingOnce(
    {
      ...journey,
      ping: async path => (await sendRequest(journey.vigia.publicPort, { method: 'GET', path })).status,
      sql: statement => database.db.query(statement),
    },
    'Lia',
  )
})

test('npm run vigia -- run pings the start, the exit code and the output of a command', {
  timeout: 240_000,
}, async () => {
  const url = await createHeartbeat('/batimento tarefa 1h', 'tarefa')
  const ended = run(
    process.execPath,
    ['infra/cli/main.ts', 'run', '--ping', url, '--', 'sh', '-c', 'echo bye; exit 4'],
    {
      cwd: root,
    },
  )
  await expect(ended).rejects.toMatchObject({ code: 4, stdout: 'bye\n' })
  await waitForReply(ana, /🔴 tarefa falhou com o código 4/)
})

test('while PostgreSQL is unavailable for half a minute, no ping that was accepted is lost, and nothing is reported', {
  timeout: 240_000,
}, async () => {
  const url = await createHeartbeat('/batimento contínuo 1h', 'contínuo')
  const statuses: number[] = []
  let isOver = false
  const pings = (async () => {
    const inFlight: Promise<unknown>[] = []
    while (!isOver) {
      inFlight.push(
        fetch(url, { method: 'POST', body: 'x' }).then(async response => {
          await response.text()
          statuses.push(response.status)
        }),
      )
      await setTimeout(100)
    }
    await Promise.all(inFlight)
  })()
  await setTimeout(2_000)
  proxy.goDown()
  // The outage must last exactly this long, so this is a pause and not a wait for a condition.
  await setTimeout(outageMs)
  proxy.comeBack()
  await setTimeout(3_000)
  isOver = true
  await pings

  const accepted = statuses.filter(status => status === 200).length
  expect(accepted).toBeGreaterThan(10)
  expect(new Set(statuses)).toEqual(new Set([200, 503]))
  // A ping whose connection to PostgreSQL broke after the commit was answered 503 and is stored.
  expect(await pingsOf('continuo')).toBeGreaterThanOrEqual(accepted)
  await curl(url)
  await journey.settled()
  expect(repliesMatching(ana, /🔴 contínuo/)).toEqual([])
})
