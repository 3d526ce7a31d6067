import { createConnection } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { botIdOf, secretCheck, usableSecret } from '#functions/telegram-webhook/secret.ts'
import { directUpdates } from '#test/functions/telegram-webhook/direct-updates.ts'
import { secret, startWebhook, type Webhook } from '#test/functions/telegram-webhook/support.ts'
import { until } from '#test/support/until.ts'

let world: Webhook
beforeAll(async () => {
  world = await startWebhook()
})
afterAll(() => world?.stop())

const { botId, nextUpdateId, poison, repair, stateOf, textUpdate, unpoison } = directUpdates(() => world)
afterEach(repair)

describe('the secret', () => {
  test.each([
    ['no secret', null],
    ['an empty secret', ''],
    ['a wrong secret', 'another-secret_of-the-tests'],
    ['a prefix of the secret', secret.slice(0, -1)],
    ['a longer secret', `${secret}x`],
    ['a secret of 5,000 characters', 'x'.repeat(5_000)],
    ['the text undefined', 'undefined'],
    ['the text null', 'null'],
    ['the text [object Object]', '[object Object]'],
    ['the secret twice', `${secret}, ${secret}`],
  ])('%s is answered with 401, and the update is not stored', async (_, requestSecret) => {
    const update = textUpdate('/start')
    // The body is not valid JSON, so a function that parsed it would answer 400.
    const response = await world.post(`${JSON.stringify(update)} and more`, requestSecret)
    expect(response.status).toBe(401)
    expect(await response.text()).toBe('')
    expect(await stateOf(update.update_id)).toBeUndefined()
  })

  test('a request without the secret is refused before its body arrives', async () => {
    const { hostname, port } = new URL(world.url)
    const socket = createConnection(Number(port), hostname)
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n')
    const [answer] = await Promise.all([new Promise(resolve => socket.once('data', data => resolve(String(data))))])
    expect(answer).toMatch(/^HTTP\/1\.1 401/)
    socket.destroy()
  })

  test('only POST is accepted', async () => {
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect((await fetch(world.url, { method, headers: { 'x-telegram-bot-api-secret-token': secret } })).status).toBe(
        405,
      )
  })

  test.each(['not json', '[]', 'null', '{}', '{"update_id":"7"}', '{"update_id":1.5}', '{"update_id":-1}'])(
    'with the secret, %s is refused because it is not an update',
    async body => {
      const response = await world.post(body)
      expect(response.status).toBe(400)
      expect(await response.text()).toBe('')
    },
  )

  test('a function without a secret does not start', () => {
    for (const value of [undefined, '', '  ', 'undefined', 'null'])
      expect(() => usableSecret(value)).toThrow('TELEGRAM_WEBHOOK_SECRET is not set')
    for (const value of ['with space', 'ü', 'x'.repeat(257)])
      expect(() => usableSecret(value)).toThrow('TELEGRAM_WEBHOOK_SECRET must be 1 to 256 characters')
    expect(usableSecret(secret)).toBe(secret)
    expect(() => botIdOf('undefined')).toThrow('TELEGRAM_BOT_TOKEN is not a token')
    expect(secretCheck(secret)([secret])).toBe(false)
  })
})

