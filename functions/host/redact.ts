// The pattern has no word boundary at its start, because in URLs of the Bot API the token follows the letters "bot".
const telegramToken = /\d+:[\w-]{30,}/g
const credentialsInUrl = /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@"'<>]+@/gi
const secretsInQuery =
  /(?<=[?&][\w.-]{0,30}(?:token|secret|passw|pwd|api_?key|signature|auth)[\w.-]{0,30}=)[^&\s"'<>#]+/gi
const bearerToken = /(?<=\bbearer\s{1,5})[\w.~+/-]{16,}=*/gi
// The token of a heartbeat, or the key of a chat, in the path of a ping. Who knows it can ping. A wrong URL may have it
// too, with two slashes or percent-encoded characters.
const pingToken = /(?<=\/ping\/+)[\w%-]{20,}/gi
// The secret of a status page or of a calendar in its address. Who knows it can read them.
const pageSecret = /(?<=\/status\/+[pc]\/+)[\w%-]{20,}/gi
// A signature with which a member of a chat sees a status page, in a link or in a cookie.
const pageSignature = /\bpage_[0-9a-z]{6,8}_[\w-]{43}/g
// A key of the HTTP API.
const apiKey = /vigia_[\w-]{43}/g
const secretVariable = /TOKEN|SECRET|PASSWORD|PASSWD|PRIVATE|API_?KEY|CREDENTIAL/i
const minSecretLength = 6

/**
 * The secrets of an environment: the values of variables whose names match `secretVariable`, and passwords in URLs.
 */
export const secretsOf = (environment: Record<string, string | undefined>): string[] => {
  const secrets = new Set<string>()
  for (const [name, value] of Object.entries(environment)) {
    if (!value) continue
    if (secretVariable.test(name)) secrets.add(value)
    const password = value.includes('://') && URL.canParse(value) ? new URL(value).password : ''
    secrets.add(password).add(percentDecoded(password))
  }
  // Each secret in three forms: unchanged, escaped as in JSON, and percent-encoded as in a URL. The longest come first,
  // because a secret may contain another.
  return [...secrets]
    .filter(secret => secret.length >= minSecretLength)
    .flatMap(secret => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    .filter((secret, at, all) => all.indexOf(secret) === at)
    .toSorted((a, b) => b.length - a.length)
}

const percentDecoded = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

let processSecrets: string[] | undefined
const secretsOfProcess = () => {
  processSecrets ??= secretsOf(process.env)
  return processSecrets
}

/**
 * Replaces Telegram tokens, tokens of pings, secrets and signatures of status pages, secrets of calendars, keys of the
 * API, credentials in URLs, bearer tokens, and `secrets` (by default those of this process's environment) with
 * `[redacted]`.
 */
export const redact = (text: string, secrets: readonly string[] = secretsOfProcess()): string => {
  let clean = text
  for (const secret of secrets) if (clean.includes(secret)) clean = clean.replaceAll(secret, '[redacted]')
  if (clean.includes('://'))
    clean = clean.replace(credentialsInUrl, '[redacted]@').replace(secretsInQuery, '[redacted]')
  if (clean.includes('/ping/')) clean = clean.replace(pingToken, '[redacted]')
  if (clean.includes('/status/')) clean = clean.replace(pageSecret, '[redacted]')
  if (clean.includes('page_')) clean = clean.replace(pageSignature, '[redacted]')
  if (clean.includes('vigia_')) clean = clean.replace(apiKey, '[redacted]')
  return clean.replace(telegramToken, '[redacted]').replace(bearerToken, '[redacted]')
}
