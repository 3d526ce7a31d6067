import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { webhookDeliveriesIn } from '#database/webhooks/deliveries.ts'
import { webhooksIn } from '#database/webhooks/webhooks.ts'
import { rootCause, type VigiaEvent } from '#events/event.ts'
import { WebhookRequested } from '#events/webhook-requested.ts'
import { WebhooksDue } from '#events/webhooks-due.ts'
import { addressGuard, safeDialler } from '#functions/dial/dial.ts'
import { dueEvents } from '#functions/probe-scheduler/due-events.ts'
import { waitingWorkAt } from '#functions/probe-scheduler/tell-everything.ts'
import { secondsBeforeRetry } from '#functions/webhook-notifier/retry-delays.ts'
import { signedHeaders } from '#functions/webhook-notifier/signature.ts'
import { retryWebhooks, webhookNotifier } from '#functions/webhook-notifier/webhook-notifier.ts'
import { accepts, startReceiver } from '#test/functions/webhook-notifier/receiver.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { sampleEvent } from '#test/support/sample-events.ts'

const noon = new Date('2026-11-21T12:00:00Z')
const dayMs = 86_400_000

let database: TestDatabase
let receiver: Awaited<ReturnType<typeof startReceiver>>
let now = noon
/** The messages that webhook-notifier has published, each once, as the outbox keeps them. */
let told: Map<string, VigiaEvent>
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query(`insert into chat (id, language) values (7, 'pt-BR')`)
})
afterAll(() => database.end())
beforeEach(async () => {
  now = noon
  told = new Map()
  receiver = await startReceiver()
  await database.db.query('truncate webhook restart identity cascade')
})
afterEach(() => receiver.stop())

const dependencies = (allow = '127.0.0.0/8') => ({
  deliveries: webhookDeliveriesIn(database.db),
  dialler: safeDialler({ guard: addressGuard(allow) }),
  publish: async (events: readonly VigiaEvent[]) => {
    for (const event of events) told.set(event.id, event)
  },
  clock: () => now,
})
const create = async (url = receiver.url, cause = 'update/1') =>
  (await webhooksIn(database.db).create({ chatId: 7, pageId: null, url, cause }, noon))!
const request = (webhookId: number, id = 'incident/7/monitor.down/webhook.requested') => ({
  ...sampleEvent(WebhookRequested, { webhookId, payload: { monitor: { id: 42, name: 'Ação' } } }),
  id,
})
const scheduled = async () => dueEvents(rootCause('tick'), await waitingWorkAt(now, database.db), now)
const due = () => retryWebhooks(sampleEvent(WebhooksDue, {}), dependencies())
const stored = async () =>
  (
    await database.db.query<{ state: string; attempts: number; dueAt: Date }>(
      'select state, attempts, due_at as "dueAt" from webhook_delivery order by requested_at, id',
    )
  ).rows

