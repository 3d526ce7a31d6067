import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { commandOf } from '#local/databases/processes.ts'
import { emptyDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'
import {
  eventDetail,
  events,
  type Journey,
  repliesMatching,
  startJourney,
  waitForButton,
  waitForReply,
} from '#test/support/journey.ts'
import { functionLogs } from '#test/support/log-lines.ts'
import { until } from '#test/support/until.ts'

/** Texts that must not appear in any log, response or chat, except the typed password in its own chat. */
const webhookSecret = 'canary-of-the-webhook-secret'
const password = 'canary-of-the-database-password'
const typedPassword = 'canary-of-the-typed-password'
const unrelatedSecret = 'canary-of-another-program'

let database: TestDatabase
let mongo: Awaited<ReturnType<typeof freshMongo>>
let journey: Journey
let ana: ReturnType<Journey['telegram']['user']>

beforeAll(async () => {
  database = await emptyDatabase()
  mongo = await freshMongo()
  const url = new URL(database.url)
  url.password = password
  journey = await startJourney({
    env: {
      DATABASE_URL: url.href,
      MONGODB_URI: mongo.uri,
      TELEGRAM_WEBHOOK_SECRET: webhookSecret,
      LOG_LEVEL: 'trace',
      PROBE_ALLOW: '',
      AWS_SECRET_ACCESS_KEY: unrelatedSecret,
    },
    // Only times change: a source ticks only when the test fires it, the idle time is Knative's shortest, and the
    // pauses between retries are short.
    manifests: (text, file) =>
      text
        .replace(/schedule: .*/, 'schedule: "0 0 1 1 *"')
        .replace(/(autoscaling\.knative\.dev\/window): \w+/, '$1: 6s')
        .replaceAll(/backoffDelay: \w+/g, file.startsWith('triggers/') ? 'backoffDelay: PT0.02S' : '$&'),
  })
  ana = journey.telegram.user('Ana', { language: 'pt-br' })
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
})
afterAll(async () => {
  await journey?.stop()
  await Promise.all([database?.end(), mongo?.end()])
})

const secrets = () => {
  const { token, operators } = journey.telegram
  return [token, operators.token, webhookSecret, password]
}

interface DeadLetter {
  id: number
  trigger: string
  code: number | null
  reason: string
  event: { id: string; source: string }
  at: string
  replayedAt: string | null
}
const deadLetters = () => journey.vigia.api('/api/dead-letters') as Promise<DeadLetter[]>
const replay = (id: number) => journey.vigia.api(`/api/dead-letters/${id}/replay`, { method: 'POST' })
const operatorNotices = () => journey.operator.answers().map(({ text }) => text)

/** Makes every change of a zone to Lisbon fail with an error that contains secrets, until `repairLisbon` is called. */
const breakLisbon = () =>
  database.db.query(`
    create function refuse_lisbon() returns trigger language plpgsql as $$
      begin raise exception 'a fault of ours, in /srv/vigia/chats.ts:7, with ${secrets().join(' and ')}'; end $$;
    create trigger refuse_lisbon before update on chat for each row
      when (new.zone = 'Europe/Lisbon') execute function refuse_lisbon()`)
const repairLisbon = () => database.db.query('drop trigger refuse_lisbon on chat')

test('an update that always fails is answered with an apology and becomes a dead letter; the next message of the chat is answered, and the operators get a notice', async () => {
  await breakLisbon()
  ana.send('/fuso Lisboa')
  await waitForReply(ana, /Algo deu errado do meu lado/)
  ana.send('/series')
  await waitForReply(ana, /ainda não segue/)

  const letter = await until(async () => (await deadLetters())[0], { what: 'the dead letter' })
  expect(letter).toEqual({
    id: expect.any(Number),
    fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/),
    trigger: 'telegram-webhook-update-deferred',
    code: 500,
    reason: expect.stringContaining('chats.ts:7, with [redacted] and [redacted] and [redacted] and [redacted]'),
    event: expect.objectContaining({
      specversion: '1.0',
      type: 'dev.vigia.update.deferred',
      source: '/functions/telegram-webhook',
      data: expect.objectContaining({ update: expect.anything() }),
    }),
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    replayedAt: null,
  })
  await until(() => operatorNotices().length > 0, { what: 'the notice to the operators' })
  expect(operatorNotices()).toEqual([
    expect.stringMatching(/telegram-webhook-update-deferred.*update\.deferred.*a fault of ours/s),
  ])
  expect(
    ana
      .answers()
      .map(({ text }) => text)
      .join(),
  ).not.toMatch(/chats\.ts|fault of ours|Error|exception/)
})

