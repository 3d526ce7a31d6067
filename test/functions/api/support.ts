import { afterAll, beforeAll, beforeEach } from 'vitest'
import { apiKeysIn, type KeyScope } from '#database/chats/api-keys.ts'
import { api } from '#functions/api/api.ts'
import { addressGuard } from '#functions/dial/address.ts'
import { defaultLimits, type Limits } from '#functions/monitors/limits.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { type SinkRequest, startFunction, startSink } from '#test/support/function-server.ts'

// By default the function logs a line for each request.
process.env.LOG_LEVEL ??= 'info'

export const chatId = 7
export const otherChat = 8
export const now = new Date('2026-11-21T15:00:00Z')

type Answer = Omit<Awaited<ReturnType<Awaited<ReturnType<typeof startFunction>>['request']>>, 'body'> & {
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: the tests read any member of an answer
  body: any
}

/** The function with a real database, its own server, and a sink in place of the broker. */
export interface World {
  db: TestDatabase['db']
  /** The clock of the function. */
  time: { now: Date }
  limits: { now: Limits }
  /** Makes a key. */
  key(scope?: KeyScope, chat?: number): Promise<string>
  /** Sends a request below /api/v1, with a key that may write unless another is given. */
  send(
    method: string,
    path: string,
    options?: { key?: string | null; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>
  events: SinkRequest[]
  /** The hosts that the function looked up. */
  lookedUp: string[]
  lines: string[]
}

/** Sets up the function for the tests of one file. Each test begins with two chats that have no monitors. */
export const useApi = (): World => {
  const time = { now }
  const limits = { now: defaultLimits }
  const lookedUp: string[] = []
  let database: TestDatabase
  let sink: Awaited<ReturnType<typeof startSink>>
  let server: Awaited<ReturnType<typeof startFunction>>
  let usual: string
  let made = 0
  beforeAll(async () => {
    database = await freshDatabase()
    sink = await startSink()
    const definition = api({
      db: database.db,
      mayDial: addressGuard(''),
      addressOf: async host => {
        lookedUp.push(host)
        return null
      },
      pingUrl: 'https://vigia.test/ping',
      get limits() {
        return limits.now
      },
      clock: () => time.now,
    })
    server = await startFunction({ name: 'api', http: definition }, { sink: sink.url })
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await sink?.[Symbol.asyncDispose]()
    await database?.end()
  })
  const key: World['key'] = async (scope = 'write', chat = chatId) =>
    (await apiKeysIn(database.db).create({ chatId: chat, scope, personId: 5, cause: `test/${++made}` }, time.now))!
  beforeEach(async () => {
    time.now = now
    limits.now = defaultLimits
    await database.db.query('delete from chat')
    await database.db.query('delete from look')
    await database.db.query(`insert into chat (id, language, zone) values ($1, 'en', 'UTC'), ($2, 'en', 'UTC')`, [
      chatId,
      otherChat,
    ])
    sink.received.length = 0
    server.lines.length = 0
    lookedUp.length = 0
    usual = await key()
  })
  const send: World['send'] = async (method, path, { key: given = usual, body, headers = {} } = {}) => {
    const response = await server.request({
      method,
      path: `/api/v1${path}`,
      headers: { ...(given !== null && { authorization: `Bearer ${given}` }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const isJson = String(response.headers['content-type']).includes('json')
    return { ...response, text: response.body, body: isJson && response.body !== '' ? JSON.parse(response.body) : null }
  }
  return {
    get db() {
      return database.db
    },
    time,
    limits,
    lookedUp,
    key,
    send,
    get events() {
      return sink.received
    },
    get lines() {
      return server.lines
    },
  }
}
