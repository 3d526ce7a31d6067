import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWebhook, type Webhook } from '#test/functions/telegram-webhook/support.ts'

let world: Webhook
beforeAll(async () => {
  world = await startWebhook()
})
afterAll(() => world?.stop())
afterEach(() => {
  world.telegram.clearInjectedErrors()
  world.telegram.forgetCalls()
})

let people = 0
const newPerson = async (language?: string) => {
  const person = world.person(`Pessoa ${++people}`, language)
  await person.says('/start')
  world.telegram.forgetCalls()
  return person
}
const statuses = () => world.telegram.deliveries().map(({ status }) => status)
const refused = () => world.broker.events('message.refused').map(({ data }) => data)

describe('when Telegram answers', () => {
  test('429: the update is repeated after Retry-After, and the attempt does not count as a failure', async () => {
    const person = await newPerson()
    const before = statuses().length
    world.telegram.failNext('sendMessage', { status: 429, retryAfter: 1, times: 4 })
    expect((await person.says('/ajuda')).text).toMatch(/^Séries/)
    expect(statuses().slice(before)).toEqual([503, 503, 503, 503, 200])
    expect(world.broker.events('update.deferred')).toEqual([])
  })

  test('429 with a long Retry-After: the update is done, and this answer and the next ones go to the outbox', async () => {
    const person = await newPerson()
    const other = await newPerson()
    const before = statuses().length
    world.telegram.failNext('sendMessage', { status: 429, retryAfter: 40, chatId: person.chatId })
    person.send('/ajuda')
    person.send('/idioma')
    expect((await other.says('/ajuda')).text).toMatch(/^Séries/)
    await world.settled()
    expect(statuses().slice(before)).toEqual([200, 200, 200])
    expect(world.telegram.calls('sendMessage').filter(({ params }) => params.chat_id === person.chatId)).toHaveLength(1)
    const messages = world.broker.events('message.requested').map(({ data }) => data)
    expect(messages.filter(data => (data as { chatId: number }).chatId === person.chatId)).toMatchObject([
      { html: expect.stringMatching(/Séries/), notBefore: '2026-11-21T15:00:40.000Z' },
      {
        html: expect.stringMatching(/idioma/),
        buttons: [
          [
            { text: 'Português', data: expect.any(String) },
            { text: 'English', data: expect.any(String) },
          ],
        ],
        notBefore: '2026-11-21T15:00:40.000Z',
      },
    ])
  })

  test('429 to an edit and to a toast: the edit becomes a new message, and the toast is not sent again', async () => {
    const person = await newPerson()
    await person.says('/monitorar nota.example')
    const list = await person.says('/monitores')
    const before = statuses().length
    world.telegram.failNext('answerCallbackQuery', { status: 429, retryAfter: 40 })
    world.telegram.failNext('editMessageText', { status: 429, retryAfter: 40 })
    await person.presses('⚪ nota.example', list.id)
    expect(statuses().slice(before)).toEqual([200])
    expect(world.broker.events('message.requested').at(-1)?.data).toMatchObject({
      chatId: person.chatId,
      html: expect.stringMatching(/nota\.example/),
    })
  })

  test.each([
    'Forbidden: bot was blocked by the user',
    'Forbidden: user is deactivated',
    "Forbidden: bot can't initiate conversation with a user",
    'Forbidden: bot was kicked from the group chat',
  ])('403 %s: the chat gets no more messages, and keeps its follows', async description => {
    const person = await newPerson()
    await world.deps.follows.follow(person.chatId, 'show/7', new Date())
    world.telegram.failNext('sendMessage', { status: 403, description })
    const before = statuses().length
    await person.says('/ajuda')
    expect(statuses().slice(before)).toEqual([200])
    expect((await world.deps.chats.find(person.chatId))?.unreachableSince).not.toBeNull()
    expect(await world.deps.follows.of(person.chatId, 'show/')).toHaveLength(1)
    await person.says('/start')
    expect((await world.deps.chats.find(person.chatId))?.unreachableSince).toBeNull()
  })

  test('400 chat not found: the chat gets no more messages, and the operators are notified', async () => {
    const person = await newPerson()
    world.telegram.failNext('sendMessage', { status: 400, description: 'Bad Request: chat not found' })
    await person.says('/ajuda')
    expect((await world.deps.chats.find(person.chatId))?.unreachableSince).not.toBeNull()
    expect(refused().at(-1)).toMatchObject({
      chatId: person.chatId,
      code: 400,
      reason: expect.stringMatching(/chat not found/),
    })
  })

  test('400 group chat was upgraded: the rows move to the new group, and the answer goes there', async () => {
    const ana = world.telegram.user('Ana')
    const group = world.telegram.group('Migra')
    group.addBot(ana)
    await world.settled()
    group.as(ana, 'administrator').send('/monitorar migra.example')
    await world.settled()
    const bigger = world.telegram.group('Migrado', { supergroup: true })
    bigger.addBot(ana)
    await world.settled()
    world.telegram.failNext('sendMessage', {
      status: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      migrateTo: bigger.chatId,
      chatId: group.chatId,
    })
    group.as(ana).send('/monitores')
    await world.settled()
    expect(bigger.as(ana).last()?.text).toMatch(/^Seus monitores \(1\)/)
    expect((await world.deps.monitors.of(bigger.chatId)).map(({ name }) => name)).toEqual(['migra.example'])
    expect(await world.deps.chats.find(group.chatId)).toBeNull()
  })

  test.each(['Bad Request: message thread not found', 'Bad Request: TOPIC_CLOSED', 'Bad Request: TOPIC_DELETED'])(
    '400 %s: the answer goes to the group, outside the topic',
    async description => {
      const ana = world.telegram.user('Ana')
      const forum = world.telegram.group('Fórum', { forum: true })
      forum.addBot(ana)
      await world.settled()
      const topic = forum.openTopic('Some')
      world.telegram.failNext('sendMessage', { status: 400, description })
      forum.as(ana).send('/ajuda', { threadId: topic })
      await world.settled()
      expect(forum.as(ana).last()).toMatchObject({ threadId: null, from: 'bot' })
    },
  )

  test("400 can't parse entities: the text is sent without formatting, and the operators are notified", async () => {
    const person = await newPerson()
    const description = "Bad Request: can't parse entities: Unsupported start tag"
    world.telegram.failNext('sendMessage', { status: 400, description })
    const answer = await person.says('/ajuda')
    expect(answer.text).toMatch(/^Séries\nMe mande o nome/)
    expect(answer.entities.filter(({ type }) => type === 'bold')).toEqual([])
    expect(refused().at(-1)).toMatchObject({ chatId: person.chatId, reason: `sendMessage: ${description}` })
  })

  test('400 message is not modified: pressing the same page twice is not a failure', async () => {
    const person = await newPerson()
    const list = await person.says('/monitores')
    await person.forges(list.id, 'v1:m:0')
    await person.forges(list.id, 'v1:m:0')
    expect(world.telegram.calls('editMessageText').map(({ status }) => status)).toEqual([400, 400])
    expect(world.broker.events('update.deferred')).toEqual([])
  })

  test('400 message to edit not found: a new message replaces it', async () => {
    const person = await newPerson()
    const list = await person.says('/monitores')
    world.telegram.failNext('editMessageText', { status: 400, description: 'Bad Request: message to edit not found' })
    const count = person.answers().length
    await person.forges(list.id, 'v1:m:0')
    expect(person.answers()).toHaveLength(count + 1)
  })

  test('400 query is too old: the rest of the answer is still sent', async () => {
    const person = await newPerson()
    await person.says('/monitorar antigo.example')
    const list = await person.says('/monitores')
    // Telegram answers as for a query that is too old, because it does not know the query of a forged press.
    const { shown } = await person.forges(list.id, `v1:o:${(await world.deps.monitors.of(person.chatId))[0]!.id}`)
    expect(shown.text).toMatch(/^⚪ antigo\.example\nhttps/)
  })

  test.each(['not found', 'too big', 'not an image', 'refused'] as const)(
    'that a poster is %s: the card has the smaller poster, else no poster',
    async result => {
      const person = await newPerson()
      const { harbor } = world.tvmaze.showIds
      const card = await person.says(`/start s_${harbor}`)
      const poster = card.photo!
      world.telegram.photo(poster, result)
      const smaller = await person.says(`/start s_${harbor}`)
      expect(smaller.photo).toMatch(/medium_portrait/)
      world.telegram.photo(smaller.photo!, result)
      const bare = await person.says(`/start s_${harbor}`)
      expect(bare).toMatchObject({ photo: null, text: card.text })
      expect((await person.presses('seguir', bare.id)).shown.text).toMatch(/Estou buscando a data/)
      world.telegram.photo(poster, 'ok')
      world.telegram.photo(smaller.photo!, 'ok')
    },
  )

  test('any other 400: the operators and the person are notified, and nothing is repeated', async () => {
    const person = await newPerson()
    const before = statuses().length
    world.telegram.failNext('sendMessage', { status: 400, description: 'Bad Request: reply markup is too long' })
    expect((await person.says('/ajuda')).text).toMatch(/^Algo deu errado do meu lado e não consegui mostrar/)
    expect(statuses().slice(before)).toEqual([200])
    expect(refused().at(-1)).toMatchObject({ code: 400, reason: 'sendMessage: Bad Request: reply markup is too long' })
  })

  test.each([
    ['500', { status: 500 }],
    ['502 with an HTML page', { status: 502, body: '<html>Bad Gateway</html>', contentType: 'text/html' }],
    ['200 with an HTML page', { status: 200, body: '<html>hello</html>', contentType: 'text/html' }],
    ['nothing and drops the connection', { dropConnection: true }],
    ['401 while the token is being changed', { status: 401, description: 'Unauthorized' }],
  ])('%s: the update is repeated', async (_, fault) => {
    const person = await newPerson()
    const before = statuses().length
    world.telegram.failNext('sendMessage', fault)
    expect((await person.says('/ajuda')).text).toMatch(/^Séries/)
    expect(statuses().slice(before)).toEqual([503, 200])
  })
})