test('the API shows what happened to an event, in the documented JSON', async () => {
  const { vigia } = journey
  const row = await until(
    async () => (await events(vigia, '&type=dev.vigia.update.deferred')).find(({ state }) => state !== 'pending'),
    { what: 'the broker to give up on the event' },
  )
  const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(row).toEqual({
    seq: expect.any(Number),
    id: expect.stringMatching(/^update\/700000001\/\d+\/update\.deferred\//),
    type: 'dev.vigia.update.deferred',
    source: '/functions/telegram-webhook',
    subject: expect.stringMatching(/^update\/\d+$/),
    time: instant,
    acceptedAt: instant,
    causationid: expect.stringMatching(/^update\/700000001\/\d+$/),
    state: 'dead',
  })
  const detail = await eventDetail(vigia, row!.seq as number)
  expect(detail).toEqual({
    seq: row!.seq,
    state: 'dead',
    event: expect.objectContaining({
      specversion: '1.0',
      id: row!.id,
      datacontenttype: 'application/json',
      data: { update: expect.objectContaining({ update_id: expect.any(Number) }), signature: expect.any(String) },
    }),
    deliveries: [
      {
        trigger: 'telegram-webhook-update-deferred',
        function: 'telegram-webhook',
        state: 'dead',
        // The first attempt and six retries.
        attempts: Array(7).fill({
          at: instant,
          ms: expect.any(Number),
          status: 500,
          error: expect.stringContaining('a fault of ours'),
        }),
      },
    ],
  })

  const bytes = { 'ce-specversion': '1.0', 'ce-id': 'bytes', 'ce-type': 'a.b', 'ce-source': '/test' }
  await vigia.call('/vigia/default', {
    method: 'POST',
    headers: { ...bytes, 'content-type': 'application/octet-stream' },
    body: new Uint8Array([0, 255]),
  })
  const since = new Date(Date.now() - 60_000).toISOString()
  const [unmatched, ...others] = await events(vigia, `&source=/test&since=${since}`)
  expect(others).toEqual([])
  expect(unmatched).toMatchObject({ id: 'bytes', subject: null, time: null, causationid: null, state: 'done' })
  expect(await eventDetail(vigia, unmatched!.seq)).toEqual({
    seq: unmatched!.seq,
    state: 'done',
    event: expect.objectContaining({ datacontenttype: 'application/octet-stream', data_base64: 'AP8=' }),
    deliveries: [],
  })
  expect(await events(vigia, '&since=2100-01-01T00:00:00Z')).toEqual([])
  expect(await vigia.api('/api/events?limit=1')).toHaveLength(1)

  const functions = (await vigia.api('/api/functions')) as Record<string, unknown>[]
  for (const one of functions)
    expect(one).toEqual({
      name: expect.any(String),
      state: expect.stringMatching(/^(zero|starting|ready|draining|crashed)$/),
      replicas: expect.any(Array),
      coldStarts: expect.any(Number),
    })
  expect(functions.flatMap(({ replicas }) => replicas)).toContainEqual({
    pid: expect.any(Number),
    inFlight: 0,
    startedAt: instant,
  })
  for (const source of (await vigia.api('/api/sources')) as unknown[])
    expect(source).toEqual({
      name: expect.any(String),
      schedule: '0 0 1 1 *',
      timeZone: 'UTC',
      nextAt: instant,
      lastAt: null,
    })
})

test('a replay succeeds after the cause is fixed: the person gets one answer, and the dead letter stays, with replayedAt', async () => {
  const [letter] = await deadLetters()
  await replay(letter!.id)
  // The replayed event fails again, and its dead letter is the same row.
  const again = await until(
    async () => {
      const [one] = await deadLetters()
      return one!.at > letter!.at ? one : undefined
    },
    { what: 'the dead letter of the replayed event' },
  )
  expect(again.id).toBe(letter!.id)
  expect(repliesMatching(ana, /Lisboa/)).toEqual([])

  await repairLisbon()
  expect((await journey.vigia.call(`/api/dead-letters/${letter!.id}/replay`, { method: 'POST' })).status).toBe(202)
  await waitForReply(ana, /Lisboa/)
  await journey.settled()
  const [event] = await events(journey.vigia, '&type=dev.vigia.update.deferred')
  expect(event!.state).toBe('done')
  const kept = await deadLetters()
  expect(kept).toEqual([{ ...again, replayedAt: expect.any(String) }])
  expect(kept[0]!.replayedAt! > again.at).toBe(true)

  // A second replay of a handled event has no effect.
  const answers = ana.answers().length
  await replay(letter!.id)
  await journey.settled()
  expect(ana.answers()).toHaveLength(answers)
})

test('a private address that PROBE_ALLOW does not allow is never contacted, whether a person typed it or the database holds it', async () => {
  const { sites, vigia } = journey
  sites.set('/inside', { kind: 'switch', on: true })
  ana.send(`/monitorar ${sites.url}/inside`)
  await waitForReply(ana, /fica numa rede privada/)
  ana.send(`/monitorar https://me:${typedPassword}@example.org`)
  await waitForReply(ana, /contém usuário ou senha/)
  await monitorsIn(database.db).add({
    chatId: ana.chatId,
    name: 'inside',
    kind: 'http',
    url: `${sites.url}/inside`,
    intervalS: 60,
    timeoutMs: 5_000,
  })
  ana.send('/monitores')
  await waitForReply(ana, /Seus monitores/)
  ana.press(/inside/)
  await waitForButton(ana, 'verificar agora')
  ana.press('verificar agora')
  await until(() => repliesMatching(ana, /inside.*rede privada|rede privada.*inside/s).length > 0, {
    what: 'the answer',
    timeoutMs: 45_000,
  })
  await until(async () => (await events(vigia)).every(({ state }) => state !== 'pending'), {
    what: 'every event to be done',
  })
  expect(sites.hits('/inside')).toEqual([])
})

test('no error puts a secret into a log, the terminal, a response of the control API or a chat', async () => {
  const { vigia, telegram, tvmaze, operator } = journey
  // The next lines cause errors in the code that handles secrets: of Telegram, of TVmaze, of data and of PostgreSQL.
  telegram.failNext('*', { dropConnection: true, times: 3 })
  telegram.operators.failNext('*', { body: '<html>no</html>', status: 200, times: 2 })
  tvmaze.fail('html200')
  ana.send('Qualquer coisa')
  await waitForReply(ana, /TVmaze/)
  tvmaze.fail(null)
  await journey.fire('series-refresher')
  await journey.fire('telegram-notifier')
  await vigia.publish({ id: 'invalid-data', type: 'dev.vigia.message.requested', subject: 'chat/1' }, { chatId: 'no' })
  await database.db.query('alter table message rename to message_renamed')
  await vigia.publish(
    { id: 'without-table', type: 'dev.vigia.message.requested', subject: `chat/${ana.chatId}` },
    { chatId: ana.chatId, html: 'Oi' },
  )
  await until(async () => (await deadLetters()).length >= 3, { what: 'three dead letters', timeoutMs: 60_000 })
  await database.db.query('alter table message_renamed rename to message')

  const all = await events(vigia)
  const details = await Promise.all(all.map(({ seq }) => eventDetail(vigia, seq)))
  const paths = ['/', '/readyz', '/metrics', '/api/functions', '/api/events', '/api/dead-letters', '/api/sources']
  const responses = await Promise.all(paths.map(async path => (await vigia.call(path)).text()))
  const logs = join(vigia.dataDir, 'logs')
  const texts: Record<string, string> = {
    'the terminal': vigia.output(),
    'the control API': responses.join('\n'),
    'the events': JSON.stringify(details),
    "the operators' chat": telegram.operators.transcript(operator.chatId),
    'the chats': JSON.stringify(ana.answers()),
    ...Object.fromEntries(readdirSync(logs).map(name => [name, readFileSync(join(logs, name), 'utf8')])),
  }
  expect(Object.keys(texts)).toEqual(expect.arrayContaining(['telegram-webhook.log', 'telegram-notifier.log']))
  for (const text of Object.values(texts)) expect(text.length).toBeGreaterThan(0)

  // The number before the colon of a token is the bot's id, which is not a secret.
  const canaries = [...secrets(), unrelatedSecret].map(secret => secret.split(':').at(-1)!)
  const leaks = Object.entries(texts).flatMap(([where, text]) =>
    canaries.filter(canary => text.includes(canary)).map(canary => `${canary} in ${where}`),
  )
  expect(leaks).toEqual([])
  // What the person typed may be in their chat, but nowhere else.
  const { 'the chats': _, ...elsewhere } = texts
  expect(Object.keys(elsewhere).filter(where => elsewhere[where]!.includes(typedPassword))).toEqual([])
})

test('every line that a function wrote matches the schema of log lines, and a failure is one of them', async () => {
  const lines = functionLogs(journey.vigia.dataDir)
  expect(lines.length).toBeGreaterThan(10)
  expect(lines).toContainEqual(
    expect.objectContaining({
      ...{ 'log.level': 'error', 'service.name': 'telegram-notifier', 'event.id': 'without-table' },
      ...{ 'event.outcome': 'failure', 'http.response.status_code': 500 },
      'error.stack_trace': expect.stringContaining('relation "message" does not exist'),
    }),
  )
})

test('when there is no work, no process of a function is left', async () => {
  const { vigia } = journey
  const functions = async () =>
    (await vigia.api('/api/functions')) as { name: string; state: string; replicas: { pid: number }[] }[]
  for (const { name } of await functions()) await vigia.ask(`${name}.localhost`, '/healthz')
  const up = (await functions()).flatMap(({ replicas }) => replicas.map(({ pid }) => pid))
  expect(up.length).toBeGreaterThanOrEqual((await functions()).length)
  await until(async () => (await functions()).every(({ state }) => state === 'zero'), {
    what: 'every function to scale to zero',
  })
  expect((await functions()).filter(({ replicas }) => replicas.length > 0)).toEqual([])
  for (const pid of up) expect(await commandOf(pid)).toBeNull()
})
