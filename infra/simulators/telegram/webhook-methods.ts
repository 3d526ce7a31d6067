import type { Args } from './args.ts'
import type { WebhookInfo } from './bot-api.ts'
import { badRequest, tooManyRequests } from './bot-api-error.ts'
import type { Bot, TelegramState } from './state.ts'

const defaultConnections = 40
const maxConnections = 100
/** The ports to which Telegram delivers updates; '' means 443 or 80, depending on the URL's scheme. */
const webhookPorts = ['', '443', '80', '88', '8443']

/** Unix milliseconds before which a bot's next setWebhook is answered 429. */
const nextSetAllowedAt = new WeakMap<Bot, number>()

/** Whether the URL names this machine. The simulator accepts such a webhook without HTTPS; Telegram does not. */
const isLocal = (url: URL) => /(^|\.)localhost$|^127\.|^\[::1\]$/i.test(url.hostname)

export const setWebhook = (state: TelegramState, bot: Bot, args: Args): { result: true; description: string } => {
  const given = args.text('url')
  if (given === '') return deleteWebhook(state, bot, args)
  const now = state.time.now().getTime()
  if (now < (nextSetAllowedAt.get(bot) ?? 0)) throw tooManyRequests(1)
  const secret = args.text('secret_token')
  const url = parseWebhookUrl(given)
  if (Buffer.byteLength(secret) > 256) throw badRequest('secret token is too long')
  if (!/^[A-Za-z0-9_-]*$/.test(secret)) throw badRequest('secret token contains unallowed characters')
  if (!isLocal(url)) {
    if (url.protocol !== 'https:') throw badRequest('bad webhook: An HTTPS URL must be provided for webhook')
    if (!webhookPorts.includes(url.port)) {
      throw badRequest('bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443')
    }
  }
  nextSetAllowedAt.set(bot, now + 1000)
  setAllowedUpdates(bot, args)
  if (args.flag('drop_pending_updates')) bot.updates.clear()
  const connections = Math.min(maxConnections, Math.max(1, args.integer('max_connections') ?? defaultConnections))
  const current = bot.webhook.settings()
  if (current?.url === url.href && current.secret === secret && current.maxConnections === connections) {
    return { result: true, description: 'Webhook is already set' }
  }
  bot.webhook.set({ url: url.href, secret, maxConnections: connections })
  return { result: true, description: 'Webhook was set' }
}

const parseWebhookUrl = (given: string): URL => {
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(given) ? given : `https://${given}`)
    if (/^https?:$/.test(url.protocol)) return url
  } catch {
    // An invalid URL is refused below, like a URL of another scheme.
  }
  throw badRequest('invalid webhook URL specified')
}

export const deleteWebhook = (_state: TelegramState, bot: Bot, args: Args): { result: true; description: string } => {
  const wasSet = bot.webhook.settings() !== null
  if (args.flag('drop_pending_updates')) bot.updates.clear()
  bot.webhook.remove()
  return { result: true, description: wasSet ? 'Webhook was deleted' : 'Webhook is already deleted' }
}

export const getWebhookInfo = (_state: TelegramState, bot: Bot): WebhookInfo => {
  const settings = bot.webhook.settings()
  const error = bot.webhook.lastError()
  return {
    url: settings?.url ?? '',
    has_custom_certificate: false,
    pending_update_count: bot.updates.pending().length,
    ...(error === null
      ? {}
      : { last_error_date: Math.floor(error.at.getTime() / 1000), last_error_message: error.message }),
    ...(settings === null ? {} : { max_connections: settings.maxConnections, ip_address: '127.0.0.1' }),
    ...(bot.allowedUpdates === null ? {} : { allowed_updates: bot.allowedUpdates }),
  }
}

/**
 * Sets the kinds of updates that the bot gets. Without `allowed_updates` the earlier choice stays; an empty list
 * restores Telegram's default.
 */
export const setAllowedUpdates = (bot: Bot, args: Args): void => {
  if (!args.has('allowed_updates')) return
  const kinds = args.json('allowed_updates')
  if (!Array.isArray(kinds)) return
  bot.allowedUpdates = kinds.length === 0 ? null : kinds.map(kind => String(kind).toLowerCase())
}
