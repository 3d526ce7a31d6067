import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChatMember, Message, Update } from '#simulators/telegram/bot-api.ts'
import { type SimulatedUser, startTelegram, type TelegramSimulator } from '#simulators/telegram.ts'
import { type ManualTime, manualTime } from '#test/support/manual-time.ts'
import { until } from '#test/support/until.ts'

const TOKEN = '7000000001:SIMULATED_main_bot'
const OPS = '7000000002:SIMULATED_operators_bot'

let time: ManualTime
let telegram: TelegramSimulator
let ana: SimulatedUser

beforeEach(async () => {
  time = manualTime(new Date('2026-11-21T12:00:00Z'))
  telegram = await startTelegram({ botToken: TOKEN, opsToken: OPS, time, rates: false })
  ana = telegram.user('Ana', { language: 'pt-br' })
})
afterEach(() => telegram.stop())

interface Answer<Result> {
  ok: boolean
  /** Where the call was refused, reading from it fails the test. */
  result: Result
  error_code?: number
  description?: string
  parameters?: { retry_after?: number; migrate_to_chat_id?: number }
}

const call = async <Result = Message>(
  method: string,
  params: object = {},
  token = TOKEN,
): Promise<Answer<Result> & { status: number }> => {
  const response = await fetch(`${telegram.url}/bot${token}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(params),
  })
  return { status: response.status, ...((await response.json()) as Answer<Result>) }
}
const refusal = async (method: string, params: object = {}, token = TOKEN) => {
  const { status, ok, error_code, description } = await call(method, params, token)
  expect({ ok, status }).toEqual({ ok: false, status: error_code })
  return `${error_code} ${description}`
}
const say = (text: string, more: object = {}) => call('sendMessage', { chat_id: ana.chatId, text, ...more })
const buttons = (...rows: { text: string; callback_data?: string; url?: string }[][]) => ({
  reply_markup: { inline_keyboard: rows },
})
const html = { parse_mode: 'HTML' }

describe('requests', () => {
  test('come as JSON, form, query or multipart, by GET or POST, with the method in any case', async () => {
    ana.send('/start')
    const query = new URLSearchParams({ chat_id: String(ana.chatId), text: 'oi' })
    const form = new FormData()
    form.set('chat_id', String(ana.chatId))
    form.set('photo', new Blob([new Uint8Array(10)], { type: 'image/png' }), 'poster.png')
    const path = `${telegram.url}/bot${TOKEN}`
    const answers = await Promise.all([
      fetch(`${path}/SENDMESSAGE?${query}`),
      fetch(`${path}/sendmessage`, { method: 'POST', body: query }),
      fetch(`${path}/sendPhoto`, { method: 'POST', body: form }),
      call('SendMessage', { chat_id: ana.chatId, text: 'oi' }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(ana.answers()).toHaveLength(4)
  })

  test('of a page are refused: its token is no secret on this machine', async () => {
    for (const headers of [
      { origin: 'https://evil.example.org' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ])
      expect(
        (await fetch(`${telegram.url}/bot${TOKEN}/getMe`, { headers: headers as Record<string, string> })).status,
      ).toBe(403)
  })

  test.each([
    ['an unknown method', '404 Not Found: method not found', () => refusal('sendPigeon')],
    ['a name inherited by every object', '404 Not Found: method not found', () => refusal('constructor')],
    ['an unknown token', '401 Unauthorized', () => refusal('getMe', {}, '1:nobody')],
  ])('%s is refused', async (_, words, act) => {
    expect(await act()).toBe(words)
  })

  test('a revoked token is refused until it is given back', async () => {
    telegram.revoke()
    expect(await refusal('getMe')).toBe('401 Unauthorized')
    telegram.revoke(false)
    expect((await call('getMe')).result).toMatchObject({ id: 7_000_000_001, is_bot: true, username: 'VigiaBot' })
  })

  test('the two bots have chats, messages and tokens of their own', async () => {
    ana.send('/start')
    expect(await refusal('sendMessage', { chat_id: ana.chatId, text: 'x' }, OPS)).toBe(
      "403 Forbidden: bot can't initiate conversation with a user",
    )
    const there = telegram.operators.user('Ana')
    there.send('/start')
    expect((await call('sendMessage', { chat_id: ana.chatId, text: 'dead letter' }, OPS)).ok).toBe(true)
    expect(ana.answers()).toEqual([])
    expect(there.last()?.text).toBe('dead letter')
  })
})

describe('text', () => {
  beforeEach(() => void ana.send('/start'))

  test('is counted after parsing, in UTF-16 units', async () => {
    const emoji = '😀'.repeat(2048)
    expect((await say(emoji)).ok).toBe(true)
    expect(await refusal('sendMessage', { chat_id: ana.chatId, text: `${emoji}x` })).toBe(
      '400 Bad Request: message is too long',
    )
    expect((await say(`<b>${'x'.repeat(4096)}</b>`, html)).ok).toBe(true)
    expect((await say('&amp;'.repeat(4096), html)).ok).toBe(true)
    const caption = { chat_id: ana.chatId, photo: 'https://example.org/a.png', ...html }
    expect((await call('sendPhoto', { ...caption, caption: `<i>${'x'.repeat(1024)}</i>` })).ok).toBe(true)
    expect(await refusal('sendPhoto', { ...caption, caption: 'x'.repeat(1025) })).toBe(
      '400 Bad Request: message caption is too long',
    )
  })

  test.each([
    ['', '400 Bad Request: message text is empty'],
    [' \n ', '400 Bad Request: text must be non-empty'],
    ['<b> </b>', '400 Bad Request: text must be non-empty'],
    ['<b>bold', '400 Bad Request: can\'t parse entities: Can\'t find end tag corresponding to start tag "b"'],
    [
      'é<b>x</i>',
      '400 Bad Request: can\'t parse entities: Unmatched end tag at byte offset 6, expected "</b>", found "</i>"',
    ],
    ['x</b>', "400 Bad Request: can't parse entities: Unexpected end tag at byte offset 1"],
    ['<img src="x">', '400 Bad Request: can\'t parse entities: Unsupported start tag "img" at byte offset 0'],
    ['a < b', '400 Bad Request: can\'t parse entities: Unsupported start tag "" at byte offset 2'],
    ['<b', "400 Bad Request: can't parse entities: Unclosed start tag at byte offset 0"],
    ['<b>x</b', "400 Bad Request: can't parse entities: Unclosed end tag at byte offset 4"],
    ['<a href="x', "400 Bad Request: can't parse entities: Unclosed start tag at byte offset 0"],
    ['<a ="x">y</a>', '400 Bad Request: can\'t parse entities: Empty attribute name in the tag "a" at byte offset 0'],
    ['<a href=x;y>z</a>', "400 Bad Request: can't parse entities: Unexpected end of name token at byte offset 8"],
    [
      '<span class="x">y</span>',
      '400 Bad Request: can\'t parse entities: Tag "span" must have class "tg-spoiler" at byte offset 0',
    ],
  ])("HTML %j is refused in Telegram's words", async (text, words) => {
    expect(await refusal('sendMessage', { chat_id: ana.chatId, text, ...html })).toBe(words)
  })

  test.each<[string, string, object[]]>([
    ['<b>a</b>', 'a', [{ type: 'bold', offset: 0, length: 1 }]],
    ['<B>a</B >', 'a', [{ type: 'bold', offset: 0, length: 1 }]],
    [
      '<b>a<i>b</i></b>',
      'ab',
      [
        { type: 'bold', offset: 0, length: 2 },
        { type: 'italic', offset: 1, length: 1 },
      ],
    ],
    ['😀<u>é</u>', '😀é', [{ type: 'underline', offset: 2, length: 1 }]],
    [
      '<a href="https://example.org/?a=1&amp;b=2">x</a>',
      'x',
      [{ type: 'text_link', offset: 0, length: 1, url: 'https://example.org/?a=1&b=2' }],
    ],
    ['<a href="javascript:alert(1)">x</a>', 'x', []],
    ['<a href="http://localhost/">x</a>', 'x', []],
    [
      '<pre><code class="language-ts">let a</code></pre>',
      'let a',
      [{ type: 'pre', offset: 0, length: 5, language: 'ts' }],
    ],
    ['<code class="language-ts">a</code>', 'a', [{ type: 'code', offset: 0, length: 1 }]],
    ['<blockquote expandable>q</blockquote>', 'q', [{ type: 'expandable_blockquote', offset: 0, length: 1 }]],
    ['<span class="tg-spoiler">s</span>', 's', [{ type: 'spoiler', offset: 0, length: 1 }]],
    ['&lt;b&gt; &amp; &quot; &#233; &#x1F600; &nbsp; &copy', '<b> & " é 😀 &nbsp; &copy', []],
    ['  <b> a </b>  ', ' a', [{ type: 'bold', offset: 0, length: 2 }]],
    ['<b></b>a', 'a', []],
  ])('HTML %j reads %j', async (source, text, entities) => {
    const { result } = await say(source, html)
    expect({ text: result.text, entities: result.entities ?? [] }).toEqual({ text, entities })
  })

  test('explicit entities are taken, and refused outside the text', async () => {
    const bold = { type: 'bold', offset: 0, length: 2 }
    expect((await say('oi!', { entities: [bold] })).result.entities).toEqual([bold])
    const params = { chat_id: ana.chatId, text: 'oi', entities: [{ ...bold, length: 3 }] }
    expect(await refusal('sendMessage', params)).toBe(
      '400 Bad Request: entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 3',
    )
  })

  test('an unknown parse_mode is refused, and one that we never write is noticed', async () => {
    const params = { chat_id: ana.chatId, text: 'oi' }
    expect(await refusal('sendMessage', { ...params, parse_mode: 'BBCode' })).toBe(
      '400 Bad Request: unsupported parse_mode',
    )
    expect(await refusal('sendMessage', { ...params, parse_mode: 'MarkdownV2' })).toMatch(/can't parse entities/)
  })
})

describe('keyboards', () => {
  beforeEach(() => void ana.send('/start'))
  const withMarkup = (markup: unknown) =>
    refusal('sendMessage', { chat_id: ana.chatId, text: 'x', reply_markup: markup })

  test('callback_data is 1 to 64 bytes, not characters', async () => {
    expect((await say('x', buttons([{ text: 'a', callback_data: 'é'.repeat(32) }]))).ok).toBe(true)
    const words = await withMarkup({ inline_keyboard: [[{ text: 'a', callback_data: `${'é'.repeat(32)}x` }]] })
    expect(words).toBe('400 Bad Request: BUTTON_DATA_INVALID')
  })

  test.each<[string, unknown, string]>([
    ['no JSON', '{', "400 Bad Request: can't parse reply keyboard markup JSON object"],
    ['a list', [], '400 Bad Request: object expected as reply markup'],
    [
      'rows that are none',
      { inline_keyboard: [{ text: 'a' }] },
      '400 Bad Request: field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
    ],
    [
      'a button that does nothing',
      { inline_keyboard: [[{ text: 'a' }]] },
      "400 Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ],
    [
      'a button without text',
      { inline_keyboard: [[{ text: '', callback_data: 'a' }]] },
      '400 Bad Request: inline keyboard button text must be non-empty',
    ],
    [
      'a link that Telegram takes for none',
      { inline_keyboard: [[{ text: 'a', url: 'http://localhost:8080/' }]] },
      "400 Bad Request: inline keyboard button URL 'http://localhost:8080/' is invalid: Wrong HTTP URL",
    ],
    [
      'more than 100 buttons',
      { inline_keyboard: Array.from({ length: 101 }, () => [{ text: 'a', callback_data: 'a' }]) },
      '400 Bad Request: reply markup is too long',
    ],
  ])('%s is refused', async (_, markup, words) => {
    expect(await withMarkup(markup)).toBe(words)
  })
})

describe('a press', () => {
  beforeEach(async () => {
    ana.send('/start')
    await say(
      'card',
      buttons([
        { text: '🔔 Seguir', callback_data: 'v1:f:82' },
        { text: 'TVmaze', url: 'https://a.org' },
      ]),
    )
  })

  test('reaches the bot with its data, and its one answer the person', async () => {
    const press = ana.press('🔔 Seguir')
    const update = telegram.pending().find(({ callback_query }) => callback_query !== undefined)
    expect(update?.callback_query).toMatchObject({ id: press.id, data: 'v1:f:82', from: { id: ana.id } })
    const answer = { callback_query_id: press.id, text: 'Seguindo' }
    expect((await call('answerCallbackQuery', answer)).result).toBe(true)
    expect(press.answer()).toEqual({ text: 'Seguindo', alert: false })
    const late = '400 Bad Request: query is too old and response timeout expired or query ID is invalid'
    expect(await refusal('answerCallbackQuery', answer)).toBe(late)
    expect(await refusal('answerCallbackQuery', { callback_query_id: 'no such' })).toBe(late)
  })

  test('is answered too late after a minute', async () => {
    const { id } = ana.press(/Seguir/)
    await time.advance(61_000)
    expect(await refusal('answerCallbackQuery', { callback_query_id: id })).toMatch(/query is too old/)
  })

  test('on a button that is not there fails with those that are', () => {
    expect(() => ana.press('Remover')).toThrow('there is [🔔 Seguir] [TVmaze]')
  })

  test('on a link is followed and not sent', () => {
    const before = telegram.pending().length
    ana.press('TVmaze')
    expect(telegram.pending()).toHaveLength(before)
  })
})

describe('edits', () => {
  let id: number
  beforeEach(async () => {
    ana.send('/start')
    id = (await say('before', buttons([{ text: 'a', callback_data: 'a' }]))).result.message_id
  })
  const edit = (params: object) => ({ chat_id: ana.chatId, message_id: id, ...params })

  test('happen in place; without a keyboard the buttons go', async () => {
    const { result } = await call('editMessageText', edit({ text: '<b>after</b>', ...html }))
    expect(result).toMatchObject({ message_id: id, text: 'after', edit_date: expect.any(Number) })
    expect(ana.last()).toMatchObject({ id, text: 'after', edited: true, buttons: [] })
  })

  test('to the same are refused', async () => {
    const words =
      '400 Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message'
    const same = edit({ text: 'before', ...buttons([{ text: 'a', callback_data: 'a' }]) })
    expect(await refusal('editMessageText', same)).toBe(words)
    expect(await refusal('editMessageReplyMarkup', edit(buttons([{ text: 'a', callback_data: 'a' }])))).toBe(words)
    expect((await call('editMessageReplyMarkup', edit(buttons([{ text: 'b', callback_data: 'a' }])))).ok).toBe(true)
  })

  test("need a message of the right kind, and the bot's own", async () => {
    expect(await refusal('editMessageText', { ...edit({ text: 'x' }), message_id: 999 })).toBe(
      '400 Bad Request: message to edit not found',
    )
    expect(await refusal('editMessageCaption', edit({ caption: 'x' }))).toBe(
      '400 Bad Request: there is no caption in the message to edit',
    )
    const mine = ana.send('mine')
    expect(await refusal('editMessageText', { ...edit({ text: 'x' }), message_id: mine })).toBe(
      "400 Bad Request: message can't be edited",
    )
  })

  test('of a photo change its picture and caption, not its text', async () => {
    const photo = { chat_id: ana.chatId, photo: 'https://example.org/1.png', caption: 'one' }
    const { message_id } = (await call('sendPhoto', photo)).result
    expect(await refusal('editMessageText', edit({ message_id, text: 'x' }))).toBe(
      '400 Bad Request: there is no text in the message to edit',
    )
    const media = { type: 'photo', media: 'https://example.org/2.png', caption: '<b>two</b>', parse_mode: 'HTML' }
    expect((await call('editMessageMedia', edit({ message_id, media }))).ok).toBe(true)
    expect(ana.last()).toMatchObject({ photo: 'https://example.org/2.png', text: 'two' })
    expect((await call('editMessageCaption', edit({ message_id, caption: 'three' }))).ok).toBe(true)
    expect(ana.last()?.text).toBe('three')
  })

  test('deleting works for 48 hours and once', async () => {
    expect((await call('deleteMessage', edit({}))).result).toBe(true)
    expect(ana.answers()).toEqual([])
    expect(await refusal('deleteMessage', edit({}))).toBe('400 Bad Request: message to delete not found')
    const { message_id } = (await say('old')).result
    await time.advance(48 * 3_600_000 + 1000)
    expect(await refusal('deleteMessage', edit({ message_id }))).toBe("400 Bad Request: message can't be deleted")
  })
})

describe('photos', () => {
  beforeEach(() => void ana.send('/start'))
  const send = (photo: string, token = TOKEN) => ['sendPhoto', { chat_id: ana.chatId, photo }, token] as const

  test('by URL give a file_id, which then works, for this bot only', async () => {
    const { result } = await call(...send('https://example.org/a.jpg'))
    const file = result.photo?.at(-1)?.file_id ?? ''
    expect((await call(...send(file))).ok).toBe(true)
    telegram.operators.user('Ana').send('/start')
    expect(await refusal(...send(file, OPS))).toBe('400 Bad Request: wrong file identifier/HTTP URL specified')
  })

  test.each([
    ['not found', '400 Bad Request: failed to get HTTP URL content'],
    ['too big', '400 Bad Request: failed to get HTTP URL content'],
    ['not an image', '400 Bad Request: wrong type of the web page content'],
    ['refused', '400 Bad Request: wrong HTTP URL specified'],
  ] as const)('that Telegram finds %s are refused in its words', async (fate, words) => {
    telegram.photo('https://example.org/a.jpg', fate)
    expect(await refusal(...send('https://example.org/a.jpg'))).toBe(words)
    expect((await call(...send('https://example.org/b.jpg'))).ok).toBe(true)
  })
})

describe('who cannot be written to', () => {
  const write = (chatId: number, more: object = {}) => refusal('sendMessage', { chat_id: chatId, text: 'x', ...more })

  test('people: unknown, silent so far, blocking, gone', async () => {
    expect(await refusal('sendMessage', { text: 'x' })).toBe('400 Bad Request: chat_id is empty')
    expect(await write(123)).toBe('400 Bad Request: chat not found')
    expect(await write(ana.chatId)).toBe("403 Forbidden: bot can't initiate conversation with a user")
    ana.send('/start')
    ana.block()
    expect(await write(ana.chatId)).toBe('403 Forbidden: bot was blocked by the user')
    expect(() => ana.send('oi')).toThrow(/has blocked the bot/)
    ana.unblock()
    expect((await say('oi')).ok).toBe(true)
    ana.deactivate()
    expect(await write(ana.chatId)).toBe('403 Forbidden: user is deactivated')
  })

  test('blocking and coming back is told as my_chat_member', () => {
    ana.send('/start')
    ana.block()
    ana.unblock()
    const told = telegram
      .pending()
      .flatMap(({ my_chat_member: m }) =>
        m === undefined ? [] : [`${m.old_chat_member.status} → ${m.new_chat_member.status}`],
      )
    expect(told).toEqual(['member → kicked', 'kicked → member'])
  })

  test('groups: not a member, kicked, upgraded, deleted', async () => {
    const group = telegram.group('Família')
    expect(await write(group.chatId)).toBe('403 Forbidden: bot is not a member of the group chat')
    group.addBot(ana)
    expect((await call('sendMessage', { chat_id: group.chatId, text: 'x' })).ok).toBe(true)
    group.kickBot(ana)
    expect(await write(group.chatId)).toBe('403 Forbidden: bot was kicked from the group chat')
    group.addBot(ana)
    const upgraded = group.upgrade()
    const answer = await call('sendMessage', { chat_id: group.chatId, text: 'x' })
    expect(answer).toMatchObject({
      status: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      parameters: { migrate_to_chat_id: upgraded.chatId },
    })
    expect((await call('sendMessage', { chat_id: upgraded.chatId, text: 'x' })).ok).toBe(true)
    upgraded.kickBot(ana)
    expect(await write(upgraded.chatId)).toBe('403 Forbidden: bot was kicked from the supergroup chat')
    const other = telegram.group('Outra')
    other.addBot(ana)
    other.remove()
    expect(await write(other.chatId)).toBe('403 Forbidden: the group chat was deleted')
  })

  test('topics: unknown, closed, deleted', async () => {
    const forum = telegram.group('Fórum', { forum: true })
    forum.addBot(ana)
    const topic = forum.openTopic('Séries')
    const thread = { message_thread_id: topic }
    expect((await call('sendMessage', { chat_id: forum.chatId, text: 'x', ...thread })).result).toMatchObject({
      message_thread_id: topic,
      is_topic_message: true,
    })
    expect(await write(forum.chatId, { message_thread_id: 77 })).toBe('400 Bad Request: message thread not found')
    forum.closeTopic(topic)
    expect(await write(forum.chatId, thread)).toBe('400 Bad Request: TOPIC_CLOSED')
    forum.deleteTopic(topic)
    expect(await write(forum.chatId, thread)).toBe('400 Bad Request: TOPIC_DELETED')
  })

  test('General has no number for sending, and can be closed; administrators write to what is closed', async () => {
    const forum = telegram.group('Fórum', { forum: true })
    forum.addBot(ana)
    const topic = forum.openTopic('Séries')
    expect(await write(forum.chatId, { message_thread_id: 1 })).toBe('400 Bad Request: message thread not found')
    expect((await call('sendMessage', { chat_id: forum.chatId, text: 'x' })).result).not.toHaveProperty(
      'message_thread_id',
    )
    forum.closeTopic(1)
    expect(await write(forum.chatId)).toBe('400 Bad Request: TOPIC_CLOSED')
    const there = await call('sendMessage', { chat_id: forum.chatId, text: 'x', message_thread_id: topic })
    expect(there.ok).toBe(true)
    const reply = { reply_parameters: { message_id: there.result.message_id } }
    const answered = await call('sendMessage', { chat_id: forum.chatId, text: 'y', ...reply })
    expect(answered.result, 'a reply goes where its message is').toMatchObject({ message_thread_id: topic })
    forum.closeTopic(topic)
    expect(await write(forum.chatId, reply)).toBe('400 Bad Request: TOPIC_CLOSED')
    forum.removeBot(ana)
    forum.addBot(ana, 'administrator')
    expect((await call('sendMessage', { chat_id: forum.chatId, text: 'x' })).ok).toBe(true)
    expect((await call('sendMessage', { chat_id: forum.chatId, text: 'x', message_thread_id: topic })).ok).toBe(true)
    forum.reopenTopic(1)
  })

  test('a thread of replies in a supergroup without topics has a number and is no topic', async () => {
    const group = telegram.group('Turma', { supergroup: true })
    group.addBot(ana)
    const id = group.as(ana).send('/ajuda')
    const answered = await call('sendMessage', {
      chat_id: group.chatId,
      text: 'x',
      reply_parameters: { message_id: id },
    })
    expect(answered.result).toMatchObject({ message_thread_id: id })
    expect(answered.result).not.toHaveProperty('is_topic_message')
  })

  test('replies go to messages that are there, or without when that is allowed', async () => {
    const id = ana.send('question')
    expect((await say('answer', { reply_parameters: { message_id: id } })).result.reply_to_message).toMatchObject({
      message_id: id,
      text: 'question',
    })
    expect(await write(ana.chatId, { reply_parameters: { message_id: 999 } })).toBe(
      '400 Bad Request: message to be replied not found',
    )
    const lenient = { reply_parameters: { message_id: 999, allow_sending_without_reply: true } }
    expect((await say('answer', lenient)).result).not.toHaveProperty('reply_to_message')
  })
})

describe('groups in privacy mode', () => {
  test('let the bot hear commands, mentions and replies, and nothing else', async () => {
    const group = telegram.group('Família')
    group.addBot(ana)
    const seat = group.as(ana)
    const { result } = await call('sendMessage', { chat_id: group.chatId, text: 'oi' })
    seat.send('so among us')
    seat.send('/series')
    seat.send('/series@VigiaBot')
    seat.send('/series@OtherBot')
    seat.send('hey @VigiaBot')
    seat.send('yes', { replyTo: result.message_id })
    const heard = telegram.pending().flatMap(({ message }) => message?.text ?? [])
    expect(heard).toEqual(['/series', '/series@VigiaBot', 'hey @VigiaBot', 'yes'])
  })

  test('getChatMember knows who may change things', async () => {
    const group = telegram.group('Família')
    group.addBot(ana)
    group.as(ana, 'administrator')
    const member = async (user_id: number) =>
      (await call<ChatMember>('getChatMember', { chat_id: group.chatId, user_id })).result.status
    expect(await member(ana.id)).toBe('administrator')
    expect(await member(telegram.id)).toBe('member')
    expect(await refusal('getChatMember', { chat_id: group.chatId, user_id: 1 })).toBe(
      '400 Bad Request: PARTICIPANT_ID_INVALID',
    )
  })
})

describe('limits', () => {
  const limited = async (rates: 'usual' | 'strict') => {
    await telegram.stop()
    telegram = await startTelegram({ botToken: TOKEN, time, rates })
    ana = telegram.user('Ana')
    ana.send('/start')
  }
  const sent = async (count: number, chatId = () => ana.chatId) => {
    const statuses: number[] = []
    for (let i = 0; i < count; i++)
      statuses.push((await call('sendMessage', { chat_id: chatId(), text: `${i}` })).status)
    return statuses.filter(status => status === 200).length
  }

  test('a chat takes a message a second after a short burst; 429 says how long to wait', async () => {
    await limited('strict')
    expect(await sent(5)).toBe(3)
    const { status, parameters, description } = await say('x')
    expect({ status, parameters, description }).toEqual({
      status: 429,
      parameters: { retry_after: 1 },
      description: 'Too Many Requests: retry after 1',
    })
    await time.advance(1000)
    expect(await sent(2)).toBe(1)
  })

  test('a group takes 20 a minute, all chats together 30 a second', async () => {
    await limited('usual')
    const group = telegram.group('Família')
    group.addBot(ana)
    expect(await sent(25, () => group.chatId)).toBe(20)
    await time.advance(60_000)
    const people = Array.from({ length: 40 }, (_, index) => telegram.user(`Pessoa ${index}`))
    for (const person of people) person.send('/start')
    const ids = people.map(({ chatId }) => chatId)
    expect(await sent(40, () => ids.shift() ?? 0)).toBe(30)
  })
})

describe('scripted faults', () => {
  beforeEach(() => void ana.send('/start'))

  test('an error of choice, so many times, for one method or chat', async () => {
    telegram.failNext('sendMessage', { status: 429, retryAfter: 7 })
    expect(await say('x')).toMatchObject({ status: 429, parameters: { retry_after: 7 } })
    expect((await say('x')).ok).toBe(true)
    telegram.failNext('*', { status: 502, times: 2 })
    expect((await say('x')).status).toBe(502)
    expect((await call('getMe')).status).toBe(502)
    expect((await call('getMe')).status).toBe(200)
    telegram.failNext('sendMessage', { status: 400, chatId: 1 })
    expect((await say('x')).ok).toBe(true)
  })

  test("an answer that is not Telegram's: HTML with 200, half a JSON", async () => {
    const raw = async () => {
      const response = await fetch(`${telegram.url}/bot${TOKEN}/getMe`)
      return [response.status, await response.text()]
    }
    telegram.failNext('getMe', { body: '<html>hello from a proxy</html>' })
    expect(await raw()).toEqual([200, '<html>hello from a proxy</html>'])
    telegram.failNext('getMe', { status: 502, body: '{"ok":', contentType: 'application/json' })
    expect(await raw()).toEqual([502, '{"ok":'])
  })

  test('a connection cut before the message is sent, and one cut after it', async () => {
    telegram.failNext('sendMessage', { dropConnection: true })
    await expect(say('lost')).rejects.toThrow()
    expect(ana.answers()).toEqual([])
    telegram.failNext('sendMessage', { dropConnection: true, delivered: true })
    await expect(say('arrived')).rejects.toThrow()
    expect(ana.last()?.text).toBe('arrived')
    expect(telegram.calls('sendMessage').map(({ status }) => status)).toEqual([null, null])
  })
})

describe('menus and texts of the bot', () => {
  test('commands are kept by scope and language', async () => {
    const commands = [{ command: 'ajuda', description: 'Ajuda' }]
    const group = { scope: { type: 'all_group_chats' } }
    await call('setMyCommands', { commands, language_code: 'pt' })
    await call('setMyCommands', { commands, ...group })
    expect((await call('getMyCommands')).result).toEqual([])
    expect((await call('getMyCommands', { language_code: 'pt' })).result).toEqual(commands)
    expect((await call('getMyCommands', group)).result).toEqual(commands)
    await call('deleteMyCommands', { language_code: 'pt' })
    expect((await call('getMyCommands', { language_code: 'pt' })).result).toEqual([])
  })

  test.each<[string, object, string]>([
    ['a language with its country', { commands: [], language_code: 'pt-BR' }, 'invalid language code specified'],
    ['a command with a capital', { commands: [{ command: 'Ajuda', description: 'x' }] }, 'BOT_COMMAND_INVALID'],
    ['a command with an accent', { commands: [{ command: 'séries', description: 'x' }] }, 'BOT_COMMAND_INVALID'],
    [
      'one without a description',
      { commands: [{ command: 'a', description: ' ' }] },
      'command description must be non-empty',
    ],
    [
      'one too long',
      { commands: [{ command: 'a'.repeat(33), description: 'x' }] },
      'command length must not exceed 32',
    ],
    ['no list', { commands: {} }, 'expected an Array of BotCommand'],
    [
      'an unknown scope',
      { commands: [], scope: { type: 'planet' } },
      "can't parse BotCommandScope: Unsupported type specified",
    ],
  ])('%s is refused', async (_, params, words) => {
    expect(await refusal('setMyCommands', params)).toBe(`400 Bad Request: ${words}`)
  })

  test('description and short description have their lengths', async () => {
    expect((await call('setMyDescription', { description: 'x'.repeat(512) })).ok).toBe(true)
    expect((await call('setMyDescription', { description: 'x'.repeat(513) })).ok).toBe(false)
    expect((await call('setMyShortDescription', { short_description: 'x'.repeat(121) })).ok).toBe(false)
    await call('setMyShortDescription', { short_description: 'Vigia', language_code: 'pt' })
    expect((await call('getMyShortDescription', { language_code: 'pt' })).result).toEqual({
      short_description: 'Vigia',
    })
  })
})

describe('getUpdates', () => {
  const texts = (updates: Update[]) => updates.map(({ message }) => message?.text)

  test('gives what waits, keeps it until it is confirmed, and counts ids upwards', async () => {
    ana.send('um')
    ana.send('dois')
    const { result } = await call<Update[]>('getUpdates')
    const ids = result.map(({ update_id }) => update_id)
    expect(texts(result)).toEqual(['um', 'dois'])
    expect(ids[1]).toBe(ids[0]! + 1)
    expect((await call<Update[]>('getUpdates')).result).toEqual(result)
    expect(texts((await call<Update[]>('getUpdates', { offset: ids[0]! + 1 })).result)).toEqual(['dois'])
    expect((await call<Update[]>('getUpdates', { offset: ids[1]! + 1 })).result).toEqual([])
  })

  test('waits for news up to its timeout', async () => {
    const polling = call<Update[]>('getUpdates', { timeout: 50 })
    await until(() => time.next() === 50_000, { what: 'the poll to wait' })
    ana.send('at last')
    expect(texts((await polling).result)).toEqual(['at last'])
    const idle = call<Update[]>('getUpdates', { offset: 2 ** 31, timeout: 10 })
    await until(() => time.next() === 10_000, { what: 'the poll to wait' })
    await time.advance(10_000)
    expect((await idle).result).toEqual([])
  })

  test('conflicts with another getUpdates, and with a webhook', async () => {
    const first = call<Update[]>('getUpdates', { timeout: 50 })
    await until(() => time.next() !== null, { what: 'the poll to wait' })
    const second = call<Update[]>('getUpdates', { timeout: 50 })
    expect(await first).toMatchObject({
      status: 409,
      description: 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
    })
    await until(() => time.next() !== null, { what: 'the second poll to wait' })
    await call('setWebhook', { url: 'http://127.0.0.1:9/' })
    expect((await second).description).toBe('Conflict: terminated by setWebhook request')
    expect(await refusal('getUpdates')).toBe(
      "409 Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )
  })

  test('allowed_updates are kept until others are named', async () => {
    await call<Update[]>('getUpdates', { allowed_updates: ['callback_query'] })
    ana.send('unheard')
    expect((await call<Update[]>('getUpdates')).result).toEqual([])
    await call<Update[]>('getUpdates', { allowed_updates: [] })
    ana.send('heard')
    expect((await call<Update[]>('getUpdates')).result).toHaveLength(1)
  })
})

describe('the webhook', () => {
  interface Taken {
    update: Update
    headers: IncomingMessage['headers']
    answer(status: number, options?: { headers?: Record<string, string>; body?: string }): void
    cut(): void
  }
  let hook: Server
  let taken: Taken[]
  /** Answers at once, unless a test wants to answer by hand. */
  let reply: ((taken: Taken) => void) | null

  beforeEach(async () => {
    taken = []
    reply = entry => entry.answer(200)
    hook = createServer((request: IncomingMessage, response: ServerResponse) => {
      let body = ''
      request.on('data', chunk => {
        body += chunk
      })
      request.on('end', () => {
        const entry: Taken = {
          update: JSON.parse(body),
          headers: request.headers,
          answer: (status, { headers = {}, body: text = '' } = {}) =>
            void response.writeHead(status, headers).end(text),
          cut: () => void request.socket.destroy(),
        }
        taken.push(entry)
        reply?.(entry)
      })
    })
    await new Promise<void>(resolve => hook.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => {
    hook.closeAllConnections()
    hook.close()
  })

  const port = () => (hook.address() as AddressInfo).port
  const set = (more: object = {}) =>
    call('setWebhook', { url: `http://telegram-webhook.localhost:${port()}/hook`, secret_token: 'a-secret_1', ...more })
  const texts = () => taken.map(({ update }) => update.message?.text ?? update.callback_query?.data)
  const deliveries = (count: number) =>
    until(() => telegram.deliveries().length >= count, { what: `${count} deliveries` })
  /** Lets retries fall due one after the other; says how far apart they were, in seconds. */
  const pausesUntil = async (count: number) => {
    while (taken.length < count) {
      const before = taken.length
      await until(() => telegram.deliveries().length === before && time.next() !== null, {
        what: 'a retry to be planned',
      })
      await time.advance(time.next() ?? 0)
      await until(() => taken.length > before, { what: 'the retry' })
    }
    await deliveries(count)
    const at = telegram.deliveries().map(delivery => delivery.at.getTime())
    return at.slice(1).map((when, index) => (when - at[index]!) / 1000)
  }

  test.each<[string, object, string]>([
    ['plain http', { url: 'http://vigia.example.org/' }, 'bad webhook: An HTTPS URL must be provided for webhook'],
    [
      'an unusual port',
      { url: 'https://vigia.example.org:9000/' },
      'bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443',
    ],
    ['no address', { url: 'https://' }, 'invalid webhook URL specified'],
    [
      'a secret with a space',
      { url: 'https://a.org', secret_token: 'a b' },
      'secret token contains unallowed characters',
    ],
    ['a secret too long', { url: 'https://a.org', secret_token: 'a'.repeat(257) }, 'secret token is too long'],
  ])('%s is refused', async (_, params, words) => {
    expect(await refusal('setWebhook', params)).toBe(`400 Bad Request: ${words}`)
  })

  test('gets updates with the secret and its name as Host, dialled on this machine', async () => {
    expect((await set({ max_connections: 5 })).result).toBe(true)
    ana.send('oi')
    await deliveries(1)
    expect(taken[0]?.headers).toMatchObject({
      host: `telegram-webhook.localhost:${port()}`,
      'x-telegram-bot-api-secret-token': 'a-secret_1',
      'content-type': 'application/json',
    })
    expect((await call('getWebhookInfo')).result).toMatchObject({
      url: `http://telegram-webhook.localhost:${port()}/hook`,
      pending_update_count: 0,
      max_connections: 5,
    })
  })

  test('is set again at once with 429, a second later with ease, and needs no setting twice', async () => {
    await set()
    expect((await set()).status).toBe(429)
    await time.advance(1000)
    expect(await set()).toMatchObject({ result: true, description: 'Webhook is already set' })
  })

  test.each([200, 201, 204, 299])('an answer of %i takes the update', async status => {
    reply = entry => entry.answer(status)
    await set()
    ana.send('oi')
    await deliveries(1)
    expect(telegram.pending()).toEqual([])
  })

  test('any other answer, a redirect too, is tried again: at once, then after 2, 4, 8 … seconds', async () => {
    reply = entry => entry.answer(302, { headers: { location: '/elsewhere' } })
    await set()
    ana.send('oi')
    // The first retry comes by itself: until it is there, the next timer would be its own timeout.
    await until(() => taken.length >= 2, { what: 'the first attempt and the retry at once' })
    const pauses = await pausesUntil(7)
    expect(pauses.map(Math.round)).toEqual([0, 2, 4, 8, 16, 32])
    expect((await call('getWebhookInfo')).result).toMatchObject({
      pending_update_count: 1,
      last_error_message: 'Wrong response from the webhook: 302 Found',
    })
    reply = entry => entry.answer(200)
    await pausesUntil(8)
    expect(telegram.pending()).toEqual([])
  })

  test('Retry-After is honoured, up to an hour', async () => {
    const answers = ['90', '999999']
    reply = entry => entry.answer(503, { headers: { 'retry-after': answers.shift() ?? '1' } })
    await set()
    ana.send('oi')
    await until(() => taken.length === 1, { what: 'the first attempt' })
    expect((await pausesUntil(3)).map(Math.round)).toEqual([90, 3600])
  })

  test('a cut connection and a silent one are errors too', async () => {
    reply = entry => entry.cut()
    await set()
    ana.send('oi')
    await until(() => taken.length >= 1, { what: 'the first attempt' })
    await deliveries(1)
    expect(telegram.deliveries()[0]).toMatchObject({ status: null, error: 'Webhook connection closed' })
    reply = null
    await until(
      async () => {
        await time.advance(1000)
        return telegram.deliveries().some(({ error }) => error === 'Read timeout expired')
      },
      { what: 'the 60 seconds to pass' },
    )
  })

  test('updates expire: a press after 150 seconds, a message after a day', async () => {
    ana.send('/start')
    await say('card', buttons([{ text: 'a', callback_data: 'pressed' }]))
    ana.press('a')
    reply = entry => entry.answer(500)
    await set()
    await until(() => taken.length >= 2, { what: 'both to be tried' })
    const waiting = () => telegram.pending().map(({ message }) => message?.text ?? 'press')
    const pass = (ms: number, what: string[]) =>
      until(
        async () => {
          await time.advance(ms)
          return JSON.stringify(waiting()) === JSON.stringify(what)
        },
        { what: `${what} to wait` },
      )
    await pass(5_000, ['/start'])
    await pass(3_600_000, [])
  })

  test('one update at a time within a chat; presses and other chats beside it', async () => {
    ana.send('/start')
    await say('card', buttons([{ text: 'a', callback_data: 'pressed' }]))
    telegram.forgetCalls()
    reply = null
    await set()
    ana.send('second')
    ana.press('a')
    telegram.user('Bia').send('other chat')
    await until(() => taken.length === 3, { what: 'three at once' })
    expect(texts().sort()).toEqual(['/start', 'other chat', 'pressed'])
    reply = entry => entry.answer(200)
    for (const entry of [...taken]) entry.answer(200)
    await deliveries(4)
    expect(texts().at(-1)).toBe('second')
  })

  test('a failing update holds up its chat and no other', async () => {
    reply = entry => entry.answer(entry.update.message?.text === 'poison' ? 500 : 200)
    await set()
    ana.send('poison')
    ana.send('behind it')
    telegram.user('Bia').send('free')
    await until(() => texts().includes('free'), { what: 'the other chat' })
    await until(() => texts().filter(text => text === 'poison').length >= 2, { what: 'a retry' })
    expect(texts()).not.toContain('behind it')
  })

  test('max_connections bounds what is in flight', async () => {
    reply = null
    await set({ max_connections: 2 })
    for (const name of ['Bia', 'Caio', 'Duda', 'Enzo']) telegram.user(name).send(name)
    await until(() => taken.length === 2, { what: 'two' })
    taken[0]?.answer(200)
    await until(() => taken.length === 3, { what: 'the third' })
    expect(telegram.deliveries()).toHaveLength(1)
  })

  test('a method in the answer is executed and recorded, those that ask for something are not', async () => {
    const asked = [
      { method: 'sendMessage', chat_id: ana.chatId, text: 'from the answer' },
      { method: 'getMe' },
      { method: 'deleteWebhook' },
    ]
    reply = entry =>
      entry.answer(200, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked.shift() ?? {}) })
    await set()
    for (const text of ['um', 'dois', 'três', 'quatro']) ana.send(text)
    await deliveries(4)
    expect(telegram.deliveries().map(({ executed }) => executed)).toEqual(['sendMessage', null, null, null])
    expect(ana.answers().map(({ text }) => text)).toEqual(['from the answer'])
    expect(telegram.webhookInfo().url).not.toBe('')
  })

  test('every update twice, on demand, and one again', async () => {
    telegram.deliverTwice(true)
    await set()
    ana.send('um')
    ana.send('dois')
    await deliveries(4)
    expect(texts()).toEqual(['um', 'um', 'dois', 'dois'])
    telegram.redeliver(taken[0]!.update)
    await deliveries(5)
    expect(taken[4]?.update).toEqual(taken[0]?.update)
  })

  test('what was sent before is delivered, unless it is dropped; without a webhook it waits', async () => {
    ana.send('waiting')
    await set()
    await deliveries(1)
    await call('deleteWebhook')
    ana.send('later')
    expect(telegram.pending()).toHaveLength(1)
    await time.advance(1000)
    await set({ drop_pending_updates: true })
    expect(telegram.pending()).toEqual([])
  })

  test('410 for 23 hours ends the webhook', async () => {
    reply = entry => entry.answer(410, { headers: { 'retry-after': '3600' } })
    await set()
    ana.send('oi')
    await until(() => taken.length === 1, { what: 'the first attempt' })
    await pausesUntil(24)
    expect(telegram.webhookInfo().url).not.toBe('')
    await time.advance(3_600_000)
    await until(() => telegram.webhookInfo().url === '', { what: 'the webhook to be removed' })
  })
})

