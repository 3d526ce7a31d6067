import { createConnection } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { VigiaEvent } from '#events/event.ts'
import { UpdateDeferred } from '#events/update-deferred.ts'
import { inBinaryMode } from '#functions/host/publish.ts'
import { deferredUpdates } from '#functions/telegram-webhook/deferred-update.ts'
import { directUpdates } from '#test/functions/telegram-webhook/direct-updates.ts'
import { secret, startWebhook, type Webhook } from '#test/functions/telegram-webhook/support.ts'

let world: Webhook
beforeAll(async () => {
  world = await startWebhook()
})
afterAll(() => world?.stop())

const { botId, nextUpdateId, poison, repair, stateOf, textUpdate, unpoison } = directUpdates(() => world)
afterEach(repair)

describe('an update with invalid or extreme content', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  const withText = (text: string, more = '') => {
    const update = textUpdate('TEXT')
    return { id: update.update_id, body: JSON.stringify(update).replace('"TEXT"', text).replace(/\}$/, `${more}}`) }
  }

  test.each([
    ['200,000 levels of arrays', `,"x":${deep(200_000)}`],
    ['100 levels of arrays', `,"x":${deep(100)}`],
    ['100,000 levels of objects', `,"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])('is accepted, and becomes a dead letter that names the reason, if its JSON has %s', async (_, more) => {
    const { id, body } = withText('"oi"', more)
    world.telegram.forgetCalls()
    expect((await world.post(body)).status).toBe(200)
    expect((await world.post(body)).status).toBe(200)
    expect(world.telegram.calls(), 'no message promises another attempt').toEqual([])
    const deferred = world.broker.events('update.deferred').at(-1)!
    expect(deferred.subject).toBe(`update/${id}`)
    const redelivered = await world.deliver(deferred)
    expect(redelivered.status).toBe(422)
    expect(await redelivered.text()).toMatch(/^update \d+ cannot be handled: its JSON is [\d]+ levels deep$/)
  })

  test('is accepted and becomes a dead letter if the broker refuses it as too large', async () => {
    const { id, body } = withText(`"${'x'.repeat(900_000)}"`)
    poison(7_000_001)
    for (const status of [503, 503]) expect((await world.post(body)).status).toBe(status)
    world.broker.refuse(1, 413)
    expect((await world.post(body)).status).toBe(200)
    expect(await stateOf(id)).toMatchObject({ state: 'deferred' })
    expect((await world.deliver(world.broker.events('update.deferred').at(-1)!)).status).toBe(422)
  })

  test.each([
    ['invalid JSON', '{"update_id":'],
    ['an empty body', ''],
    ['null', 'null'],
    ['a list', '[1]'],
    ['a list 200,000 levels deep', deep(200_000)],
    ['no update_id', '{"message":{}}'],
    ['an update_id in text', '{"update_id":"7"}'],
    ['a negative update_id', '{"update_id":-1}'],
    ['a fractional update_id', '{"update_id":1.5}'],
    ['an update_id of more than 64 bits', '{"update_id":99999999999999999999}'],
    ['an update_id beyond the range of numbers', '{"update_id":1e400}'],
    ['text that is cut in the middle of a character', Buffer.from([0x7b, 0x22, 0xe2])],
  ])('is answered with 400 if the body is not an update: %s', async (_, body) => {
    expect((await world.post(body)).status).toBe(400)
  })

  test.each([
    ['NUL', '"a\\u0000b \\ud83d \\udc00"'],
    ['only NUL', '"\\u0000"'],
    ['a command and half a character', '"/buscar \\ud83d\\u0000"'],
  ])('is handled if only characters of its text are invalid: %s', async (_, text) => {
    const { id, body } = withText(text)
    expect((await world.post(body)).status).toBe(200)
    expect(await stateOf(id)).toMatchObject({ state: 'done', attempts: 1 })
  })

  test('is handled if its bytes are not UTF-8 and a key occurs twice', async () => {
    const id = nextUpdateId()
    const [head, tail] = withText('"CUT"', `,"update_id":${id}`).body.split('CUT')
    const body = Buffer.concat([Buffer.from(head!), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(tail!)])
    expect((await world.post(body)).status).toBe(200)
    expect(await stateOf(id)).toMatchObject({ state: 'done' })
  })

  test('is handled with the largest safe integer as its id, also when the broker delivers it', async () => {
    const update = { ...textUpdate('/ajuda'), update_id: Number.MAX_SAFE_INTEGER }
    poison(7_000_001)
    for (const status of [503, 503, 200]) expect((await world.post(update)).status).toBe(status)
    unpoison()
    expect((await world.deliver(world.broker.events('update.deferred').at(-1)!)).status).toBe(204)
  })

  test.each([null, 7, 'x', [], { chat: null }, { chat: { id: 'x' } }, { from: null, chat: { id: 1, type: 'odd' } }])(
    'with an invalid message (%j) is not repeated without end',
    async message => {
      const update = { update_id: nextUpdateId(), message }
      let status = 0
      for (let tries = 0; tries < 4 && status !== 200; tries++) status = (await world.post(update)).status
      expect(status).toBe(200)
    },
  )
})

describe('a deferred update', () => {
  const genuine = () => ({
    ...deferredUpdates(secret, botId).event(textUpdate('/start')),
    source: '/functions/telegram-webhook',
  })

  test('is accepted even if a database has reordered the keys of its JSON', async () => {
    const update = textUpdate('/start', { id: world.person('Ordem').chatId, first_name: 'Ordem' })
    world.telegram.user('Ordem').send('oi')
    await world.settled()
    const event = deferredUpdates(secret, botId).event(update)
    const sorted = JSON.parse(
      JSON.stringify(event.data, (_, part) =>
        part && typeof part === 'object' && !Array.isArray(part)
          ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? 1 : -1)))
          : part,
      ),
    )
    expect((await world.deliver({ ...event, source: '/x', data: sorted })).status).toBe(204)
  })

  test.each<[string, (event: VigiaEvent) => VigiaEvent, number]>([
    ['with a wrong seal in its id', event => ({ ...event, id: event.id.replace(/[^/]+$/, 'a'.repeat(64)) }), 401],
    ['with the id of another update', event => ({ ...event, id: event.id.replace(/\/5(\d+)\//, '/6$1/') }), 401],
    ['with the id of another bot', event => ({ ...event, id: event.id.replace(`/${botId}/`, '/42/') }), 401],
    ['with a very long id', event => ({ ...event, id: `${event.id}${'x'.repeat(5_000)}` }), 401],
    ['of another type', event => ({ ...event, type: 'dev.vigia.monitor.down' }), 401],
    [
      'with another update inside',
      event => ({
        ...event,
        data: { ...(event.data as object), update: textUpdate('/start', { id: 13, first_name: 'Eve' }) },
      }),
      422,
    ],
    [
      'with a changed text inside',
      event => {
        const data = structuredClone(event.data) as { update: { message: { text: string } } }
        data.update.message.text = '/monitorar eve.example'
        return { ...event, data }
      },
      422,
    ],
    [
      'with another signature',
      event => ({ ...event, data: { ...(event.data as object), signature: 'b'.repeat(64) } }),
      422,
    ],
  ])('%s is refused and has no effect', async (_, forge, status) => {
    const calls = world.telegram.calls().length
    const rows = (await world.db.query('select from telegram_update')).rowCount
    expect((await world.deliver(forge(genuine()))).status).toBe(status)
    expect(world.telegram.calls()).toHaveLength(calls)
    expect((await world.db.query('select from telegram_update')).rowCount).toBe(rows)
  })

  test('in structured mode is refused, because the seal is not in a header', async () => {
    const { id, type, data } = genuine()
    const response = await fetch(world.url, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({ specversion: '1.0', id, type, source: '/x', data }),
    })
    expect(response.status).toBe(401)
  })

  test('with a wrong seal is refused before its body arrives', async () => {
    const { hostname, port } = new URL(world.url)
    const { headers } = inBinaryMode({ ...genuine(), id: 'update/1/2/update.deferred/x', type: UpdateDeferred.type })
    const socket = createConnection(Number(port), hostname)
    const head = Object.entries({ ...headers, host: 'x', 'content-length': '1000000' })
    socket.write(`POST / HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
    const answer = await new Promise(resolve => socket.once('data', data => resolve(String(data))))
    expect(answer).toMatch(/^HTTP\/1\.1 401/)
    socket.destroy()
  })
})
