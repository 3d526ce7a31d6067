import Type, { type Static } from 'typebox'
import type { Connections } from '#functions/dial/dial.ts'
import { DialError } from '#functions/dial/dial-error.ts'
import { type Service, serviceOf } from '#functions/dial/target.ts'
import type { CheckJob, RunAttempt } from './check-type.ts'
import { commonSettings, dialOptionsOf, tlsOptionsOf, tlsSettings, withWarnings } from './common.ts'

/** The protocols that a check can speak by itself. */
export const recipe = Type.Union([
  Type.Literal('redis'),
  Type.Literal('smtp'),
  Type.Literal('imap'),
  Type.Literal('postgres'),
  Type.Literal('mysql'),
  Type.Literal('mqtt'),
])
/** The recipes that can start TLS on an open connection. */
export const starttlsRecipes: readonly string[] = ['smtp', 'imap', 'postgres', 'mysql']

/** The settings of a monitor of the kind `tcp`. Without settings, the check only connects. */
export const TcpSettings = Type.Object(
  {
    /** Speaks this protocol until the server has shown that it works. */
    recipe: Type.Optional(recipe),
    /** Starts TLS by the command of the recipe (smtp, imap, postgres, mysql). */
    starttls: Type.Optional(Type.Boolean()),
    /** TLS from the first byte on. */
    tls: Type.Optional(Type.Boolean()),
    /** Sent after the connection. */
    send: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
    /** A text that the server must send, after `send` if there is one. */
    expect: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    ...commonSettings,
    ...tlsSettings,
  },
  { additionalProperties: false },
)
export type TcpSettings = Static<typeof TcpSettings>

/** Opens a TCP connection. The check passes if the connection is accepted, and if the server answers as expected. */
export const checkTcp: RunAttempt = async (dialler, check, attemptIndex) => {
  const { url, settings } = check
  const options = dialOptionsOf(check, attemptIndex)
  if (settings === undefined) return dialler.tcpConnect(url, options)
  const wanted = settings as TcpSettings
  const dialled = await dialler.attempt(options, connections => {
    const parsed = serviceOf(url, 'tcp')
    if (!parsed.ok) throw new DialError(parsed.error)
    return converse(connections, parsed.service, wanted, check)
  })
  return withWarnings(dialled, check, wanted)
}

const converse = async (
  { attempt, open, startTls }: Connections,
  service: Service,
  wanted: TcpSettings,
  { secrets }: CheckJob,
): Promise<void> => {
  const tls = tlsOptionsOf(wanted, secrets)
  const plain = await open(service)
  const socket = wanted.tls ? await startTls(plain, service.host, tls) : plain
  const { talkOn } = await import('./talk.ts')
  const talk = talkOn(socket, attempt)
  const started = performance.now()
  if (wanted.recipe !== undefined) {
    const { recipes } = await import('./tcp-recipes.ts')
    const startTlsNow = () => talk.continueOn(() => startTls(plain, service.host, tls))
    await recipes[wanted.recipe]({ talk, attempt, ...(wanted.starttls && { startTls: startTlsNow }) })
  } else {
    if (wanted.send !== undefined) talk.send(wanted.send)
    if (wanted.expect !== undefined) {
      const expected = Buffer.from(wanted.expect)
      await talk.take(unread => (unread.includes(expected) ? unread.length : null))
    }
  }
  attempt.addPhaseTime('firstByteMs', started)
}
