import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { emptyScreen, update } from '#local/chat/screen.ts'
import type { ChatState } from '#simulators/telegram/chat-state.ts'
import type { TelegramSimulator } from '#simulators/telegram.ts'
import { startChat } from '#test/simulators/support/chat-page.ts'
import { until } from '#test/support/until.ts'
import { whitePng } from '#test/support/white-png.ts'

let chat: Awaited<ReturnType<typeof startChat>>
let telegram: TelegramSimulator
let bot: typeof chat.bot
let base: string

beforeEach(async () => {
  chat = await startChat()
  telegram = chat.telegram
  bot = chat.bot
  base = chat.url
})
afterEach(() => chat.stop())

const state = async (language = 'pt-BR') =>
  (await (await fetch(`${base}/chat/api/state`, { headers: { 'accept-language': language } })).json()) as ChatState
const main = async () => (await state()).conversations[0]!
const act = (action: string, body: object, headers: Record<string, string> = { 'vigia-local': '1' }) =>
  fetch(`${base}/chat/api/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const card = {
  inline_keyboard: [
    [
      { text: 'Seguir', callback_data: 'f:1' },
      { text: 'Seguir', callback_data: 'f:2' },
    ],
  ],
}

describe('the page', () => {
  test('is in the language of the browser, and has no inline scripts or styles and no files of other origins', async () => {
    const page = await fetch(`${base}/chat`, { headers: { 'accept-language': 'pt-BR' } })
    const html = await page.text()
    expect(html).toContain('<html lang="pt-BR">')
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'/)
    expect(page.headers.get('content-security-policy')).not.toMatch(/unsafe|http/)
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|src="http/)
    for (const [, path] of html.matchAll(/(?:src|href)="(\/chat[^"]+)"/g)) {
      expect((await fetch(base + path)).status).toBe(200)
    }
    expect(await (await fetch(`${base}/chat`)).text()).toContain('<html lang="en">')
  })

  test('uses the language of the browser for the Telegram user until the first message', async () => {
    await fetch(`${base}/chat`, { headers: { 'accept-language': 'pt-BR' } })
    await act('send', { text: '/start' })
    await fetch(`${base}/chat`, { headers: { 'accept-language': 'en' } })
    expect(telegram.pending()[0]?.message?.from?.language_code).toBe('pt-br')
  })

  test('answers 404 to paths that are not its own, and 405 to other methods', async () => {
    expect((await fetch(`${base}/elsewhere`)).status).toBe(404)
    expect((await fetch(`${base}/chatter`)).status).toBe(404)
    expect((await fetch(`${base}/chat/api/nothing`)).status).toBe(404)
    expect((await fetch(`${base}/chat`, { method: 'DELETE' })).status).toBe(405)
  })

  test('suggests the show that airs soon and the test sites on its own port', async () => {
    const { hints } = await state()
    expect(hints.map(({ send }) => send)).toContain('Plantão Relâmpago')
    expect(hints.find(({ at }) => at !== undefined)?.at).toBe('2026-11-21T12:04:00.000Z')
    const { port } = new URL(base)
    expect(hints.find(({ link }) => link !== undefined)).toMatchObject({
      send: `/monitorar http://sites.localhost:${port}/shop 10s`,
      link: `http://sites.localhost:${port}/`,
    })
  })
})

