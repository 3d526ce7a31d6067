import { createHash, timingSafeEqual } from 'node:crypto'

const sha256 = (text: string) => createHash('sha256').update(text).digest()

/** What Telegram accepts as a secret; longer ones are not even hashed. */
const LONGEST = 256

/**
 * The configured secret, or an error that stops the start. Libraries take an unset variable for "no check", and its text
 * "undefined" for a secret: both would let anybody in.
 */
export const usableSecret = (configured: string | undefined): string => {
  const secret = configured?.trim() ?? ''
  if (secret === '' || secret === 'undefined' || secret === 'null')
    throw new Error('TELEGRAM_WEBHOOK_SECRET is not set; make one with: openssl rand -hex 32')
  if (secret.length > LONGEST || !/^[\w-]+$/.test(secret))
    throw new Error(
      'TELEGRAM_WEBHOOK_SECRET may have 1 to 256 of A-Z, a-z, 0-9, _ and -; make one with: openssl rand -hex 32',
    )
  return secret
}

/** Compares what a request brings with the secret, in a time that tells nothing about either. */
export const secretCheck = (secret: string) => {
  const expected = sha256(secret)
  return (given: string | string[] | undefined): boolean =>
    typeof given === 'string' && given.length <= LONGEST && timingSafeEqual(sha256(given), expected)
}

/** The bot's own id: the number before the colon of its token. */
export const botIdOf = (token: string): number => {
  const id = /^(\d{1,15}):[\w-]+$/.exec(token)?.[1]
  if (id === undefined) throw new Error('TELEGRAM_BOT_TOKEN is not a token of BotFather (123456:ABC…)')
  return Number(id)
}
