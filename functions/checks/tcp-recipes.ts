import { randomBytes } from 'node:crypto'
import type { Attempt } from '#functions/dial/dial-attempt.ts'
import { DialError } from '#functions/dial/dial-error.ts'
import { type Talk, unexpected } from './talk.ts'

/** What a recipe may use. */
export interface RecipeTools {
  talk: Talk
  attempt: Attempt
  /** Starts TLS, if the monitor uses STARTTLS. */
  startTls?: () => Promise<void>
}

/**
 * Speaks with a server until it has shown that it works. A server that asks for a password works: only its answers
 * about itself count.
 */
type Recipe = (tools: RecipeTools) => Promise<void>

const redis: Recipe = async ({ talk, attempt }) => {
  talk.send('PING\r\n')
  const line = await talk.line()
  if (!/^(?:\+PONG|-NOAUTH|-NOPERM)/.test(line)) throw unexpected(attempt, line)
}

/** Reads a reply of SMTP, which may have several lines, and requires its code. */
const smtpReply = async ({ talk, attempt }: RecipeTools, code: string): Promise<string> => {
  let reply = ''
  for (;;) {
    const line = await talk.line()
    reply += `${line}\n`
    if (!line.startsWith(code) || reply.length > 16 * 1024) throw unexpected(attempt, line)
    if (line[3] !== '-') return reply
  }
}

const smtp: Recipe = async tools => {
  const { talk, startTls } = tools
  await smtpReply(tools, '220')
  talk.send('EHLO vigia.invalid\r\n')
  const capabilities = await smtpReply(tools, '250')
  if (startTls) {
    if (!/^250[- ]STARTTLS\b/im.test(capabilities)) throw new DialError('starttls')
    talk.send('STARTTLS\r\n')
    await smtpReply(tools, '220')
    await startTls()
    talk.send('EHLO vigia.invalid\r\n')
    await smtpReply(tools, '250')
  }
  talk.send('QUIT\r\n')
}

/** Reads lines of IMAP up to the answer to the command with this tag, and requires that it is OK. */
const imapAnswer = async ({ talk, attempt }: RecipeTools, tag: string): Promise<string> => {
  let answer = ''
  for (;;) {
    const line = await talk.line()
    answer += `${line}\n`
    if (answer.length > 16 * 1024 || (line.startsWith(`${tag} `) && !/^\S+ OK\b/i.test(line)))
      throw unexpected(attempt, line)
    if (line.startsWith(`${tag} `)) return answer
  }
}

const imap: Recipe = async tools => {
  const { talk, attempt, startTls } = tools
  const greeting = await talk.line()
  if (!/^\* (?:OK|PREAUTH)\b/i.test(greeting)) throw unexpected(attempt, greeting)
  talk.send('a CAPABILITY\r\n')
  const capabilities = await imapAnswer(tools, 'a')
  if (startTls) {
    if (!/\bSTARTTLS\b/i.test(capabilities)) throw new DialError('starttls')
    talk.send('b STARTTLS\r\n')
    await imapAnswer(tools, 'b')
    await startTls()
    talk.send('c CAPABILITY\r\n')
    await imapAnswer(tools, 'c')
  }
  talk.send('d LOGOUT\r\n')
}

const int32 = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [at, value] of values.entries()) bytes.writeInt32BE(value, 4 * at)
  return bytes
}
const postgresSslRequest = int32(8, 80_877_103)
const postgresParameters = Buffer.from('user\0vigia\0database\0postgres\0application_name\0vigia\0\0')
const postgresStartup = Buffer.concat([int32(8 + postgresParameters.length, 196_608), postgresParameters])
/** SQLSTATE of refusals that only say that our user or database does not exist, or is not allowed. */
const postgresWorks = /^(?:28|3D|42501)/

const postgres: Recipe = async ({ talk, attempt, startTls }) => {
  if (startTls) {
    talk.send(postgresSslRequest)
    if ((await talk.bytes(1)).toString('latin1') !== 'S') throw new DialError('starttls')
    await startTls()
  }
  talk.send(postgresStartup)
  const head = await talk.bytes(5)
  const kind = String.fromCharCode(head[0]!)
  const length = head.readInt32BE(1) - 4
  if ((kind !== 'R' && kind !== 'E' && kind !== 'v') || length < 0 || length > 8_192) throw unexpected(attempt, head)
  if (kind !== 'E') return
  const fields = (await talk.bytes(length)).toString('utf8').split('\0')
  const field = (code: string) => fields.find(text => text.startsWith(code))?.slice(1) ?? ''
  if (!postgresWorks.test(field('C'))) throw unexpected(attempt, `${field('C')} ${field('M')}`)
}

/** A packet of MySQL: three bytes of length, a number, and the payload. */
const mysqlPacket = async (talk: Talk, attempt: Attempt): Promise<Buffer> => {
  const head = await talk.bytes(4)
  const length = head.readUIntLE(0, 3)
  if (length === 0 || length > 8_192) throw unexpected(attempt, head)
  return talk.bytes(length)
}

const mysqlProtocolVersion = 10
const mysqlErrorPacket = 0xff
/** CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION */
const mysqlClientCapabilities = 0x8a00
const mysqlClientSsl = 0x0800

const mysql: Recipe = async ({ talk, attempt, startTls }) => {
  const greeting = await mysqlPacket(talk, attempt)
  if (greeting[0] === mysqlErrorPacket) throw unexpected(attempt, greeting.subarray(3))
  const version = greeting.indexOf(0)
  if (greeting[0] !== mysqlProtocolVersion || version < 0) throw unexpected(attempt, greeting)
  if (!startTls) return
  // After the version: thread id (4), the first part of the challenge (8), a filler (1), the capabilities (2).
  const capabilities = greeting.length >= version + 16 ? greeting.readUInt16LE(version + 14) : 0
  if ((capabilities & mysqlClientSsl) === 0) throw new DialError('starttls')
  const request = Buffer.alloc(36)
  request.writeUIntLE(32, 0, 3)
  request[3] = 1
  request.writeUInt32LE(mysqlClientCapabilities, 4)
  request.writeUInt32LE(16 * 1024 * 1024, 8)
  request[12] = 45
  talk.send(request)
  await startTls()
}

/** CONNECT of MQTT 3.1.1 with a clean session and a keep-alive of 30 s. */
const mqttConnect = () => {
  const id = `vigia${randomBytes(8).toString('hex')}`
  const head = Buffer.from([0x10, 12 + id.length, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 30, 0, id.length])
  return Buffer.concat([head, Buffer.from(id)])
}
/** The return codes of servers that work: accepted, unknown user or password, not authorised. */
const mqttWorks = new Set([0, 4, 5])

const mqtt: Recipe = async ({ talk, attempt }) => {
  talk.send(mqttConnect())
  const answer = await talk.bytes(4)
  if (answer[0] !== 0x20 || answer[1] !== 2) throw unexpected(attempt, answer)
  if (!mqttWorks.has(answer[3]!)) throw unexpected(attempt, `CONNACK ${answer[3]}`)
  talk.send(Buffer.from([0xe0, 0]))
}

export const recipes = { redis, smtp, imap, postgres, mysql, mqtt } as const