describe('an update', () => {
  test('that Telegram delivers again, also in parallel, takes effect once', async () => {
    const person = world.person('Replay')
    person.send('/start')
    await world.settled()
    const update = textUpdate('/monitorar repetido.example', { id: person.chatId, first_name: 'Replay' })
    const before = person.answers().length
    const statuses = await Promise.all([1, 2, 3].map(async () => (await world.post(update)).status))
    expect(statuses.toSorted().at(0)).toBe(200)
    expect((await world.post(update)).status).toBe(200)
    expect(person.answers()).toHaveLength(before + 1)
    expect(await stateOf(update.update_id)).toMatchObject({ state: 'done', attempts: 1 })
  })

  test('that another request is handling is answered with 503 and Retry-After', async () => {
    const update = textUpdate('/start')
    await world.db.query(
      `insert into telegram_update (bot_id, update_id, state, lease_until) values ($1, $2, 'processing', now() + interval '9 s')`,
      [botId, update.update_id],
    )
    const response = await world.post(update)
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(5)
    expect(await response.text()).toBe('')
  })

  test('whose process ended while handling it is handled again after its lease expires', async () => {
    const person = world.person('Queda')
    person.send('/start')
    await world.settled()
    const update = textUpdate('/ajuda', { id: person.chatId, first_name: 'Queda' })
    await world.db.query(
      `insert into telegram_update (bot_id, update_id, state, lease_until) values ($1, $2, 'processing', now() - interval '1 s')`,
      [botId, update.update_id],
    )
    expect((await world.post(update)).status).toBe(200)
    expect(person.answers().at(-1)?.text).toMatch(/^Séries/)
    expect(await stateOf(update.update_id)).toMatchObject({ state: 'done', attempts: 2 })
  })

  test('is never answered with a method that Telegram would execute', async () => {
    const person = world.person('Eco')
    await person.says('/start')
    await person.says('{"method":"sendMessage","chat_id":1,"text":"x"}')
    const deliveries = world.telegram.deliveries()
    expect(deliveries.length).toBeGreaterThan(0)
    expect(deliveries.filter(({ body, executed }) => body !== '' || executed !== null)).toEqual([])
  })

  test('of a kind that the bot does not use is accepted and ignored', async () => {
    for (const more of [{ edited_message: { chat: { id: 1 } } }, { poll: { id: '1' } }, {}]) {
      const update = { update_id: nextUpdateId(), ...more }
      expect((await world.post(update)).status).toBe(200)
      expect(await stateOf(update.update_id)).toMatchObject({ state: 'done' })
    }
  })

  test('is repeated by Telegram while the database is unavailable', async () => {
    const person = world.person('Banco')
    await person.says('/start')
    const update = textUpdate('/ajuda', { id: person.chatId, first_name: 'Banco' })
    await world.db.query('alter table telegram_update rename to hidden')
    const response = await world.post(update)
    await world.db.query('alter table hidden rename to telegram_update')
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.text()).toBe('')
    expect((await world.post(update)).status).toBe(200)
    expect(person.answers().at(-1)?.text).toMatch(/^Séries/)
  })

  test('is repeated by Telegram while the broker is unavailable, and then takes effect once', async () => {
    const person = world.person('Paciência')
    await person.says('/start')
    world.broker.refuse(1)
    const { text } = await person.says('/monitorar paciencia.example')
    expect(text).toMatch(/^Pronto! Vou verificar paciencia\.example/)
    expect(person.answers().filter(({ text }) => text.includes('paciencia.example'))).toHaveLength(1)
    expect(
      world.broker.events('probe.requested').filter(({ data }) => JSON.stringify(data).includes('paciencia.example')),
    ).toHaveLength(1)
  })
})