describe('a conversation', () => {
  test('shows the messages of both bots and sends what the person writes', async () => {
    expect((await act('send', { text: '<b>oi</b>' })).status).toBe(200)
    expect(telegram.pending().map(({ message }) => message?.text)).toEqual(['<b>oi</b>'])
    await bot('sendMessage', { text: 'olá' })
    await bot('sendMessage', { text: 'carta morta' }, 'operators')
    const { conversations } = await state()
    expect(conversations.map(({ messages }) => messages.map(({ text }) => text))).toEqual([
      ['<b>oi</b>', 'olá'],
      ['carta morta'],
    ])
  })

  test('is streamed when it changes', async () => {
    const controller = new AbortController()
    const response = await fetch(`${base}/chat/api/stream`, { signal: controller.signal })
    let text = ''
    const reading = (async () => {
      for await (const chunk of response.body!) text += Buffer.from(chunk).toString()
    })().catch(() => {})
    await until(() => text.includes('"conversations"'), { what: 'the first state' })
    await bot('sendMessage', { text: 'a message before /start, which Telegram refuses' })
    await act('send', { text: '/start' })
    await bot('sendMessage', { text: 'streamed' })
    await until(() => text.includes('"streamed"'), { what: 'the message' })
    expect(text).not.toContain('before /start')
    controller.abort()
    await reading
  })

  test('a press is identified by row and column, because two buttons may have the same text, and its answer is shown', async () => {
    await act('send', { text: '/start' })
    const { result } = await bot('sendMessage', { text: 'card', reply_markup: card })
    const pressed = await act('press', { message: result.message_id, row: 0, column: 1 })
    const { query } = (await pressed.json()) as { query: string }
    expect(telegram.pending().at(-1)?.callback_query?.data).toBe('f:2')
    await bot('answerCallbackQuery', { callback_query_id: query, text: 'Seguindo', show_alert: true })
    expect((await main()).answers).toEqual({ [query]: { text: 'Seguindo', alert: true } })
    expect((await act('press', { message: result.message_id, row: 3, column: 0 })).status).toBe(404)
  })

  test('blocking and unblocking the bot work as in Telegram', async () => {
    await act('send', { text: '/start' })
    await act('block', {})
    expect((await bot('sendMessage', { text: 'x' })).ok).toBe(false)
    expect((await main()).isBlocked).toBe(true)
    const refused = await act('send', { text: 'x' })
    expect([refused.status, await refused.json()]).toEqual([
      409,
      { error: expect.stringMatching(/has blocked the bot/) },
    ])
    await act('unblock', {})
    expect((await bot('sendMessage', { text: 'x' })).ok).toBe(true)
  })

  test('a request without the header Vigia-Local changes nothing', async () => {
    for (const action of ['send', 'press', 'block', 'unblock']) {
      expect((await act(action, { text: 'x' }, {})).status).toBe(403)
    }
    expect((await main()).messages).toEqual([])
  })

  test.each([[{}], [{ text: '' }], [{ text: 7 }], [{ text: 'x'.repeat(4097) }]])(
    '%j is refused as a message',
    async body => {
      expect((await act('send', body)).status).toBe(400)
    },
  )

  test('posters are SVG images of the simulator, with the name escaped', async () => {
    await act('send', { text: '/start' })
    const { result } = await bot('sendPhoto', { photo: 'https://example.org/p.png', caption: '📺 A<script>&"\nCanal' })
    const response = await fetch(`${base}/chat/photo/main/${result.message_id}.svg`)
    const svg = await response.text()
    expect(response.headers.get('content-type')).toMatch(/^image\/svg\+xml/)
    expect(svg).toContain('A&#60;script&#62;&#38;&#34;')
    expect(svg).not.toContain('<script')
    expect((await fetch(`${base}/chat/photo/main/999.svg`)).status).toBe(404)
  })

  test('an uploaded picture is shown unchanged, in its own size', async () => {
    await act('send', { text: '/start' })
    const png = whitePng(40, 30)
    const form = new FormData()
    form.set('chat_id', String(telegram.person.chatId))
    form.set('photo', new Blob([new Uint8Array(png)], { type: 'image/png' }), 'report.png')
    const sent = await fetch(`${telegram.url}/bot${telegram.token}/sendPhoto`, { method: 'POST', body: form })
    const { result } = (await sent.json()) as { result: { message_id: number } }
    const response = await fetch(`${base}/chat/photo/main/${result.message_id}.image`)
    expect(response.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await response.arrayBuffer())).toEqual(png)
  })
})