test('the signature is that of the example of Standard Webhooks', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}', secrets: [secret] }
  expect(signedHeaders(message, new Date(1_614_265_330_000))).toEqual({
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

describe('a webhook', () => {
  test('gets a signed request, and the same event twice makes one', async () => {
    const { id, secret } = await create()
    for (let time = 0; time < 2; time++) await webhookNotifier(request(id), dependencies())
    expect(told).toEqual(new Map())
    expect(receiver.received).toHaveLength(1)
    const [got] = receiver.received
    expect(JSON.parse(got!.body)).toEqual({
      type: 'incident.opened',
      timestamp: '2026-11-21T12:00:00Z',
      data: { monitor: { id: 42, name: 'Ação' } },
    })
    expect(got!.headers['content-type']).toBe('application/json')
    expect(got!.headers['webhook-id']).toMatch(/^msg_[\w-]{27}$/)
    expect(accepts(secret, got!, now)).toBe(true)
    expect(accepts(secret, { ...got!, body: got!.body.replace('42', '43') }, now)).toBe(false)
    expect(accepts(`whsec_${Buffer.alloc(32).toString('base64')}`, got!, now)).toBe(false)
  })

  test('has two signatures for a day after its secret has changed', async () => {
    const { id, secret } = await create()
    const next = (await webhooksIn(database.db).rotate(7, id, now))!
    await webhookNotifier(request(id, 'a'), dependencies())
    now = new Date(+noon + dayMs)
    await webhookNotifier(request(id, 'b'), dependencies())
    const [during, after] = receiver.received
    expect([accepts(secret, during!, noon), accepts(next, during!, noon)]).toEqual([true, true])
    expect([accepts(secret, after!, now), accepts(next, after!, now)]).toEqual([false, true])
  })

  test('that fails gets the request again, with the same id, when it is due', async () => {
    const { id } = await create()
    receiver.state.answer = 500
    await webhookNotifier(request(id), dependencies())
    expect(await stored()).toMatchObject([{ state: 'waiting', attempts: 1, dueAt: new Date(+noon + 10_000) }])
    expect(await scheduled()).toEqual([])
    await due()
    expect(receiver.received).toHaveLength(1)
    now = new Date(+noon + 10_000)
    const [event] = await scheduled()
    expect(event).toMatchObject({ id: 'webhooks@2026-11-21T12:00:10.000Z', type: 'dev.vigia.webhooks.due' })
    receiver.state.answer = 200
    await due()
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    expect([ids.length, new Set(ids).size]).toEqual([2, 1])
    expect(await stored()).toMatchObject([{ state: 'sent', attempts: 2 }])
    expect(await webhooksIn(database.db).of(7)).toMatchObject([{ failingSince: null, lastFailure: null }])
  })

  test('gets the end of an incident after its beginning, also if the beginning has to be repeated or comes later', async () => {
    const { id } = await create()
    const tell = (type: string, incident: number, at: Date) =>
      webhookNotifier(
        {
          ...request(id, `${incident}/${type}`),
          data: { webhookId: id, type, timestamp: at.toISOString(), payload: { incident: { id: incident } } },
        },
        dependencies(),
      )
    const told = () =>
      receiver.received.map(({ body }) => JSON.parse(body)).map(({ type, data }) => `${type} ${data.incident.id}`)
    receiver.state.answer = 500
    await tell('incident.opened', 1, noon)
    receiver.state.answer = 200
    now = new Date(+noon + 5_000)
    await tell('incident.closed', 1, now)
    await tell('incident.closed', 2, now)
    expect(told()).toEqual(['incident.opened 1', 'incident.closed 2'])
    await tell('incident.opened', 2, noon)
    now = new Date(+noon + 10_000)
    await due()
    expect(told().slice(2)).toEqual(['incident.opened 1', 'incident.closed 1'])
  })

  test('that refuses a request for an hour gets the later ones about the same matter', async () => {
    const { id } = await create()
    const maintenance = { webhookId: id, payload: { maintenance: { id: 3 } } }
    receiver.state.answer = 400
    await webhookNotifier({ ...sampleEvent(WebhookRequested, maintenance), id: 'a' }, dependencies())
    receiver.state.answer = 200
    const later = { ...maintenance, type: 'maintenance.ended', timestamp: '2026-11-21T12:30:00Z' }
    now = new Date(+noon + 3_600_000)
    await webhookNotifier({ ...sampleEvent(WebhookRequested, later), id: 'b' }, dependencies())
    expect((await stored()).map(({ state }) => state)).toEqual(['sent', 'sent'])
  })

  test('that redirects has failed, and the request does not follow', async () => {
    const other = await startReceiver()
    const { id } = await create()
    Object.assign(receiver.state, { answer: 307, location: other.url })
    await webhookNotifier(request(id), dependencies())
    expect(other.received).toEqual([])
    expect(await webhooksIn(database.db).of(7)).toMatchObject([{ lastFailure: 'status 307' }])
    await other.stop()
  })

  test.each([
    'http://127.0.0.1:8080/',
    'http://localhost:8080/',
    'http://[::1]:8080/',
    'http://169.254.169.254/',
    'http://10.0.0.1/',
  ])('at the private address %s is never reached', async url => {
    const { id } = await create(url)
    await webhookNotifier(request(id), dependencies(''))
    expect(await webhooksIn(database.db).of(7)).toMatchObject([{ lastFailure: 'private-address' }])
  })

  test('that is slow holds up no other one, and gets one request at a time', async () => {
    const slow = await startReceiver()
    slow.state.answer = 'never'
    const [slowHook, fastHook] = [await create(slow.url, 'update/1'), await create(receiver.url, 'update/2')]
    const waiting = webhookNotifier(request(slowHook.id, 'a'), dependencies())
    await expect.poll(() => slow.received.length).toBe(1)
    // Further events for the slow one end at once, and the fast one gets its own meanwhile.
    await webhookNotifier(request(slowHook.id, 'b'), dependencies())
    await webhookNotifier(request(fastHook.id, 'c'), dependencies())
    await due()
    expect([slow.received.length, receiver.received.length]).toEqual([1, 1])
    await slow.stop()
    await waiting
    expect((await stored()).filter(({ state }) => state === 'waiting')).toHaveLength(2)
  })

  test('is disabled after three days without a success, and its chat is told once', async () => {
    const { id } = await create(`${receiver.url}?token=hidden`)
    receiver.state.answer = 503
    await webhookNotifier(request(id), dependencies())
    now = new Date(+noon + 3 * dayMs - 1_000)
    await due()
    expect(told).toEqual(new Map())
    await webhookNotifier(request(id, 'later'), dependencies())
    now = new Date(+noon + 6 * dayMs)
    await Promise.all([due(), due()])
    const [message, ...others] = [...told.values()]
    expect(others).toEqual([])
    expect(message).toMatchObject({ type: 'dev.vigia.message.requested', subject: 'chat/7' })
    expect((message!.data as { html: string }).html).toMatch(
      /^🔌 Desliguei o webhook de <b>127\.0\.0\.1:\d+<\/b>, porque ele não aceita mais nada \(status 503\)/,
    )
    expect(JSON.stringify(message)).not.toMatch(/hidden|whsec/)
    expect((await stored()).map(({ state }) => state)).toEqual(['failed', 'failed'])
    const before = receiver.received.length
    await webhookNotifier(request(id, 'much later'), dependencies())
    expect([receiver.received.length, (await stored()).length]).toEqual([before, 2])
    await webhooksIn(database.db).enable(7, id)
    receiver.state.answer = 204
    await webhookNotifier(request(id, 'enabled'), dependencies())
    expect(receiver.received).toHaveLength(before + 1)
  })

  test('that answers 410 is disabled at once', async () => {
    const { id } = await create()
    receiver.state.answer = 410
    await webhookNotifier(request(id), dependencies())
    expect(told.size).toBe(1)
    expect(await webhooksIn(database.db).of(7)).toMatchObject([{ disabledAt: noon }])
  })

  test('that is disabled at a tick is told, although the tick fails at another webhook', async () => {
    const [gone, other] = [await create(`${receiver.url}?1`, 'update/1'), await create(`${receiver.url}?2`, 'update/2')]
    receiver.state.answer = 500
    await webhookNotifier(request(gone.id, 'a'), dependencies())
    await webhookNotifier(request(other.id, 'b'), dependencies())
    now = new Date(+noon + 60_000)
    receiver.state.answer = 410
    const { deliveries, ...rest } = dependencies()
    const next: typeof deliveries.next = (id, at) =>
      id === other.id ? Promise.reject(new Error('the database is gone')) : deliveries.next(id, at)
    const tick = () => retryWebhooks(sampleEvent(WebhooksDue, {}), { ...rest, deliveries: { ...deliveries, next } })
    await expect(tick()).rejects.toThrow('the database is gone')
    expect([...told.values()].map(({ subject }) => subject)).toEqual(['chat/7'])
    await expect(tick()).rejects.toThrow('the database is gone')
    expect(told.size).toBe(1)
  })

  test('that is disabled by a process which ends before it can say so is told at the next tick', async () => {
    const { id } = await create()
    receiver.state.answer = 410
    const ends = async () => {
      throw new Error('the process ends')
    }
    await expect(webhookNotifier(request(id), { ...dependencies(), publish: ends })).rejects.toThrow('ends')
    const again = await scheduled()
    expect(again).toHaveLength(1)
    await due()
    expect(told.size).toBe(1)
    expect(await scheduled()).toEqual([])
  })

  test('that was deleted gets nothing', async () => {
    const { id } = await create()
    await webhooksIn(database.db).remove(7, id)
    await webhookNotifier(request(id), dependencies())
    expect(receiver.received).toEqual([])
  })
})

test('ten repeats reach over three days', () => {
  const delays = Array.from({ length: 11 }, (_, at) => secondsBeforeRetry(at + 1))
  expect(delays.at(-1)).toBeNull()
  expect(delays.reduce<number>((sum, delay) => sum + (delay ?? 0), 0)).toBeGreaterThan(3 * 86_400)
})
