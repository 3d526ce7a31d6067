import { isInternalHost } from '#functions/host/internal-host.ts'

const maxLength = 2_048

/** The URL that a person wrote for a webhook, as it is called; null if it cannot be a webhook. */
export const webhookUrl = async (
  text: string,
  mayDial: (address: string) => boolean | Promise<boolean>,
): Promise<string | null> => {
  if (text.length > maxLength || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  if (url.username !== '' || url.password !== '' || !url.hostname) return null
  url.hash = ''
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isAddress = /^[\d.]+$|:/.test(host)
  // A name is looked up at each request, and no request goes to a private address.
  return (isAddress ? await mayDial(host) : !isInternalHost(host)) ? url.href : null
}
