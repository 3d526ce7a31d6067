import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connectAddress } from '#functions/host/connect-address.ts'
import type { Time } from '../time.ts'
import type { Update } from './bot-api.ts'

export interface WebhookSettings {
  url: string
  secret: string
  maxConnections: number
}

/** A response that takes longer than this counts as an error. */
export const readTimeoutMs = 60_000
const maxBodyBytes = 1024 * 1024
const neverExecuted = /^(deletewebhook|setwebhook|close|logout|get.*)$/

/** The response of the webhook. `error` is Telegram's description of the error; null for a status from 200 to 299. */
export interface WebhookResponse {
  status: number | null
  type: string
  body: string
  retryAfterS: number
  error: string | null
}

/** Posts an update to the webhook. The returned promise never rejects. */
export const postUpdate = (to: WebhookSettings, update: Update, agent: Agent, time: Time): Promise<WebhookResponse> =>
  new Promise(resolve => {
    const url = new URL(to.url)
    const body = JSON.stringify(update)
    const isHttps = url.protocol === 'https:'
    const fail = (error: string) => resolve({ status: null, type: '', body: '', retryAfterS: 0, error })
    const request = (isHttps ? httpsRequest : httpRequest)({
      host: connectAddress(url).host,
      port: url.port || (isHttps ? 443 : 80),
      path: url.pathname + url.search,
      method: 'POST',
      ...(isHttps ? {} : { agent }),
      headers: {
        host: url.host,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'accept-encoding': 'gzip, deflate',
        ...(to.secret === '' ? {} : { 'x-telegram-bot-api-secret-token': to.secret }),
      },
    })
    const cancelTimeout = time.after(readTimeoutMs, () => {
      fail('Read timeout expired')
      request.destroy()
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      cancelTimeout()
      fail(error.code === 'ECONNREFUSED' ? 'Connection refused' : 'Webhook connection closed')
    })
    request.on('response', response => {
      read(response).then(
        text => {
          cancelTimeout()
          const status = response.statusCode ?? 0
          const isOk = status >= 200 && status <= 299
          resolve({
            status,
            type: response.headers['content-type'] ?? '',
            body: text,
            retryAfterS: Math.max(0, Number.parseInt(response.headers['retry-after'] ?? '', 10) || 0),
            error: isOk ? null : `Wrong response from the webhook: ${status} ${response.statusMessage ?? ''}`.trimEnd(),
          })
        },
        () => {
          cancelTimeout()
          fail('Webhook connection closed')
        },
      )
    })
    request.end(body)
  })

const read = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size <= maxBodyBytes) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/**
 * The Bot API method that a response asks for, or null. Telegram ignores methods that read data and methods that change
 * the webhook.
 */
export const methodInResponse = ({
  body,
  type,
}: WebhookResponse): { method: string; args: Record<string, unknown> } | null => {
  const args = argsInBody(body, type)
  const method = args?.method
  if (args === null || typeof method !== 'string' || method === '') return null
  return neverExecuted.test(method.toLowerCase()) ? null : { method, args }
}

const argsInBody = (body: string, type: string): Record<string, unknown> | null => {
  if (/urlencoded/i.test(type)) return Object.fromEntries(new URLSearchParams(body))
  try {
    const parsed: unknown = JSON.parse(body)
    return parsed !== null && typeof parsed === 'object' ? { ...parsed } : null
  } catch {
    return null
  }
}
