import { createHash, timingSafeEqual } from 'node:crypto'

const sha256 = (text: string) => createHash('sha256').update(text).digest()

/** The longest secret that Telegram accepts. Longer values are refused without hashing. */
const maxSecretLength = 256

/**
 * The configured secret. Throws an error if it is missing or not usable, so that the function does not start. The texts
 * "undefined" and "null" count as missing, because a script writes them for an unset variable.
 */
export const usableSecret = (configured: string | undefined): string => {
  const secret = configured?.trim() ?? ''
  if (secret === '' || secret === 'undefined' || secret === 'null')
    throw new Error('TELEGRAM_WEBHOOK_SECRET is not set; make one with: openssl rand -hex 32')
  if (secret.length > maxSecretLength || !/^[\w-]+$/.test(secret))
    throw new Error(
      'TELEGRAM_WEBHOOK_SECRET must be 1 to 256 characters of A-Z a-z 0-9 _ -; make one with: openssl rand -hex 32',
    )
  return secret
}

/**
 * Compares the header of a request with the secret in constant time, so that the duration reveals nothing about the
 * secret.
 */
export const secretCheck = (secret: string) => {
  const expected = sha256(secret)
  return (given: string | string[] | undefined): boolean =>
    typeof given === 'string' && given.length <= maxSecretLength && timingSafeEqual(sha256(given), expected)
}

/** The bot's id: the number before the colon of its token. */
export const botIdOf = (token: string): number => {
  const id = /^(\d{1,15}):[\w-]+$/.exec(token)?.[1]
  if (id === undefined)
    throw new Error('TELEGRAM_BOT_TOKEN is not a token like 123456:ABC…; copy the token that @BotFather gave you')
  return Number(id)
}
