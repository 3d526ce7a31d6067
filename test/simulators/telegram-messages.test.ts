import { beforeEach, describe, expect, test } from 'vitest'
import { whitePng } from '#test/support/white-png.ts'
import { ana, botToken, buttons, call, html, opsToken, refusal, sendToAna, telegram, time } from './support/telegram.ts'

describe('text', () => {
  beforeEach(() => void ana.send('/start'))

  test('is counted after parsing, in UTF-16 units', async () => {
    const emoji = '😀'.repeat(2048)
    expect((await sendToAna(emoji)).ok).toBe(true)
    expect(await refusal('sendMessage', { chat_id: ana.chatId, text: `${emoji}x` })).toBe(
      '400 Bad Request: message is too long',
    )
    expect((await sendToAna(`<b>${'x'.repeat(4096)}</b>`, html)).ok).toBe(true)
    expect((await sendToAna('&amp;'.repeat(4096), html)).ok).toBe(true)
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
    ['<tg-time>x</tg-time>', "400 Bad Request: can't parse entities: Invalid Unix time specified"],
    ['<tg-time unix="soon">x</tg-time>', "400 Bad Request: can't parse entities: Invalid Unix time specified"],
    ...['rt', 'tw', 'dD', 'x'].map((format): [string, string] => [
      `<tg-time unix="1647531900" format="${format}">x</tg-time>`,
      "400 Bad Request: can't parse entities: Invalid date-time format specified",
    ]),
  ])("HTML %j is refused with Telegram's error", async (text, words) => {
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
    ...['wDT', 't', 'r', ''].map((format): [string, string, object[]] => [
      `<b><tg-time unix="1647531900" format="${format}">22:45</tg-time></b>`,
      '22:45',
      [
        { type: 'date_time', offset: 0, length: 5, unix_time: 1_647_531_900, date_time_format: format },
        { type: 'bold', offset: 0, length: 5 },
      ],
    ]),
    ['<span class="tg-spoiler">s</span>', 's', [{ type: 'spoiler', offset: 0, length: 1 }]],
    ['&lt;b&gt; &amp; &quot; &#233; &#x1F600; &nbsp; &copy', '<b> & " é 😀 &nbsp; &copy', []],
    ['  <b> a </b>  ', ' a', [{ type: 'bold', offset: 0, length: 2 }]],
    ['<b></b>a', 'a', []],
  ])('HTML %j gives the text %j', async (source, text, entities) => {
    const { result } = await sendToAna(source, html)
    expect({ text: result.text, entities: result.entities ?? [] }).toEqual({ text, entities })
  })

  test('explicit entities are accepted if they lie within the text, and refused otherwise', async () => {
    const bold = { type: 'bold', offset: 0, length: 2 }
    expect((await sendToAna('oi!', { entities: [bold] })).result.entities).toEqual([bold])
    const params = { chat_id: ana.chatId, text: 'oi', entities: [{ ...bold, length: 3 }] }
    expect(await refusal('sendMessage', params)).toBe(
      '400 Bad Request: entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 3',
    )
  })

  test('an unknown parse_mode is refused, and so is a mode that Vigia never writes', async () => {
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

  test('callback_data has 1 to 64 bytes, not characters', async () => {
    expect((await sendToAna('x', buttons([{ text: 'a', callback_data: 'é'.repeat(32) }]))).ok).toBe(true)
    const words = await withMarkup({ inline_keyboard: [[{ text: 'a', callback_data: `${'é'.repeat(32)}x` }]] })
    expect(words).toBe('400 Bad Request: BUTTON_DATA_INVALID')
  })

  test.each<[string, unknown, string]>([
    ['a keyboard that is not JSON', '{', "400 Bad Request: can't parse reply keyboard markup JSON object"],
    ['a list', [], '400 Bad Request: object expected as reply markup'],
    [
      'rows that are not lists',
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
      'a URL that Telegram does not accept as a link',
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
    await sendToAna(
      'card',
      buttons([
        { text: '🔔 Seguir', callback_data: 'v1:f:82' },
        { text: 'TVmaze', url: 'https://a.org' },
      ]),
    )
  })

  test("reaches the bot with its data, and the bot's one answer reaches the person", async () => {
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

  test('cannot be answered after a minute', async () => {
    const { id } = ana.press(/Seguir/)
    await time.advance(61_000)
    expect(await refusal('answerCallbackQuery', { callback_query_id: id })).toMatch(/query is too old/)
  })

  test('on a button that does not exist fails and names the existing buttons', () => {
    expect(() => ana.press('Remover')).toThrow('the buttons on it are: [🔔 Seguir] [TVmaze]')
  })

  test('on a link sends no update', () => {
    const before = telegram.pending().length
    ana.press('TVmaze')
    expect(telegram.pending()).toHaveLength(before)
  })
})

describe('edits', () => {
  let id: number
  beforeEach(async () => {
    ana.send('/start')
    id = (await sendToAna('before', buttons([{ text: 'a', callback_data: 'a' }]))).result.message_id
  })
  const edit = (params: object) => ({ chat_id: ana.chatId, message_id: id, ...params })

  test('change the message in place; without a keyboard the buttons disappear', async () => {
    const { result } = await call('editMessageText', edit({ text: '<b>after</b>', ...html }))
    expect(result).toMatchObject({ message_id: id, text: 'after', edit_date: expect.any(Number) })
    expect(ana.last()).toMatchObject({ id, text: 'after', edited: true, buttons: [] })
  })

  test('that change nothing are refused', async () => {
    const words =
      '400 Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message'
    const same = edit({ text: 'before', ...buttons([{ text: 'a', callback_data: 'a' }]) })
    expect(await refusal('editMessageText', same)).toBe(words)
    expect(await refusal('editMessageReplyMarkup', edit(buttons([{ text: 'a', callback_data: 'a' }])))).toBe(words)
    expect((await call('editMessageReplyMarkup', edit(buttons([{ text: 'b', callback_data: 'a' }])))).ok).toBe(true)
  })

  test('need a message of the right kind that the bot sent', async () => {
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

  test('a message can be deleted once, within 48 hours', async () => {
    expect((await call('deleteMessage', edit({}))).result).toBe(true)
    expect(ana.answers()).toEqual([])
    expect(await refusal('deleteMessage', edit({}))).toBe('400 Bad Request: message to delete not found')
    const { message_id } = (await sendToAna('old')).result
    await time.advance(48 * 3_600_000 + 1000)
    expect(await refusal('deleteMessage', edit({ message_id }))).toBe("400 Bad Request: message can't be deleted")
  })
})

describe('photos', () => {
  beforeEach(() => void ana.send('/start'))
  const send = (photo: string, token = botToken) => ['sendPhoto', { chat_id: ana.chatId, photo }, token] as const

  test('by URL get a file_id, which works for this bot only', async () => {
    const { result } = await call(...send('https://example.org/a.jpg'))
    const file = result.photo?.at(-1)?.file_id ?? ''
    expect((await call(...send(file))).ok).toBe(true)
    telegram.operators.user('Ana').send('/start')
    expect(await refusal(...send(file, opsToken))).toBe('400 Bad Request: wrong file identifier/HTTP URL specified')
  })

  test.each([
    ['not found', '400 Bad Request: failed to get HTTP URL content'],
    ['too big', '400 Bad Request: failed to get HTTP URL content'],
    ['not an image', '400 Bad Request: wrong type of the web page content'],
    ['refused', '400 Bad Request: wrong HTTP URL specified'],
  ] as const)("with the fetch result '%s' are refused with Telegram's error", async (result, words) => {
    telegram.photo('https://example.org/a.jpg', result)
    expect(await refusal(...send('https://example.org/a.jpg'))).toBe(words)
    expect((await call(...send('https://example.org/b.jpg'))).ok).toBe(true)
  })
})

describe('uploaded photos', () => {
  beforeEach(() => void ana.send('/start'))
  /** Uploads a file as the part `field`, and returns Telegram's answer. */
  const upload = async (bytes: Buffer, { field = 'photo', photo }: { field?: string; photo?: string } = {}) => {
    const form = new FormData()
    form.set('chat_id', String(ana.chatId))
    form.set('caption', '<b>Relatório</b>')
    form.set('parse_mode', 'HTML')
    if (photo !== undefined) form.set('photo', photo)
    form.set(field, new Blob([new Uint8Array(bytes)], { type: 'image/png' }), 'report.png')
    const answer = await fetch(`${telegram.url}/bot${botToken}/sendPhoto`, { method: 'POST', body: form })
    return (await answer.json()) as { ok: boolean; description?: string; result: { photo: { file_id: string }[] } }
  }

  test('are shown with their size and bytes, and their file_id sends them again', async () => {
    const { result } = await upload(whitePng(300, 200))
    const shown = ana.last()!
    expect(shown).toMatchObject({ text: 'Relatório', photoSize: { width: 300, height: 200 } })
    expect(ana.picture(shown.id)).toEqual(whitePng(300, 200))
    expect((await call('sendPhoto', { chat_id: ana.chatId, photo: result.photo[0]!.file_id })).ok).toBe(true)
  })

  test('may be in a part of another name, to which `photo` refers', async () => {
    expect((await upload(whitePng(3, 2), { field: 'chart', photo: 'attach://chart' })).ok).toBe(true)
    expect((await upload(whitePng(3, 2), { field: 'chart', photo: 'attach://other' })).ok).toBe(false)
  })

  test.each([
    ['an empty file', Buffer.alloc(0), 'Bad Request: file must be non-empty'],
    ['a file that is not an image', Buffer.from('<svg/>'), 'Bad Request: IMAGE_PROCESS_FAILED'],
    ['an image that is cut off', whitePng(300, 200).subarray(0, 60), 'Bad Request: IMAGE_PROCESS_FAILED'],
    ['an image that is too long', whitePng(1, 21), 'Bad Request: PHOTO_INVALID_DIMENSIONS'],
    ['an image that is too large', whitePng(5_000, 5_001), 'Bad Request: PHOTO_INVALID_DIMENSIONS'],
  ])("%s is refused with Telegram's error", async (_, bytes, description) => {
    expect(await upload(bytes)).toMatchObject({ ok: false, description })
    expect(ana.answers()).toEqual([])
  })
})

test('the transcript has the author and the text of each message', async () => {
  ana.send('/start')
  await sendToAna('Olá!\nTudo bem?', buttons([{ text: 'Buscar', callback_data: 'a' }]))
  expect(telegram.transcript()).toBe('#1 Ana: /start\n#2 Vigia → Ana: Olá! ⏎ Tudo bem? [Buscar]')
})
