import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { startMongo } from '#local/databases/mongodb.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { emptyDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'

/* These tests are about the servers that DATABASE_URL and MONGODB_URI name. */

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

const listening = async (connection: (socket: Socket) => void) => {
  const server = createServer(connection).listen(0, '127.0.0.1')
  open.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('the start waits for a DATABASE_URL that answers late, and logs the wait', async () => {
  const database = await emptyDatabase()
  const socketFolder = new URL(database.url).searchParams.get('host')!
  const lines: string[] = []
  // Connections are forwarded to PostgreSQL only after the wait has been logged twice.
  const port = await listening(async socket => {
    socket.pause()
    socket.on('error', () => {})
    await until(() => lines.length >= 2)
    const server = connect(`${socketFolder}/.s.PGSQL.5432`)
    server.on('error', () => socket.destroy())
    socket.pipe(server).pipe(socket)
  })
  const url = `postgresql://vigia@127.0.0.1:${port}${new URL(database.url).pathname}`
  const { pid } = await startPostgres({ dataDir: '/nowhere', databaseUrl: url, log: line => lines.push(line) })
  expect(pid).toBeNull()
  expect(lines[0]).toMatch(/^waiting for the server of DATABASE_URL: no answer for \d+ s; the start fails after 60 s$/)
  await database.end()
})

test('the start fails after a timeout if DATABASE_URL or MONGODB_URI never answers', async () => {
  const sockets: Socket[] = []
  const port = await listening(socket => void sockets.push(socket.on('error', () => {})))
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      (error: Error) => error.message,
    )
  expect(
    await refusal(
      startPostgres({
        dataDir: '/nowhere',
        databaseUrl: `postgresql://ana:secret@127.0.0.1:${port}/vigia`,
        externalTimeoutMs: 300,
      }),
    ),
  ).toBe('DATABASE_URL does not answer: no answer within 0.3 s')
  expect(
    await refusal(
      startMongo({
        dataDir: '/nowhere',
        env: { MONGODB_URI: `mongodb://ana:secret@127.0.0.1:${port}/vigia` },
        externalTimeoutMs: 300,
      }),
    ),
  ).toMatch(/^MONGODB_URI does not answer: (?!.*secret)/)
  for (const socket of sockets) socket.destroy()
})

/** A server that answers like PostgreSQL, with one ErrorResponse, and closes the connection. */
const refusing = (code: string, message: string) =>
  listening(socket => {
    socket.on('error', () => {})
    socket.once('data', () => {
      const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`)
      const head = Buffer.alloc(5)
      head.write('E')
      head.writeInt32BE(fields.length + 4, 1)
      socket.end(Buffer.concat([head, fields]))
    })
  })

test.each([
  ['28P01', 'password authentication failed for user "ana"'],
  ['3D000', 'database "vigia" does not exist'],
])(
  "the start fails at once with the server's message if the server of DATABASE_URL answers %s",
  async (code, message) => {
    const url = `postgresql://ana:secret@127.0.0.1:${await refusing(code, message)}/vigia`
    const lines: string[] = []
    await expect(
      startPostgres({ dataDir: '/nowhere', databaseUrl: url, log: line => lines.push(line) }),
    ).rejects.toThrow(`DATABASE_URL does not answer: ${message}`)
  },
)

test('the start tries again if the server of DATABASE_URL is starting up', async () => {
  const database = await emptyDatabase()
  const socketFolder = new URL(database.url).searchParams.get('host')!
  const notYet = await refusing('57P03', 'the database system is starting up')
  let connections = 0
  const port = await listening(socket => {
    socket.on('error', () => {})
    const server = connections++ === 0 ? connect(notYet, '127.0.0.1') : connect(`${socketFolder}/.s.PGSQL.5432`)
    server.on('error', () => socket.destroy())
    socket.pipe(server).pipe(socket)
  })
  const url = `postgresql://vigia@127.0.0.1:${port}${new URL(database.url).pathname}`
  await startPostgres({ dataDir: '/nowhere', databaseUrl: url })
  expect(connections).toBe(2)
  await database.end()
})

test('the start fails at once for a refused connection and for an unknown host name', async () => {
  await expect(startPostgres({ dataDir: '/nowhere', databaseUrl: 'postgresql://a@127.0.0.1:1/x' })).rejects.toThrow(
    'DATABASE_URL does not answer: connect ECONNREFUSED 127.0.0.1:1',
  )
  await expect(startPostgres({ dataDir: '/nowhere', databaseUrl: 'postgresql://a@unknown.invalid/x' })).rejects.toThrow(
    /^DATABASE_URL does not answer: .*unknown\.invalid/,
  )
  await expect(
    startMongo({ dataDir: '/nowhere', env: { MONGODB_URI: 'mongodb://unknown.invalid/x' } }),
  ).rejects.toThrow(/^MONGODB_URI does not answer: .*unknown\.invalid/)
})