test("a newcomer's conversation is there again after a restart, with ids that go on", async () => {
  const { mkdtemp, rm } = await import('node:fs/promises')
  const folder = await mkdtemp('/tmp/vigia-telegram-')
  const open = () =>
    startTelegram({ botToken: TOKEN, opsToken: OPS, time, newcomer: { conversationFile: `${folder}/t.json` } })
  const before = await open()
  before.person.send('/start')
  const first = before.pending()[0]
  await fetch(`${before.url}/bot${TOKEN}/sendMessage?chat_id=${before.person.id}&text=ol%C3%A1`)
  await fetch(`${before.url}/bot${OPS}/sendMessage?chat_id=${before.person.id}&text=op`)
  await before.stop()
  const after = await open()
  try {
    expect(after.person.messages().map(({ text }) => text)).toEqual(['/start', 'olá'])
    expect(after.operators.user(after.person.id).last()?.text).toBe('op')
    expect(after.pending()).toEqual([first])
    const id = after.person.send('again')
    expect(id).toBeGreaterThan(2)
    expect(after.pending().at(-1)?.update_id).toBeGreaterThan(first?.update_id ?? 0)
  } finally {
    await after.stop()
    await rm(folder, { recursive: true })
  }
})

test('the transcript tells who said what', async () => {
  ana.send('/start')
  await say('Olá!\nTudo bem?', buttons([{ text: 'Buscar', callback_data: 'a' }]))
  expect(telegram.transcript()).toBe('#1 Ana: /start\n#2 Vigia → Ana: Olá! ⏎ Tudo bem? [Buscar]')
})
