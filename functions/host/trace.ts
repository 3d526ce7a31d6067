import { createHash } from 'node:crypto'

const traceparentPattern = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/

/** The trace id of a W3C traceparent, or undefined where there is none. */
export const traceIdOf = (traceparent: string | undefined): string | undefined =>
  traceparentPattern.exec(traceparent ?? '')?.[1]

/** The id of the span that a W3C traceparent names, or undefined where there is none. */
export const spanIdOf = (traceparent: string | undefined): string | undefined =>
  traceparentPattern.exec(traceparent ?? '')?.[2]

/**
 * A traceparent for an event that came without one. It is derived from the event's id, so that a redelivery belongs to
 * the same trace.
 */
export const traceparentOf = (id: string): string => {
  const hash = createHash('sha256').update(id).digest('hex')
  return `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01`
}
