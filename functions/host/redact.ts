// Not at a word boundary: in the addresses of the Bot API the number follows the letters "bot".
const telegramToken = /\d+:[\w-]{30,}/g
const credentialsInUrl = /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@"'<>]+@/gi
const secretsInQuery =
  /(?<=[?&][\w.-]{0,30}(?:token|secret|passw|pwd|api_?key|signature|auth)[\w.-]{0,30}=)[^&\s"'<>#]+/gi
const namesOfSecrets = /TOKEN|SECRET|PASSWORD|PASSWD|PRIVATE|API_?KEY|CREDENTIAL/i
const shortestSecret = 6

/** The values that must never be told: those of variables named like secrets, and the passwords inside of URLs. */
export const secretsOf = (environment: Record<string, string | undefined>): string[] => {
  const secrets = new Set<string>()
  for (const [name, value] of Object.entries(environment)) {
    if (!value) continue
    if (namesOfSecrets.test(name)) secrets.add(value)
    const password = value.includes('://') && URL.canParse(value) ? new URL(value).password : ''
    secrets.add(password).add(decoded(password))
  }
  // As they are, as they look inside of JSON, and as they look inside of a URL; the longest first, for one may contain another.
  return [...secrets]
    .filter(secret => secret.length >= shortestSecret)
    .flatMap(secret => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    .filter((secret, at, all) => all.indexOf(secret) === at)
    .toSorted((a, b) => b.length - a.length)
}

const decoded = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

let own: string[] | undefined
const ownSecrets = () => {
  own ??= secretsOf(process.env)
  return own
}

/** Any text without Telegram tokens, credentials in URLs and the values of this process's secrets. */
export const redact = (text: string, secrets: readonly string[] = ownSecrets()): string => {
  let clean = text
  for (const secret of secrets) if (clean.includes(secret)) clean = clean.replaceAll(secret, '[redacted]')
  if (clean.includes('://'))
    clean = clean.replace(credentialsInUrl, '[redacted]@').replace(secretsInQuery, '[redacted]')
  return clean.replace(telegramToken, '[redacted]')
}