describe('an answer that may have been delivered is not followed by an apology', () => {
  const apologies = (person: Awaited<ReturnType<typeof newPerson>>) =>
    person.answers().filter(({ text }) => /Algo deu errado/.test(text))

  test('when Telegram delivers it but its response is lost every time', async () => {
    const person = await newPerson()
    world.telegram.failNext('sendMessage', { dropConnection: true, delivered: true, times: 3 })
    person.send('/ajuda')
    await world.settled()
    expect(world.broker.events('update.deferred')).toHaveLength(1)
    expect(apologies(person)).toEqual([])
  })

  test('when Telegram refuses the toast', async () => {
    const person = await newPerson()
    await person.says('/monitorar recusa.example')
    const list = await person.says('/monitores')
    world.telegram.failNext('answerCallbackQuery', { status: 400, description: 'Bad Request: MESSAGE_TOO_LONG' })
    const { shown } = await person.presses('⚪ recusa.example', list.id)
    expect(shown.text).toMatch(/^⚪ recusa\.example\nhttps/)
    expect(apologies(person)).toEqual([])
    expect(refused().at(-1)).toMatchObject({ reason: expect.stringMatching(/^answerCallbackQuery/) })
  })
})

test('parallel buttons and messages of one chat all take effect', async () => {
  const person = await newPerson()
  const card = await person.says('harbor nine')
  await Promise.all([
    person.presses('seguir', card.id),
    person.says('/idioma en'),
    person.says('/fuso Manaus'),
    person.says('/monitorar corrida.example'),
  ])
  const chat = await world.deps.chats.find(person.chatId)
  expect(chat).toMatchObject({ language: 'en', zone: 'America/Manaus' })
  expect(await world.deps.follows.of(person.chatId, '')).toHaveLength(2)
})

test('updates that are delivered twice make one follow, one monitor and one answer each', async () => {
  world.telegram.deliverTwice(true)
  try {
    const person = await newPerson()
    const card = await person.says('harbor nine')
    await person.presses('seguir', card.id)
    await person.says('/monitorar duas.vezes.example')
    expect(await world.deps.follows.of(person.chatId, '')).toHaveLength(2)
    expect(person.answers()).toHaveLength(3)
  } finally {
    world.telegram.deliverTwice(false)
  }
})

test('the bot calls getMe only if a command names a bot', async () => {
  const person = await newPerson()
  await person.says('/ajuda')
  await person.says('harbor nine')
  expect(world.telegram.calls('getMe')).toEqual([])
})
