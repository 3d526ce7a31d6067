import { beforeEach, describe, expect, test } from 'vitest'
import { whitePng } from '#test/support/white-png.ts'
import {
  ana,
  botToken,
  call,
  opsToken,
  refusal,
  restartWithRates,
  sendToAna,
  telegram,
  time,
} from './support/telegram.ts'

describe('requests', () => {
  test('are accepted as JSON, form, query or multipart, by GET or POST, with the name of the method in upper or lower case', async () => {
    ana.send('/start')
    const query = new URLSearchParams({ chat_id: String(ana.chatId), text: 'oi' })
    const form = new FormData()
    form.set('chat_id', String(ana.chatId))
    form.set('photo', new Blob([new Uint8Array(whitePng(2, 3))], { type: 'image/png' }), 'poster.png')
    const path = `${telegram.url}/bot${botToken}`
    const answers = await Promise.all([
      fetch(`${path}/SENDMESSAGE?${query}`),
      fetch(`${path}/sendmessage`, { method: 'POST', body: query }),
      fetch(`${path}/sendPhoto`, { method: 'POST', body: form }),
      call('SendMessage', { chat_id: ana.chatId, text: 'oi' }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(ana.answers()).toHaveLength(4)
  })

  test('from a web page are refused, because the token of a simulated bot is no secret', async () => {
    for (const headers of [
      { origin: 'https://evil.example.org' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ])
      expect(
        (await fetch(`${telegram.url}/bot${botToken}/getMe`, { headers: headers as Record<string, string> })).status,
      ).toBe(403)
  })

  test.each([
    ['an unknown method', '404 Not Found: method not found', () => refusal('sendPigeon')],
    ['a name inherited by every object', '404 Not Found: method not found', () => refusal('constructor')],
    ['an unknown token', '401 Unauthorized', () => refusal('getMe', {}, '1:nobody')],
  ])('%s is refused', async (_, words, act) => {
    expect(await act()).toBe(words)
  })

  test('a revoked token is refused until it is valid again', async () => {
    telegram.revoke()
    expect(await refusal('getMe')).toBe('401 Unauthorized')
    telegram.revoke(false)
    expect((await call('getMe')).result).toMatchObject({ id: 7_000_000_001, is_bot: true, username: 'VigiaBot' })
  })

  test('the two bots have chats, messages and tokens of their own', async () => {
    ana.send('/start')
    expect(await refusal('sendMessage', { chat_id: ana.chatId, text: 'x' }, opsToken)).toBe(
      "403 Forbidden: bot can't initiate conversation with a user",
    )
    const there = telegram.operators.user('Ana')
    there.send('/start')
    expect((await call('sendMessage', { chat_id: ana.chatId, text: 'dead letter' }, opsToken)).ok).toBe(true)
    expect(ana.answers()).toEqual([])
    expect(there.last()?.text).toBe('dead letter')
  })
})

describe('limits', () => {
  const sent = async (count: number, chatId = () => ana.chatId) => {
    const statuses: number[] = []
    for (let i = 0; i < count; i++)
      statuses.push((await call('sendMessage', { chat_id: chatId(), text: `${i}` })).status)
    return statuses.filter(status => status === 200).length
  }

  test('a chat accepts one message per second after a short burst, and the 429 response says how long to wait', async () => {
    await restartWithRates('strict')
    expect(await sent(5)).toBe(3)
    const { status, parameters, description } = await sendToAna('x')
    expect({ status, parameters, description }).toEqual({
      status: 429,
      parameters: { retry_after: 1 },
      description: 'Too Many Requests: retry after 1',
    })
    await time.advance(1000)
    expect(await sent(2)).toBe(1)
  })

  test('a group accepts 20 messages per minute, and all chats together accept 30 messages per second', async () => {
    await restartWithRates('usual')
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

describe('injected errors', () => {
  beforeEach(() => void ana.send('/start'))

  test('an error occurs the given number of times, for one method or one chat', async () => {
    telegram.failNext('sendMessage', { status: 429, retryAfter: 7 })
    expect(await sendToAna('x')).toMatchObject({ status: 429, parameters: { retry_after: 7 } })
    expect((await sendToAna('x')).ok).toBe(true)
    telegram.failNext('*', { status: 502, times: 2 })
    expect((await sendToAna('x')).status).toBe(502)
    expect((await call('getMe')).status).toBe(502)
    expect((await call('getMe')).status).toBe(200)
    telegram.failNext('sendMessage', { status: 400, chatId: 1 })
    expect((await sendToAna('x')).ok).toBe(true)
  })

  test('a response can be something that Telegram never sends: HTML with status 200, or incomplete JSON', async () => {
    const raw = async () => {
      const response = await fetch(`${telegram.url}/bot${botToken}/getMe`)
      return [response.status, await response.text()]
    }
    telegram.failNext('getMe', { body: '<html>hello from a proxy</html>' })
    expect(await raw()).toEqual([200, '<html>hello from a proxy</html>'])
    telegram.failNext('getMe', { status: 502, body: '{"ok":', contentType: 'application/json' })
    expect(await raw()).toEqual([502, '{"ok":'])
  })

  test('a connection can be dropped before the message is sent, or after it', async () => {
    telegram.failNext('sendMessage', { dropConnection: true })
    await expect(sendToAna('lost')).rejects.toThrow()
    expect(ana.answers()).toEqual([])
    telegram.failNext('sendMessage', { dropConnection: true, delivered: true })
    await expect(sendToAna('arrived')).rejects.toThrow()
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
      'a command without a description',
      { commands: [{ command: 'a', description: ' ' }] },
      'command description must be non-empty',
    ],
    [
      'a command that is too long',
      { commands: [{ command: 'a'.repeat(33), description: 'x' }] },
      'command length must not exceed 32',
    ],
    ['commands that are not a list', { commands: {} }, 'expected an Array of BotCommand'],
    [
      'an unknown scope',
      { commands: [], scope: { type: 'planet' } },
      "can't parse BotCommandScope: Unsupported type specified",
    ],
  ])('%s is refused', async (_, params, words) => {
    expect(await refusal('setMyCommands', params)).toBe(`400 Bad Request: ${words}`)
  })

  test('description and short description have a maximum length', async () => {
    expect((await call('setMyDescription', { description: 'x'.repeat(512) })).ok).toBe(true)
    expect((await call('setMyDescription', { description: 'x'.repeat(513) })).ok).toBe(false)
    expect((await call('setMyShortDescription', { short_description: 'x'.repeat(121) })).ok).toBe(false)
    await call('setMyShortDescription', { short_description: 'Vigia', language_code: 'pt' })
    expect((await call('getMyShortDescription', { language_code: 'pt' })).result).toEqual({
      short_description: 'Vigia',
    })
  })
})
