import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCommand } from '#functions/telegram-webhook/commands.ts'
import { nameIn, type SmallTalk, smallTalk } from '#functions/telegram-webhook/small-talk.ts'
import { startWebhook, type Webhook } from './support.ts'

let world: Webhook
beforeAll(async () => {
  world = await startWebhook()
})
afterAll(() => world.stop())

let updates = 800_000_000

/** Sends a message of a kind that the simulator cannot send, such as a photo with a caption. */
const postMessage = async (person: { id: number; chatId: number }, content: object) => {
  updates += 1
  const response = await world.post({
    update_id: updates,
    message: {
      message_id: updates,
      date: 1,
      from: { id: person.id, is_bot: false, first_name: 'Ana', language_code: 'pt-br' },
      chat: { id: person.chatId, type: 'private', first_name: 'Ana' },
      ...content,
    },
  })
  expect(response.status).toBe(200)
}
const photo = [{ file_id: 'a', file_unique_id: 'a', width: 90, height: 90, file_size: 1 }]

describe('commands as people type them', () => {
  test.each([
    '/hoje',
    '／hoje',
    '／ｈｏｊｅ',
    '/ hoje',
    '\\hoje',
    '/Hoje!',
    '/hoje.',
    ' \n/hoje',
    '\u200b/hoje\u200f',
    '/hoje@VigiaBot',
    '/today',
    '@VigiaBot /hoje',
    '• /hoje',
    '- /hoje',
    '“/hoje”',
    '`/hoje`',
  ])('%j is the command /hoje', async text => {
    const ana = world.person('Ana')
    await ana.says('/start')
    expect((await ana.says(text)).text).toMatch(/^Você ainda não segue nenhuma série/)
  })

  test('the bot understands a command or name in the caption of a photo; to a photo without a caption it answers that it reads only text', async () => {
    const ana = world.person('Ana')
    await ana.says('/start')
    await postMessage(ana, { photo, caption: '/hoje' })
    expect(ana.answers().at(-1)?.text).toMatch(/^Você ainda não segue nenhuma série/)
    await postMessage(ana, { photo, caption: 'harbor nine' })
    expect(ana.answers().at(-1)?.text).toMatch(/^Harbor Nine/)
    await postMessage(ana, { photo })
    expect(ana.answers().at(-1)?.text).toMatch(/^Eu só entendo texto/)
    await postMessage(ana, { dice: { emoji: '🎲', value: 3 } })
    expect(ana.answers().filter(({ text }) => /^Eu só entendo texto/.test(text))).toHaveLength(2)
    await postMessage(ana, { document: { file_id: 'a', file_unique_id: 'a' }, caption: '／ajuda' })
    expect(ana.answers().at(-1)?.text).toMatch(/^Séries/)
  })

  test('the caption of one picture of an album is understood, and the other pictures are not answered', async () => {
    const ana = world.person('Ana')
    await ana.says('/start')
    const before = ana.answers().length
    await postMessage(ana, { photo, media_group_id: '77', caption: 'harbor nine' })
    await postMessage(ana, { photo, media_group_id: '77' })
    await postMessage(ana, { photo, media_group_id: '77' })
    expect(
      ana
        .answers()
        .slice(before)
        .map(({ text }) => text.split('\n')[0]),
    ).toEqual(['Harbor Nine (2026)'])
  })

  test('in a group the bot searches for a name only if the message mentions the bot', async () => {
    const ana = world.person('Ana')
    const chat = { id: -1_001_009_008, type: 'supergroup', title: 'Turma' }
    const sent = () =>
      world.telegram.calls().filter(({ method, params }) => /^send/.test(method) && params.chat_id === chat.id)
    for (const text of ['harbor nine', '@OutroBot harbor nine', '@VigiaBot']) await postMessage(ana, { chat, text })
    expect(sent()).toEqual([])
    await postMessage(ana, { chat, text: '@vigiabot harbor nine' })
    expect(sent().map(({ params }) => params.caption ?? params.text)).toEqual([expect.stringMatching(/Harbor Nine/)])
  })

  test.each([
    ['/buscar Porto Nove', { name: 'buscar', bot: null, argument: 'Porto Nove' }],
    ['/séries@VigiaBot  tudo', { name: 'séries', bot: 'VigiaBot', argument: 'tudo' }],
    ['@VigiaBot /buscar Porto', { name: 'buscar', bot: 'VigiaBot', argument: 'Porto' }],
    ['/', null],
    ['- hoje', null],
    ['hoje', null],
    ['1/2', null],
  ])('%j is read as %j', (text, parsed) => {
    expect(parseCommand(text)).toEqual(parsed)
  })
})

