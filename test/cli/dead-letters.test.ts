import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deadLettersIn } from '#database/operations/dead-letters.ts'
import { digestText, noticeText } from '#functions/error-notifier/notice-text.ts'
import { vigia } from '#infra/cli/vigia.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let server: Server
let status: number
let requests: { line: string; headers: Record<string, unknown>; body: string }[]
let answer: unknown
let port: number

beforeEach(async () => {
  requests = []
  status = 200
  answer = []
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers, body })
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const run = async (args: string[], env: Record<string, string> = { PORT: String(port) }) => {
  const out: string[] = []
  const errors: string[] = []
  const code = await vigia(args, { env, print: text => out.push(text), printError: text => errors.push(text) })
  return { code, out: out.join('\n'), errors: errors.join('\n') }
}

const letter = {
  id: 7,
  fingerprint: 'abc',
  trigger: 'telegram-notifier',
  code: 422,
  reason: 'chat not found\nmore',
  event: { id: 'e1', type: 'dev.vigia.message.requested', subject: 'chat/7', source: '/s' },
  at: '2026-11-21T12:00:00.000Z',
  replayedAt: null,
}

describe('npm run vigia', () => {
  test('prints the usage without a command and with help, and names the commands after an unknown command', async () => {
    expect(await run([])).toMatchObject({ code: 2, out: expect.stringContaining('dead-letters list') })
    for (const word of ['help', '--help', '-h'])
      expect(await run([word])).toMatchObject({ code: 0, out: expect.stringContaining('dead-letters list') })
    expect(await run(['nonsense'])).toMatchObject({
      code: 2,
      errors: expect.stringContaining('there is no command nonsense; use one of these: dead-letters'),
    })
    expect((await run(['constructor'])).code).toBe(2)
    expect(await run(['dead-letters', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('replay <id>'),
    })
  })

  test.each([
    [['dead-letters', 'eat'], 'eat is not a command of dead-letters'],
    [['dead-letters', 'show'], 'show needs one id'],
    [['dead-letters', 'show', '1', '2'], 'show needs one id'],
    [['dead-letters', 'replay'], 'replay needs at least one id'],
    [['dead-letters', 'replay', 'x'], 'x is not the id'],
    [['dead-letters', 'replay', '0'], '0 is not the id'],
    [['dead-letters', 'list', '7'], 'list takes no ids'],
    [['dead-letters', 'list', '--limit', '0'], '--limit is 0; it must be a number'],
    [['dead-letters', 'show', '7', '--limit', '3'], '--limit works only with list'],
    [['dead-letters', 'list', '--colour'], '--colour'],
  ])('%j prints the usage and exits with 2', async (args, words) => {
    const { code, errors } = await run(args)
    expect(code).toBe(2)
    expect(errors).toContain(words)
    expect(errors).toContain('usage:')
    expect(requests).toEqual([])
  })
})

describe('dead letters on one machine', () => {
  test('list prints one line for each dead letter, without control characters', async () => {
    answer = [{ ...letter, reason: 'bad \u001b[31mred' }]
    const { code, out } = await run(['dead-letters', 'list', '--limit', '5'])
    expect(code).toBe(0)
    expect(out).toBe(
      '7  2026-11-21T12:00:00.000Z  telegram-notifier  dev.vigia.message.requested chat/7  422 bad  [31mred',
    )
    expect(requests[0]!.line).toBe('GET /api/dead-letters?limit=5')
    answer = []
    expect((await run(['dead-letters'])).out).toBe('there are no dead letters')
  })

  test('show prints the event, and with --json the whole dead letter', async () => {
    answer = letter
    expect((await run(['dead-letters', 'show', '7'])).out).toContain('"type": "dev.vigia.message.requested"')
    expect(JSON.parse((await run(['dead-letters', 'show', '7', '--json'])).out)).toEqual(letter)
    expect(requests[0]!.line).toBe('GET /api/dead-letters/7')
  })

  test('replay sends POST with the header that is required for changes', async () => {
    status = 202
    answer = { id: 7 }
    expect(await run(['dead-letters', 'replay', '7', '8'])).toMatchObject({
      code: 0,
      out: '7 is sent again\n8 is sent again',
    })
    expect(requests.map(({ line }) => line)).toEqual([
      'POST /api/dead-letters/7/replay',
      'POST /api/dead-letters/8/replay',
    ])
    expect(requests[0]!.headers['vigia-local']).toBe('1')
  })

  test('an error of the API, or no answer, is printed and exits with 1', async () => {
    status = 404
    answer = { error: 'there is no dead letter 9' }
    expect(await run(['dead-letters', 'show', '9'])).toEqual({ code: 1, out: '', errors: 'there is no dead letter 9' })
    expect(await run(['dead-letters', 'list'], { PORT: '1' })).toMatchObject({
      code: 1,
      errors: 'Vigia does not answer on port 1; start it with npm start, or set its port with PORT=…',
    })
    for (const PORT of ['x', '0', '70000'])
      expect(await run(['dead-letters', 'list'], { PORT })).toMatchObject({
        code: 1,
        errors: `PORT is "${PORT}"; it must be a number from 1 to 65535`,
      })
  })
})

describe('dead letters on a cluster', () => {
  let database: TestDatabase
  let env: Record<string, string>
  beforeEach(async () => {
    database = await freshDatabase()
    env = { DATABASE_URL: database.url, K_SINK: `http://127.0.0.1:${port}/vigia/default` }
    await deadLettersIn(database.db).keep({
      trigger: 'telegram-notifier',
      event: {
        id: 'não 1',
        type: 'dev.vigia.message.requested',
        source: '/functions/x',
        subject: 'chat/7',
        time: '2026-11-21T12:00:00Z',
        datacontenttype: 'application/json',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        vigiahops: 3,
        data: { chatId: 7 },
      } as never,
      code: 422,
      reason: 'chat not found',
      fingerprint: 'abc',
      at: new Date('2026-11-21T12:00:00Z'),
    })
  })
  afterEach(() => database.end())

  test('list and show read the table', async () => {
    expect((await run(['dead-letters', 'list'], env)).out).toMatch(
      /^1 {2}2026-11-21T12:00:00\.000Z {2}telegram-notifier/,
    )
    expect((await run(['dead-letters', 'show', '1'], env)).out).toContain('não 1')
    expect(await run(['dead-letters', 'show', '2'], env)).toMatchObject({
      code: 1,
      errors: 'there is no dead letter 2',
    })
  })

  test('replay sends the unchanged event to the broker and marks the dead letter as replayed', async () => {
    status = 202
    expect((await run(['dead-letters', 'replay', '1'], env)).code).toBe(0)
    expect(requests[0]).toMatchObject({
      line: 'POST /vigia/default',
      headers: {
        'content-type': 'application/cloudevents+json',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
    })
    expect(JSON.parse(requests[0]!.body)).toEqual({
      specversion: '1.0',
      id: 'não 1',
      type: 'dev.vigia.message.requested',
      source: '/functions/x',
      subject: 'chat/7',
      time: '2026-11-21T12:00:00Z',
      datacontenttype: 'application/json',
      vigiahops: '3',
      data: { chatId: 7 },
    })
    expect((await deadLettersIn(database.db).find(1))!.replayedAt).not.toBeNull()
  })

  test('an event that the broker refuses is not marked as replayed, and the error is printed', async () => {
    status = 503
    expect(await run(['dead-letters', 'replay', '1'], env)).toMatchObject({
      code: 1,
      errors: 'the broker answered 503 to dead letter 1; try again later',
    })
    expect((await deadLettersIn(database.db).find(1))!.replayedAt).toBeNull()
  })
})

describe('the message to the operators', () => {
  const notice = {
    fingerprint: 'abc',
    content: { title: 'telegram-notifier', subject: 'chat/7', code: 422, reason: 'no' },
    count: 1,
    firstAt: new Date(0),
    lastAt: new Date(0),
    notifiedAt: null,
  } as never
  const reader = { language: 'en', zone: 'UTC' } as const

  test('names the command of its installation: npm run vigia on one machine, dead-letters.sh on a cluster', () => {
    for (const command of ['npm run vigia -- dead-letters', 'infra/cluster/dead-letters.sh']) {
      for (const text of [
        noticeText(notice, { ...reader, command }, new Date(0)),
        digestText(3, { ...reader, command }),
      ])
        expect(text).toContain(`<code>${command}</code>`)
    }
  })

  test('names no command if the installation has none', () => {
    for (const text of [noticeText(notice, reader, new Date(0)), digestText(3, reader)])
      expect(text).not.toMatch(/dead-letters|undefined|replay/)
  })
})
