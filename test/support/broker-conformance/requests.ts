import { eventHeaders } from '#test/support/broker-server.ts'
import type { TestRequest } from '#test/support/http.ts'

/** A request in binary mode. A header that is undefined is left out. */
export const binary = (
  headers: Record<string, string | undefined> = {},
  body: string | Buffer = '{"a":1}',
): TestRequest => ({
  headers: Object.fromEntries(
    Object.entries({ ...eventHeaders('row', 'sample'), ...headers }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>,
  body,
})

/** A request in structured mode. */
export const structured = (event: object | string, contentType = 'application/cloudevents+json'): TestRequest => ({
  headers: { 'content-type': contentType },
  body: typeof event === 'string' ? event : JSON.stringify(event),
})

/** The attributes of an event in structured mode. */
export const attributes = { specversion: '1.0', id: 'row', type: 'sample', source: '/functions/test' }