describe('the screen of the terminal', () => {
  const display = { language: 'en', colours: false } as const
  const at = '2026-11-21T12:00:00.000Z'
  const message = (id: number, text: string, buttons: { text: string; data?: string; url?: string }[][] = []) => ({
    id,
    from: 'bot',
    mine: false,
    text,
    entities: [],
    photo: null,
    photoSize: null,
    buttons,
    replyTo: null,
    edited: false,
    silent: false,
    threadId: null,
    at,
  })

  test('numbers the buttons of the newest message that has buttons, or of an older message that is edited later', () => {
    const messages = [
      message(1, 'one', [[{ text: 'A', data: 'a' }]]),
      message(2, 'two', [[{ text: 'B', data: 'b' }], [{ text: 'C', url: 'https://c.org' }]]),
    ]
    const first = update(emptyScreen, { messages, name: 'Vigia' }, display)
    expect(first.lines.join('\n')).toMatch(/\[A\][\s\S]*\[1 B\]\n {2}\[2 C ↗\]/)
    expect(first.screen.choices.map(({ message: id, text }) => [id, text])).toEqual([
      [2, 'B'],
      [2, 'C'],
    ])
    const edited = [message(1, 'one!', [[{ text: 'A2', data: 'a' }]]), messages[1]!]
    const second = update(first.screen, { messages: edited, name: 'Vigia' }, display)
    expect(second.lines.join('\n')).toMatch(/edited\n {2}one!\n {2}\[1 A2\]$/)
    expect(second.screen.choices.map(({ message: id }) => id)).toEqual([1])
    const third = update(second.screen, { messages: [...edited, message(3, 'plain')], name: 'Vigia' }, display)
    expect(third.lines.join('\n')).toMatch(/plain$/)
    expect(third.screen.choices.map(({ message: id }) => id)).toEqual([1])
  })

  test('shows the last ten messages of a long conversation, and none of them twice', () => {
    const messages = Array.from({ length: 30 }, (_, index) => message(index + 1, `text ${index + 1}`))
    const first = update(emptyScreen, { messages, name: 'Vigia' }, display)
    expect(first.lines.filter(line => line.includes('text'))).toHaveLength(10)
    expect(update(first.screen, { messages, name: 'Vigia' }, display).lines).toEqual([])
  })

  test('removes control characters from messages', () => {
    const text = 'bad\u001b[2J\u009b31m\rname'
    const { lines } = update(
      emptyScreen,
      { messages: [message(1, text, [[{ text, data: 'a' }]])], name: 'Vi\u0007gia' },
      display,
    )
    expect(lines.join('')).not.toMatch(/\p{Cc}/u)
  })
})

describe('npm run chat', () => {
  let child: ChildProcess | undefined
  let output: string
  afterEach(() => void child?.kill('SIGKILL'))

  const run = (env: Record<string, string> = {}) => {
    output = ''
    child = spawn(process.execPath, [join(root, 'infra/local/chat/main.ts')], {
      env: { ...process.env, LC_ALL: 'en_US.UTF-8', PORT: new URL(base).port, ...env },
    })
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    return child
  }
  const printed = (text: string) => until(() => output.includes(text), { what: `"${text}" to be printed` })
  const ended = () =>
    until(() => child?.exitCode !== null && child !== undefined, { what: 'the end of npm run chat' }).then(
      () => child?.exitCode,
    )

  test('shows messages, sends lines, presses buttons by number, and shows the answer', async () => {
    run()
    child?.stdin?.write('/start\n')
    await until(() => telegram.pending().length === 1, { what: 'the message' })
    await bot('sendMessage', { text: 'Olá!', reply_markup: card })
    await printed('[1 Seguir] [2 Seguir]')
    child?.stdin?.write('2\n')
    await until(() => telegram.pending().length === 2, { what: 'the press' })
    const query = telegram.pending()[1]?.callback_query
    expect(query?.data).toBe('f:2')
    await bot('answerCallbackQuery', { callback_query_id: query?.id, text: 'Seguindo' })
    await printed('» Seguindo')
    child?.stdin?.write(':9\n')
    await printed('There is no button 9; the last button is 2.')
    child?.stdin?.write(':q\n')
    expect(await ended()).toBe(0)
  })

  test('is in Portuguese if the locale of the terminal is Portuguese', async () => {
    run({ LC_ALL: 'pt_BR.UTF-8' })
    child?.stdin?.write(':1\n')
    await printed('Não há botão nenhum agora.')
  })

  test.each<[string, RequestListener | null, RegExp]>([
    ['nothing listens on the port', null, /Nothing answers on port \d+\. Start it with: npm start/],
    ['Vigia is still starting', (_, response) => void response.writeHead(503).end('{}'), /still starting/],
    [
      'a real token is in use',
      (request, response) => void response.writeHead(request.url === '/api/functions' ? 200 : 404).end('[]'),
      /uses a real bot \(TELEGRAM_BOT_TOKEN\)/,
    ],
    ['another program uses the port', (_, response) => void response.writeHead(200).end('<html>'), /is not Vigia/],
  ])('prints one line with the reason if %s', async (_, listener, words) => {
    const server = createServer(listener ?? undefined)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    if (listener === null) server.close()
    run({ PORT: String(port) })
    expect(await ended()).toBe(1)
    server.closeAllConnections()
    server.close()
    expect(output.trim()).toMatch(words)
    expect(output.trim().split('\n')).toHaveLength(1)
  })

  test('prints the reason if PORT is invalid', async () => {
    run({ PORT: 'eighty' })
    expect(await ended()).toBe(1)
    expect(output).toBe('PORT=eighty is not a valid port (1 to 65535).\n')
  })
})
