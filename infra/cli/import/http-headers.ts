import type { ImportedMonitor } from './imported.ts'

/** The settings, the secrets and the losses that the headers of a request become. */
export interface HeaderSettings {
  settings: { headers?: Record<string, string>; auth?: { basic: { user: string } } | { bearer: true } }
  secrets: Record<string, string>
  lost: string[]
}

/** Headers that often contain a token. */
const secretName = /auth|cookie|key|secret|token/i

/**
 * Moves the password or the token of an Authorization header to the secrets. Other headers are settings, which events
 * and exports show.
 */
export const headerSettings = (headers: Readonly<Record<string, string>>): HeaderSettings => {
  const result: HeaderSettings = { settings: {}, secrets: {}, lost: [] }
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const [, scheme = '', credentials = ''] = /^(Basic|Bearer)\s+(\S+)$/i.exec(value.trim()) ?? []
    if (name.toLowerCase() === 'authorization' && scheme !== '') Object.assign(result, authOf(scheme, credentials))
    else {
      kept[name] = value
      if (secretName.test(name))
        result.lost.push(`the header ${name} is kept as a setting, so exports and events show its value`)
    }
  }
  if (Object.keys(kept).length > 0) result.settings.headers = kept
  return result
}

const authOf = (scheme: string, credentials: string): Pick<HeaderSettings, 'settings' | 'secrets'> => {
  if (scheme.toLowerCase() === 'bearer')
    return { settings: { auth: { bearer: true } }, secrets: { token: credentials } }
  const [user = '', ...password] = Buffer.from(credentials, 'base64').toString().split(':')
  return basicAuth(user, password.join(':'))
}

/** The settings and the secret of a user name with a password. */
export const basicAuth = (user: string, password: string): Pick<HeaderSettings, 'settings' | 'secrets'> => ({
  settings: { auth: { basic: { user } } },
  secrets: password === '' ? {} : { password },
})

/** Adds what the headers become to a monitor. */
export const withHeaders = (
  monitor: Pick<ImportedMonitor, 'secrets' | 'lost'> & { settings: Record<string, unknown> },
  headers: HeaderSettings,
): void => {
  Object.assign(monitor.settings, headers.settings)
  Object.assign(monitor.secrets, headers.secrets)
  monitor.lost.push(...headers.lost)
}
