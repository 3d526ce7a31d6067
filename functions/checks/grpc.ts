import type { ClientHttp2Stream } from 'node:http2'
import Type, { type Static } from 'typebox'
import type { Attempt } from '#functions/dial/dial-attempt.ts'
import { DialError } from '#functions/dial/dial-error.ts'
import { percentDecoded, serviceOf } from '#functions/dial/target.ts'
import type { RunAttempt } from './check-type.ts'
import { commonSettings, dialOptionsOf, tlsOptionsOf, tlsSettings, withWarnings } from './common.ts'

/** The settings of a monitor of the kind `grpc`. */
export const GrpcSettings = Type.Object(
  {
    /** The service whose health is asked for; without it, the health of the whole server. */
    service: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: '^[A-Za-z0-9_./-]+$' })),
    ...commonSettings,
    ...tlsSettings,
  },
  { additionalProperties: false },
)
export type GrpcSettings = Static<typeof GrpcSettings>

/** HealthCheckResponse.ServingStatus of grpc.health.v1. */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const serving = 1
const unimplemented = 12
const maxMessageBytes = 4 * 1024

/**
 * Calls grpc.health.v1.Health/Check, which most servers of gRPC offer. The check passes if the answer is SERVING.
 * `grpcs://` uses TLS.
 */
export const checkGrpc: RunAttempt = async (dialler, check, attemptIndex) => {
  const { url, secrets } = check
  const wanted = (check.settings ?? {}) as GrpcSettings
  const dialled = await dialler.attempt(dialOptionsOf(check, attemptIndex), async ({ attempt, open, startTls }) => {
    const parsed = serviceOf(url, 'grpc', 'grpcs')
    if (!parsed.ok) throw new DialError(parsed.error)
    const { service } = parsed
    const tcp = await open(service)
    const isSecure = url.startsWith('grpcs:')
    const tls = { ...tlsOptionsOf(wanted, secrets), protocols: ['h2'] }
    const socket = isSecure ? await startTls(tcp, service.host, tls) : tcp
    const { connect } = await import('node:http2')
    const authority = `${isSecure ? 'https' : 'http'}${service.url.slice(service.url.indexOf(':'))}`
    const session = connect(authority, { createConnection: () => socket })
    session.on('error', () => {})
    try {
      const request = session.request({
        ...{ ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', te: 'trailers' },
        ...{ 'content-type': 'application/grpc', 'user-agent': 'Vigia (uptime check)' },
      })
      request.end(requestMessage(wanted.service ?? ''))
      judge(await answerTo(request, attempt), attempt)
    } finally {
      session.destroy()
    }
  })
  return withWarnings(dialled, check, wanted)
}

interface Answer {
  status: number
  grpcStatus: string | undefined
  grpcMessage: string | undefined
  message: Buffer
}

/** Reads the headers, the message and the trailers. */
const answerTo = async (request: ClientHttp2Stream, attempt: Attempt): Promise<Answer> => {
  const started = performance.now()
  const answer: Answer = { status: 0, grpcStatus: undefined, grpcMessage: undefined, message: Buffer.alloc(0) }
  const note = (headers: Readonly<Record<string, unknown>>) => {
    const text = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined)
    answer.grpcStatus = text('grpc-status') ?? answer.grpcStatus
    answer.grpcMessage = text('grpc-message') ?? answer.grpcMessage
  }
  await attempt.waitFor<void>((resolve, reject) => {
    request.on('response', headers => {
      answer.status = headers[':status'] ?? 0
      note(headers)
    })
    request.on('trailers', note)
    request.on('data', (piece: Buffer) => {
      answer.message = Buffer.concat([answer.message, piece])
      if (answer.message.length > maxMessageBytes) reject(new DialError('protocol'))
    })
    request.on('end', () => (answer.status === 0 ? reject(new DialError('reset')) : resolve()))
    request.on('error', () => reject(new DialError('protocol')))
    request.on('close', () => reject(new DialError('reset')))
  })
  attempt.addPhaseTime('firstByteMs', started)
  return answer
}

const judge = ({ status, grpcStatus, grpcMessage = '', message }: Answer, attempt: Attempt): void => {
  if (status !== 200) {
    attempt.status = status
    throw new DialError('status')
  }
  if (grpcStatus === undefined) throw new DialError('protocol')
  if (grpcStatus !== '0') {
    const code = Number(grpcStatus) === unimplemented ? 'UNIMPLEMENTED' : `grpc-status ${grpcStatus}`
    attempt.detail = `${code} ${percentDecoded(grpcMessage)}`
    throw new DialError('not-serving')
  }
  const serviceStatus = servingStatusIn(message)
  if (serviceStatus === serving) return
  attempt.detail = servingStatuses[serviceStatus] ?? String(serviceStatus)
  throw new DialError('not-serving')
}

/** HealthCheckRequest { string service = 1 } in the frame of gRPC. */
const requestMessage = (service: string): Buffer => {
  const name = Buffer.from(service)
  // The length of a name of at most 200 bytes is a varint of one or two bytes.
  const length = name.length < 128 ? [name.length] : [(name.length & 0x7f) | 0x80, name.length >> 7]
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...length]), name])
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(message.length, 1)
  return Buffer.concat([frame, message])
}

/** The field `status` (1, varint) of HealthCheckResponse in the frame of gRPC. UNKNOWN (0) is not sent. */
const servingStatusIn = (frame: Buffer): number => {
  if (frame.length < 5 || frame[0] !== 0 || frame.readUInt32BE(1) !== frame.length - 5) throw new DialError('protocol')
  const message = frame.subarray(5)
  if (message.length === 0) return 0
  if (message[0] !== 0x08 || message.length < 2 || message[1]! > 0x7f) throw new DialError('protocol')
  return message[1]!
}
