import { connect, createServer, type Server, type Socket } from 'node:net'
import { BSON } from 'mongodb'
import { type Credentials, scramServer, userIn } from './scram.ts'

/** The codes of MongoDB's wire protocol for messages. */
const opQuery = 2004
const opMsg = 2013

/** The commands that mongod answers before a client has authenticated, as far as the driver sends them. */
const publicCommands = ['hello', 'ismaster', 'ping', 'buildinfo', 'endsessions']

/**
 * A server that authenticates clients with SCRAM-SHA-256 and passes their messages to the server at `port`, which has
 * no users. `credentialsOf` returns what is known about a user of a database. Roles are not checked.
 */
export const authenticatingProxy = (
  port: number,
  credentialsOf: (database: string, user: string) => Credentials | undefined,
): Server =>
  createServer({ noDelay: true }, client => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true })
    upstream.pipe(client)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      socket.on('error', () => {}).on('close', () => other.destroy())

    let conversation: { user: string; finish(message: string): string | undefined } | undefined
    let received = Buffer.alloc(0)

    const saslStart = ({ $db, mechanism, payload }: BSON.Document) => {
      const text = textOf(payload)
      const user = userIn(text)
      const credentials = credentialsOf($db, user)
      if (mechanism !== 'SCRAM-SHA-256' || !credentials) return failed(`user ${user} of database ${$db} is unknown`)
      const { first, finish } = scramServer(credentials, text)
      conversation = { user, finish }
      return { conversationId: 1, done: false, payload: Buffer.from(first), ok: 1 }
    }
    const saslContinue = ({ payload }: BSON.Document) => {
      const last = conversation?.finish(textOf(payload))
      if (last === undefined) return failed(`the password of user ${conversation?.user} is wrong`)
      isAuthenticated = true
      return { conversationId: 1, done: true, payload: Buffer.from(last), ok: 1 }
    }
    let isAuthenticated = false

    const take = (message: Buffer) => {
      const command = commandIn(message)
      const [name = ''] = Object.keys(command)
      if (publicCommands.includes(name.toLowerCase())) upstream.write(message)
      else if (name === 'saslStart') reply(client, message, saslStart(command))
      else if (name === 'saslContinue') reply(client, message, saslContinue(command))
      else reply(client, message, unauthorized(name))
    }
    const onData = (data: Buffer) => {
      received = Buffer.concat([received, data])
      while (!isAuthenticated && received.length >= 16 && received.length >= received.readInt32LE()) {
        const length = received.readInt32LE()
        const message = received.subarray(0, length)
        received = received.subarray(length)
        try {
          take(message)
        } catch {
          client.destroy()
          return
        }
      }
      if (!isAuthenticated) return
      client.off('data', onData)
      upstream.write(received)
      client.pipe(upstream)
    }
    client.on('data', onData)
  })

const textOf = (payload: BSON.Binary) => Buffer.from(payload.buffer).toString()

const failed = (reason: string) => {
  process.stdout.write(`an authentication failed: ${reason}\n`)
  return { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' }
}

const unauthorized = (command: string) => ({
  ok: 0,
  code: 13,
  codeName: 'Unauthorized',
  errmsg: `Command ${command} requires authentication`,
})

const commandIn = (message: Buffer): BSON.Document => {
  const code = message.readInt32LE(12)
  if (code !== opQuery && code !== opMsg) throw new Error(`a message has the code ${code}, which is not supported`)
  // OP_MSG: header, flags, kind of the section. OP_QUERY: header, flags, name of the collection, two numbers.
  const at = code === opMsg ? 21 : message.indexOf(0, 20) + 9
  return BSON.deserialize(message.subarray(at, at + message.readInt32LE(at)), { promoteBuffers: false })
}

const reply = (client: Socket, request: Buffer, document: BSON.Document) => {
  const body = BSON.serialize(document)
  const header = Buffer.alloc(21)
  header.writeInt32LE(header.length + body.length)
  header.writeInt32LE(request.readInt32LE(4), 8)
  header.writeInt32LE(opMsg, 12)
  client.write(Buffer.concat([header, body]))
}
