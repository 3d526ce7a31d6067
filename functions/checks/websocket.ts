import Type, { type Static } from 'typebox'
import type { WebSocket } from 'ws'
import type { Attempt } from '#functions/dial/dial-attempt.ts'
import { DialError } from '#functions/dial/dial-error.ts'
import { webSocketEndpoint } from '#functions/dial/target.ts'
import type { RunAttempt } from './check-type.ts'
import { commonSettings, dialOptionsOf, tlsOptionsOf, tlsSettings, withWarnings } from './common.ts'
import { auth, authorizationOf, headers } from './http-authorization.ts'

/** The settings of a monitor of the kind `websocket`. Without settings, the check only opens the WebSocket. */
export const WebSocketSettings = Type.Object(
  {
    headers,
    auth,
    /** The subprotocol that the server must accept. */
    protocol: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$" })),
    /** A message that is sent after the opening. */
    send: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
    /** A text that a message of the server must contain. */
    expect: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    ...commonSettings,
    ...tlsSettings,
  },
  { additionalProperties: false },
)
export type WebSocketSettings = Static<typeof WebSocketSettings>

const maxMessageBytes = 64 * 1024
/** Limits for everything that the server sends before the expected message. */
const maxReceivedBytes = 1024 * 1024
const maxReceivedFrames = 1_000

/**
 * Opens a WebSocket, and waits for the expected message. The check fails with `status` if the server answers with
 * another status than 101.
 */
export const checkWebSocket: RunAttempt = async (dialler, check, attemptIndex) => {
  const { url, secrets } = check
  const wanted = (check.settings ?? {}) as WebSocketSettings
  const { WebSocket } = await import('ws')
  const dialled = await dialler.attempt(dialOptionsOf(check, attemptIndex), async ({ attempt, open, startTls }) => {
    const parsed = webSocketEndpoint(url)
    if (!parsed.ok) throw new DialError(parsed.error)
    const { host, port, secure } = parsed.endpoint
    const tcp = await open({ host, port })
    const tls = { ...tlsOptionsOf(wanted, secrets), protocols: ['http/1.1'] }
    const socket = secure ? await startTls(tcp, host, tls) : tcp
    const client = new WebSocket(url, wanted.protocol === undefined ? [] : [wanted.protocol], {
      createConnection: () => socket,
      headers: {
        'User-Agent': 'Vigia (uptime check)',
        ...wanted.headers,
        ...(wanted.auth && { Authorization: authorizationOf(wanted.auth, secrets) }),
      },
      // Compression is not offered, and pings are not answered, because a hostile server could fill the memory by them.
      ...{ perMessageDeflate: false, autoPong: false, maxPayload: maxMessageBytes },
    })
    try {
      await converse(client, attempt, wanted, () => socket.bytesRead > maxReceivedBytes)
    } finally {
      client.on('error', () => {})
      client.terminate()
    }
  })
  return withWarnings(dialled, check, wanted)
}

/** Waits for the opening, sends the message, and waits for the expected one, which may come with the opening. */
const converse = (
  client: WebSocket,
  attempt: Attempt,
  { send, expect }: WebSocketSettings,
  hasTooMuch: () => boolean,
): Promise<void> => {
  const started = performance.now()
  return attempt.waitFor<void>((resolve, reject) => {
    let frames = 0
    const refuseTooMuch = () => {
      if (++frames > maxReceivedFrames || hasTooMuch()) reject(new DialError('reply'))
    }
    client.once('unexpected-response', (_, { statusCode = 0 }) => {
      attempt.status = statusCode
      reject(new DialError('status'))
    })
    client.once('open', () => {
      attempt.addPhaseTime('firstByteMs', started)
      if (send !== undefined) client.send(send)
      if (expect === undefined) resolve()
    })
    client.on('message', data => {
      const message = String(data)
      if (expect !== undefined && message.includes(expect)) resolve()
      attempt.detail = message
      refuseTooMuch()
    })
    client.on('ping', refuseTooMuch).on('pong', refuseTooMuch)
    client.once('error', reject).once('close', () => reject(new DialError('reply')))
  })
}
