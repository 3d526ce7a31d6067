import { TelegramError, telegram } from '#functions/telegram/client.ts'
import { countText, spanText } from './figures.ts'
import { failed, ok, type Result, skipped, warning } from './finding.ts'

const timeoutMs = 10_000

/** Telegram keeps the last error also after later deliveries have succeeded, so an old error is no longer a fault. */
const recentErrorS = 600

/** More updates than this wait only if the bot does not take them. */
const manyPending = 50

export interface Bot {
  apiRoot: string
  /** undefined if the variable is not set. */
  token: string | undefined
  /** The variable of the token, for messages. */
  variable: 'TELEGRAM_BOT_TOKEN' | 'TELEGRAM_OPS_BOT_TOKEN'
}

/** Asks Telegram who the bot is. */
export const botCheck = async ({ apiRoot, token, variable }: Bot): Promise<Result> => {
  if (token === undefined)
    return variable === 'TELEGRAM_BOT_TOKEN'
      ? warning(
          'TELEGRAM_BOT_TOKEN is not set, so Telegram is simulated',
          'Messages are only in the chat at /chat, and nobody gets them on Telegram.',
          'set TELEGRAM_BOT_TOKEN (README, "Your own bot"), also in the environment of this command',
        )
      : warning(
          'TELEGRAM_OPS_BOT_TOKEN is not set',
          'Failures are stored, but nobody is told about them.',
          'set TELEGRAM_OPS_BOT_TOKEN and TELEGRAM_OPS_CHAT_ID (README, "Your own bot")',
        )
  try {
    const { username } = await telegram({ apiRoot, token }).call<{ username?: string }>('getMe', {}, { timeoutMs })
    return ok(`@${username} answers`)
  } catch (error) {
    return refused(error as Error, variable)
  }
}

const refused = (error: Error, variable: Bot['variable']): Result => {
  const why =
    variable === 'TELEGRAM_BOT_TOKEN' ? 'The bot gets no messages and sends none.' : 'Nobody is told about failures.'
  if (error instanceof TelegramError && [401, 404].includes(error.code))
    return failed(
      `Telegram does not know the token (${error.code})`,
      why,
      `copy the token from @BotFather into ${variable}; it is mistyped or was revoked`,
    )
  return error instanceof TelegramError
    ? failed(`Telegram refused getMe: ${error.code} ${error.description}`, why, 'npm run vigia -- doctor')
    : failed(
        `Telegram does not answer (${error.message})`,
        why,
        'check the network of this machine, and TELEGRAM_API_ROOT if it is set',
      )
}

interface WebhookInfo {
  url: string
  pending_update_count: number
  /** Unix seconds. */
  last_error_date?: number
  last_error_message?: string
}

export interface ExpectedWebhook {
  apiRoot: string
  token: string | undefined
  /** The URL of the webhook; null if the updates are fetched; undefined if the URL cannot be known here. */
  url: string | null | undefined
  now: Date
}

/** Compares the bot's webhook with the expected one, and looks at its last error and at the updates that wait. */
export const webhookCheck = async ({ apiRoot, token, url, now }: ExpectedWebhook): Promise<Result> => {
  if (token === undefined) return skipped('without TELEGRAM_BOT_TOKEN there is no webhook')
  let info: WebhookInfo
  try {
    info = await telegram({ apiRoot, token }).call<WebhookInfo>('getWebhookInfo', {}, { timeoutMs })
  } catch {
    return skipped('Telegram does not answer for this bot')
  }
  return wrongUrl(info, url) ?? deliveryProblem(info, now) ?? ok(describe(info))
}

// The address of another program's webhook may contain a secret in its path, so only its host is shown.
const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : 'an address that cannot be read')

const describe = ({ url, pending_update_count: pending }: WebhookInfo) =>
  `${url === '' ? 'no webhook, updates are fetched' : `webhook at ${hostOf(url)}`}; ${countText(pending, 'update waits', 'updates wait')}`

const wrongUrl = (info: WebhookInfo, expected: string | null | undefined): Result | undefined => {
  if (expected === undefined)
    return info.url !== ''
      ? undefined
      : failed(
          'no webhook is set',
          'Telegram sends updates to no function, so the bot answers nobody.',
          'call setWebhook with the public address of telegram-webhook and TELEGRAM_WEBHOOK_SECRET',
        )
  if (info.url === (expected ?? '')) return undefined
  if (expected === null)
    return failed(
      `a webhook at ${hostOf(info.url)} is set, but PUBLIC_URL is not`,
      'Telegram sends the updates there, so this Vigia cannot fetch them.',
      'stop the other program that uses this bot, then restart Vigia, which removes the webhook',
    )
  return failed(
    info.url === ''
      ? 'no webhook is set, but PUBLIC_URL is'
      : `the webhook is at ${hostOf(info.url)}, not at PUBLIC_URL`,
    'Telegram does not send the updates to this Vigia.',
    'stop the other program that uses this bot, then restart Vigia, which sets the webhook',
  )
}

const deliveryProblem = (info: WebhookInfo, now: Date): Result | undefined => {
  const { last_error_date: errorAt, last_error_message: message, pending_update_count: pending } = info
  const ageS = errorAt === undefined ? Number.POSITIVE_INFINITY : now.getTime() / 1000 - errorAt
  if (info.url !== '' && ageS <= recentErrorS)
    return failed(
      `the last delivery failed ${spanText(Math.max(0, ageS))} ago: ${message}; ${countText(pending, 'update waits', 'updates wait')}`,
      'What people write to the bot does not arrive, and the bot does not answer.',
      'check that the internet reaches PUBLIC_URL: infra/local/http/README.md, "From the internet"',
    )
  return pending > manyPending
    ? failed(describe(info), 'The bot does not take the messages that people send.', 'see the log of telegram-webhook')
    : undefined
}
