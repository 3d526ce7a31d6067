import { webhookUrl } from '#functions/dial/webhook-url.ts'
import type { YamlPath } from '#infra/files/yaml-lines.ts'
import type { DesiredWebhook } from './desired.ts'
import { didYouMean } from './did-you-mean.ts'
import type { GivenSecret, WebhookEntry } from './file-schema.ts'

/** As Standard Webhooks writes secrets: at least 24 bytes in Base64. */
const secretPattern = /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/

/** What a webhook needs from outside, as `Outside` describes it. */
interface WebhookOutside {
  mayDial(address: string): boolean
  readSecret(source: GivenSecret): { value: string } | { reason: string }
}

/** Reads a webhook. `pages` are the names of the pages of its chat. */
export const readWebhook = async (
  key: string,
  entry: WebhookEntry,
  pages: readonly string[],
  { mayDial, readSecret }: WebhookOutside,
  report: (path: YamlPath, reason: string) => void,
): Promise<DesiredWebhook> => {
  const { url: text, page = null, secret: source } = entry
  const url = await webhookUrl(text, mayDial)
  if (url === null) report(['url'], 'is not a URL that Vigia may call; write it like https://example.org/hooks/vigia')
  if (page !== null && !pages.includes(page))
    report(['page'], `${JSON.stringify(page)} is not the name of a page of this chat${didYouMean(page, pages)}`)
  const read = source && readSecret(source)
  if (read && 'reason' in read) report(['secret'], read.reason)
  const secret = read && 'value' in read ? read.value : null
  if (secret !== null && !secretPattern.test(secret))
    report(['secret'], 'is not a secret of Standard Webhooks; write whsec_ and 32 or more letters of Base64')
  return { key, url: url ?? text, page, secret }
}