describe('small talk', () => {
  test.each<[string, SmallTalk | null]>([
    ['oi', 'greeting'],
    ['Oiii!!! 😀', 'greeting'],
    ['Olá, Vigia', 'greeting'],
    ['oi, bom dia!', 'greeting'],
    ['Bom dia pessoal', 'greeting'],
    ['e aí, tudo bem?', 'greeting'],
    ['Hellooo', 'greeting'],
    ['Hi there! How are you?', 'greeting'],
    ["What's up", 'greeting'],
    ['obrigado', 'thanks'],
    ['Muito obrigada! ❤️', 'thanks'],
    ['valeu', 'thanks'],
    ['thank you!', 'thanks'],
    ['tchau', 'goodbye'],
    ['bye bye', 'goodbye'],
    ['ok', 'acknowledgement'],
    ['Sim.', 'acknowledgement'],
    ['ajuda', 'help'],
    ['O que você faz?', 'help'],
    ['what can you do?', 'help'],
    ['👍', 'wordless'],
    ['?!', 'wordless'],
    ['Bom dia, Verônica', null],
    ['Oi, meu nome é Earl', null],
    ['Hello Tomorrow!', null],
    ['Ok, K.O.!', null],
    ['24', null],
    ['Severance', null],
    ['第一話', null],
  ])('%j is classified as %s', (text, kind) => {
    expect(smallTalk(text)).toBe(kind)
  })

  test('greetings and thanks are answered in the language of the chat, without a search', async () => {
    const ana = world.person('Ana Greets')
    const bob = world.person('Bob Greets', 'en')
    expect((await ana.says('oi')).text).toMatch(/^Oi! 👋 Me mande o nome de uma série.*\/buscar oi$/s)
    expect((await ana.says('obrigado')).text).toBe('De nada! 😊')
    expect((await ana.says('tchau')).text).toMatch(/^Até logo!/)
    expect((await bob.says('hello')).text).toMatch(/^Hi! 👋 Send me the name of a series.*\/search hello$/s)
    expect((await bob.says('thanks!')).text).toBe("You're welcome! 😊")
    expect((await ana.says('👍')).text).toMatch(/^Eu só entendo texto/)
    const searches = await world.db.query<{ query: string }>('select query from search where chat_id = any($1)', [
      [ana.chatId, bob.chatId],
    ])
    expect(searches.rows).toEqual([])
  })
})

describe('a name with words before it', () => {
  test.each<[string, string | null]>([
    ['oi, Severance', 'Severance'],
    ['Olá! Tudo bem? Harbor Nine', 'Harbor Nine'],
    ['Bom dia, Verônica', 'Verônica'],
    ['quero seguir “Ruptura”', 'Ruptura”'],
    ['@VigiaBot Severance', 'Severance'],
    ['Hey, I want to follow The Bear please', 'The Bear please'],
    ["What's up Doc", 'Doc'],
    ['Severance', null],
    ['oi', null],
    ['第一話', null],
  ])('%j contains the name %j', (text, name) => {
    expect(nameIn(text)).toBe(name)
  })

  test('is searched for as typed, and without those words if nothing is found', async () => {
    const ana = world.person('Ana')
    await ana.says('/start')
    for (const text of ['oi, harbor nine', 'quero seguir harbor nine', '@VigiaBot harbor nine', '“harbor nine”'])
      expect((await ana.says(text)).text, text).toMatch(/^Harbor Nine/)
    expect((await ana.says('/seguir harbor nine')).text).toMatch(/^Harbor Nine/)
    expect((await ana.says('oi, qwertyuiop')).text).toContain('“oi, qwertyuiop”')
  })
})

test('/monitorar with an interval but no address asks for the address, and a password in an address without a scheme is recognised', async () => {
  const ana = world.person('Ana')
  await ana.says('/start')
  for (const text of ['/monitorar 5 minutos', '/monitorar 30s', '/monitorar a cada 5 minutos'])
    expect((await ana.says(text)).text, text).toMatch(/^O que devo vigiar\? Mande o endereço/)
  for (const text of ['/monitorar user:pa:ss@x.org', '/monitorar user:pa/ss@x.org 5m', 'user:pa:ss@x.org']) {
    const { text: answer } = await ana.says(text)
    expect(answer, text).toMatch(/usuário ou senha/)
    expect(answer, text).not.toMatch(/pa|ss@/)
  }
})

describe('a channel', () => {
  const membership = (status: string, rights: object = {}) => ({
    status,
    user: { id: 700000001, is_bot: true, first_name: 'Vigia' },
    ...rights,
  })
  const sentTo = (chatId: number) =>
    world.telegram.calls('sendMessage').filter(({ params }) => params.chat_id === chatId)

  test('gets one message that channels are not served, and is not stored', async () => {
    const chat = { id: -1001234567890, type: 'channel', title: 'Novidades' }
    const post = (before: object, after: object) =>
      world.post({
        update_id: ++updates,
        my_chat_member: {
          chat,
          from: { id: 5, is_bot: false, first_name: 'Ana', language_code: 'pt-br' },
          date: 1,
          old_chat_member: before,
          new_chat_member: after,
        },
      })
    await post(membership('left'), membership('administrator', { can_post_messages: false }))
    expect(sentTo(chat.id)).toEqual([])
    await post(
      membership('administrator', { can_post_messages: false }),
      membership('administrator', { can_post_messages: true }),
    )
    expect(sentTo(chat.id).map(({ params }) => params.text)).toEqual([expect.stringMatching(/não atendo canais/)])
    await post(membership('administrator', { can_post_messages: true }), membership('left'))
    expect(sentTo(chat.id)).toHaveLength(1)
    expect(await world.deps.chats.find(chat.id)).toBeNull()
  })
})

test('an English-speaking person learns that times are in Brasília time, and is offered zones outside Brazil', async () => {
  const bob = world.person('Bob Abroad', 'en')
  expect((await bob.says('/start')).text).toMatch(/Times are in Brasília time\..*\/timezone$/)
  const { buttons } = await bob.says('/timezone')
  expect(buttons.flat().map(({ text }) => text)).toEqual(
    expect.arrayContaining(['New York', 'Chicago', 'Denver', 'Los Angeles', 'London']),
  )
  const ana = world.person('Ana at Home')
  expect((await ana.says('/start')).text).not.toMatch(/horário de Brasília/)
})