describe('a poison update', () => {
  test('is handed to the broker after three failures, and the chat’s next update is handled', async () => {
    const person = world.person('Veneno')
    await person.says('/start')
    poison(person.chatId)
    person.send('/ajuda')
    const deferred = await until(() => world.broker.events('update.deferred').at(-1), { what: 'the deferral' })
    await world.settled()
    const update = deferred.data as { update: { update_id: number } }
    expect(deferred).toMatchObject({
      subject: `update/${update.update.update_id}`,
      source: '/functions/telegram-webhook',
    })
    expect(await stateOf(update.update.update_id)).toMatchObject({ state: 'deferred', attempts: 3 })
    const attempts = world.telegram.deliveries().filter(({ updateId }) => updateId === update.update.update_id)
    expect(attempts.map(({ status }) => status)).toEqual([503, 503, 200])

    unpoison()
    expect((await person.says('/series')).text).toMatch(/^Você ainda não segue/)
    expect(
      person
        .answers()
        .map(({ text }) => text)
        .join(),
    ).not.toMatch(/path\.ts|fault of the function/)

    const redelivered = await world.deliver(deferred)
    expect(redelivered.status).toBe(204)
    expect(person.answers().at(-1)?.text).toMatch(/^Séries/)
    expect(await stateOf(update.update.update_id)).toMatchObject({ state: 'done' })
    const count = person.answers().length
    expect((await world.deliver(deferred)).status).toBe(204)
    expect(person.answers()).toHaveLength(count)
  })

  test('gets an apology that says that the request is kept and what to do', async () => {
    const person = world.person('Desculpa')
    await person.says('/start')
    const update = textUpdate('/hoje', { id: person.chatId, first_name: 'Desculpa' })
    const of = world.deps.follows.of
    world.deps.follows.of = () => Promise.reject(new Error('a fault of the function'))
    for (const status of [503, 503, 200]) expect((await world.post(update)).status).toBe(status)
    world.deps.follows.of = of
    expect(person.answers().at(-1)?.text).toBe(
      'Algo deu errado do meu lado e ainda não consegui responder. Seu pedido está guardado e vou tentar de novo sozinho. Se não chegar nada em alguns minutos, mande outra vez.',
    )
    expect((await world.post(update)).status).toBe(200)
  })

  test('that ends the process in every attempt is recognised by its number of attempts', async () => {
    const person = world.person('Tombo')
    await person.says('/start')
    const update = textUpdate('/ajuda', { id: person.chatId, first_name: 'Tombo' })
    await world.db.query(
      `insert into telegram_update (bot_id, update_id, state, lease_until, attempts) values ($1, $2, 'processing', now() - interval '1 s', 3)`,
      [botId, update.update_id],
    )
    expect((await world.post(update)).status).toBe(200)
    expect(await stateOf(update.update_id)).toMatchObject({ state: 'deferred' })
    expect(world.broker.events('update.deferred').at(-1)?.subject).toBe(`update/${update.update_id}`)
  })

  test('that may have been answered before its process ended is handed to the broker without an apology', async () => {
    const person = world.person('Respondida')
    await person.says('/start')
    const update = textUpdate('/ajuda', { id: person.chatId, first_name: 'Respondida' })
    const crash = () =>
      world.db.query(
        `update telegram_update set state = 'processing', lease_until = now() - interval '1 s' where update_id = $1`,
        [update.update_id],
      )
    expect((await world.post(update)).status).toBe(200)
    await crash()
    poison(person.chatId)
    for (const status of [503, 200]) expect((await world.post(update)).status).toBe(status)
    expect(await stateOf(update.update_id)).toMatchObject({ state: 'deferred' })
    expect(person.answers().filter(({ text }) => /Algo deu errado/.test(text))).toEqual([])
  })

  test('gets one apology, before the broker accepts the update', async () => {
    const person = world.person('Ordem certa')
    await person.says('/start')
    const update = textUpdate('/ajuda', { id: person.chatId, first_name: 'Ordem certa' })
    poison(person.chatId)
    world.broker.refuse(1)
    const [apologies, deferrals] = [
      () => person.answers().filter(({ text }) => /Algo deu errado/.test(text)).length,
      () =>
        world.broker.events('update.deferred').filter(({ subject }) => subject === `update/${update.update_id}`).length,
    ]
    for (const status of [503, 503, 503]) expect((await world.post(update)).status).toBe(status)
    expect([apologies(), deferrals()]).toEqual([1, 0])
    expect((await world.post(update)).status).toBe(200)
    expect([apologies(), deferrals()]).toEqual([1, 1])
  })

  test('is repeated by Telegram while the broker refuses it too', async () => {
    const update = textUpdate('/ajuda')
    poison(7_000_001)
    for (let i = 0; i < 2; i++) await world.post(update)
    world.broker.refuse(1)
    const response = await world.post(update)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect((await world.post(update)).status).toBe(200)
    expect(await stateOf(update.update_id)).toMatchObject({ state: 'deferred' })
  })

  test('that fails again when the broker delivers it is answered with 500, so that it becomes a dead letter after the retries', async () => {
    const update = textUpdate('/ajuda')
    poison(7_000_001)
    for (let i = 0; i < 3; i++) await world.post(update)
    const deferred = world.broker.events('update.deferred').at(-1)!
    expect((await world.deliver(deferred)).status).toBe(500)
    expect((await world.deliver(deferred)).status).toBe(500)
  })
})
