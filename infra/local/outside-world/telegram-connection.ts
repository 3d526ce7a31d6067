import { Refusal } from '#infra/refusal.ts'
import { publicAddress } from '../http/public-routes.ts'
import type { FunctionManifest } from '../manifests/manifests.ts'
import type { OutsideWorld } from './outside-world.ts'
import type { TelegramBridge } from './telegram-bridge.ts'

/** The function that handles Telegram's updates. */
export const webhookFunction = 'telegram-webhook'

export interface WebhookUrlOptions {
  functions: readonly FunctionManifest[]
  publicUrl: URL | undefined
  isSimulated: boolean
  port: number
  publicPort: number
}

/**
 * The URL to which Telegram sends updates; undefined if the bridge fetches them. The simulator is on this machine and
 * needs no PUBLIC_URL. Throws a Refusal if PUBLIC_URL is set and the function has no public path.
 */
export const webhookUrl = ({
  functions,
  publicUrl,
  isSimulated,
  port,
  publicPort,
}: WebhookUrlOptions): string | undefined => {
  const path = functions.find(({ name }) => name === webhookFunction)?.public?.path
  if (isSimulated)
    return path === undefined ? `http://${webhookFunction}.localhost:${port}/` : `http://127.0.0.1:${publicPort}${path}`
  if (publicUrl === undefined) return undefined
  if (path === undefined)
    throw new Refusal(`PUBLIC_URL needs the label vigia.dev/public in knative/services/${webhookFunction}.yaml`)
  return publicAddress(publicUrl, path)
}

/**
 * Connects the bot with the webhook function on this machine. `post` sends a request to PORT with the given host in the
 * Host header.
 */
export const connectTelegram = async (
  { apiRoot, botToken, webhookSecret }: OutsideWorld,
  publicUrl: string | undefined,
  post: (
    host: string,
    path: string,
    headers: Record<string, string>,
    body: string,
  ) => Promise<{ status: number; retryAfter: string | undefined }>,
  warn: (text: string) => void,
): Promise<TelegramBridge> => {
  const [{ startTelegramBridge }, { commandMenu }] = await Promise.all([
    import('./telegram-bridge.ts'),
    import('#functions/telegram-webhook/command-menu.ts'),
  ])
  return startTelegramBridge({
    apiRoot,
    token: botToken,
    webhookSecret,
    ...(publicUrl === undefined ? {} : { publicUrl }),
    deliver: ({ headers, body }) => post(`${webhookFunction}.localhost`, '/', headers, body),
    menu: commandMenu,
    say: warn,
  })
}
