import type { Trigger } from '#local/broker/broker.ts'
import type { DeliverySpec } from '#local/manifests/model.ts'
import { eventHeaders, type Recorder, type ResponseRule, triggerFor } from '#test/support/broker-server.ts'
import { always, type DeadLetterCode, path, sinkFor, typeOf } from './rows.ts'

/**
 * How a subscriber responds, and the attempts and dead letter that follow. The Trigger has `retry: 3` and a dead letter
 * sink.
 */
export interface RetryRow {
  title: string
  rule: ResponseRule
  attempts: number
  deadLetter: DeadLetterCode
  data?: string
  settings?: Partial<DeliverySpec>
}

const event = { ...eventHeaders('answer', 'unmatched'), 'ce-source': '/answer' }

export const retryRows: RetryRow[] = [
  ...[200, 201, 202, 204].map(status => ({
    title: `${status}, empty`,
    rule: always({ status }),
    attempts: 1,
    deadLetter: null,
  })),
  { title: '200 with a newline', rule: always({ status: 200, body: '\n' }), attempts: 4, deadLetter: 'without code' },
  { title: '202 with a text', rule: always({ status: 202, body: 'ok' }), attempts: 4, deadLetter: 'without code' },
  {
    title: '200 with more than 1 MiB',
    rule: always({ status: 200, body: Buffer.alloc(3 * 1024 * 1024, 'x') }),
    attempts: 4,
    deadLetter: 'without code',
  },
  { title: '300', rule: always({ status: 300 }), attempts: 1, deadLetter: 300 },
  { title: '304', rule: always({ status: 304 }), attempts: 1, deadLetter: 'without code' },
  // A deliberate difference: Knative follows these redirects, and for 301 and 302 it sends a GET without the event.
  ...[301, 302, 307, 308].map(status => ({
    title: `${status} is not followed`,
    rule: always({ status, headers: { location: `/elsewhere/${status}` } }),
    attempts: 1,
    deadLetter: status,
  })),
  ...[400, 401, 403, 405, 406, 410, 413, 418, 422, 425].map(status => ({
    title: `${status}`,
    rule: always({ status, body: 'no "é"\n' }),
    attempts: 1,
    deadLetter: status,
    data: 'no "é"\n',
  })),
  ...[404, 408, 409, 429, 500, 501, 502, 503, 504, 505, 511].map(status => ({
    title: `${status}`,
    rule: always({ status }),
    attempts: 4,
    deadLetter: status,
    data: '',
  })),
  {
    title: '503 with Retry-After, which is ignored',
    rule: always({ status: 503, headers: { 'retry-after': '60' } }),
    attempts: 4,
    deadLetter: 503,
  },
  {
    title: 'an event in a response with 500 is not a reply',
    rule: always({ status: 500, headers: event, body: '{}' }),
    attempts: 4,
    deadLetter: 500,
    data: '{}',
  },
  {
    title: 'an error body of 768 bytes is kept whole',
    rule: always({ status: 400, body: 'x'.repeat(768) }),
    attempts: 1,
    deadLetter: 400,
    data: 'x'.repeat(768),
  },
  // A deliberate difference: a body of this size ends the process of Knative's dispatcher.
  {
    title: 'an error body of 769 bytes is cut to 768',
    rule: always({ status: 400, body: 'x'.repeat(769) }),
    attempts: 1,
    deadLetter: 400,
    data: 'x'.repeat(768),
  },
  { title: 'a connection that is dropped', rule: () => 'close connection', attempts: 4, deadLetter: 500 },
  {
    title: 'a response that is slower than the timeout',
    rule: () => 'no response',
    attempts: 4,
    deadLetter: 'without code',
    settings: { timeoutMs: 1_000 },
  },
  {
    title: 'a success after two failures',
    rule: (_, nth) => ({ status: nth < 3 ? 500 : 204 }),
    attempts: 3,
    deadLetter: null,
  },
  {
    title: 'a success at the last attempt',
    rule: (_, nth) => ({ status: nth < 4 ? 503 : 204 }),
    attempts: 4,
    deadLetter: null,
  },
  {
    title: 'without a sink the event is given up',
    rule: always({ status: 500 }),
    attempts: 4,
    deadLetter: null,
    settings: { deadLetterSink: null },
  },
  { title: 'without retries', rule: always({ status: 500 }), attempts: 1, deadLetter: 500, settings: { retry: 0 } },
]

export const retryTriggers = (recorder: Recorder): Trigger[] => {
  for (const [index, { rule }] of retryRows.entries()) recorder.respond(path('subscriber', 'retry', index), rule)
  return retryRows.map(({ settings = {} }, index) =>
    triggerFor(`retry-${index}`, typeOf('retry', index), recorder.url + path('subscriber', 'retry', index), {
      retry: 3,
      deadLetterSink: sinkFor(recorder, 'retry', index),
      ...settings,
    }),
  )
}
