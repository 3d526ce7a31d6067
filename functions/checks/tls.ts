import Type, { type Static } from 'typebox'
import { DialError } from '#functions/dial/dial-error.ts'
import { serviceOf } from '#functions/dial/target.ts'
import type { RunAttempt } from './check-type.ts'
import {
  certificateWarningDays,
  commonSettings,
  dialOptionsOf,
  tlsOptionsOf,
  tlsSettings,
  withWarnings,
} from './common.ts'

/** The settings of a monitor of the kind `tls`. */
export const TlsSettings = Type.Object(
  {
    /** The protocol in which the check asks the server to start TLS. By default the connection begins with TLS. */
    starttls: Type.Optional(
      Type.Union([Type.Literal('smtp'), Type.Literal('imap'), Type.Literal('postgres'), Type.Literal('mysql')]),
    ),
    ...commonSettings,
    ...tlsSettings,
  },
  { additionalProperties: false },
)
export type TlsSettings = Static<typeof TlsSettings>

/**
 * A TLS handshake. The check passes if the certificate is valid for the host and its chain is complete. With the
 * setting `certificate: any` it passes with every certificate. The result has the earliest expiry in the chain.
 */
export const checkTls: RunAttempt = async (dialler, check, attemptIndex) => {
  const { url, secrets } = check
  const given = (check.settings ?? {}) as TlsSettings
  const wanted = { certificateDays: certificateWarningDays[0], ...given }
  const dialled = await dialler.attempt(dialOptionsOf(check, attemptIndex), async ({ attempt, open, startTls }) => {
    const parsed = serviceOf(url, 'tls')
    if (!parsed.ok) throw new DialError(parsed.error)
    const { service } = parsed
    const socket = await open(service)
    const startTlsNow = () => startTls(socket, service.host, tlsOptionsOf(wanted, secrets))
    if (wanted.starttls === undefined) return void (await startTlsNow())
    const [{ talkOn }, { recipes }] = await Promise.all([import('./talk.ts'), import('./tcp-recipes.ts')])
    const talk = talkOn(socket, attempt)
    await recipes[wanted.starttls]({ talk, attempt, startTls: () => talk.continueOn(startTlsNow) })
  })
  return withWarnings(dialled, check, wanted)
}
