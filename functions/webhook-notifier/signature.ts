import { createHash, createHmac } from 'node:crypto'

/** The header webhook-id of an event: the same in every attempt, so that a receiver can leave out what it has had. */
export const messageIdOf = (eventId: string): string =>
  `msg_${createHash('sha256').update(eventId).digest('base64url').slice(0, 27)}`

/**
 * The headers of Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec 1.0): one signature for each
 * secret, so that a receiver accepts the request while its secret is changed.
 */
export const signedHeaders = (
  { id, body, secrets }: { id: string; body: string; secrets: readonly string[] },
  now: Date,
): Record<string, string> => {
  const timestamp = String(Math.floor(now.getTime() / 1000))
  const signatures = secrets.map(secret => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
