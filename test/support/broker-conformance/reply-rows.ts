import type { Trigger } from '#local/broker/broker.ts'
import { type CannedResponse, eventHeaders, type Recorder, triggerFor } from '#test/support/broker-server.ts'
import { type DeadLetterCode, path, sinkFor, typeOf } from './rows.ts'

/**
 * A response of a subscriber whose Trigger has `retry: 1` and a dead letter sink. `reply` is the event that the broker
 * publishes, and `attempts` is how often the broker calls the subscriber. `~` stands for the type of the reply.
 */
export interface ReplyRow {
  title: string
  answer: CannedResponse
  reply: { headers: Record<string, string | null>; body?: string } | null
  attempts: number
  deadLetter: DeadLetterCode
}

const replyHeaders = (more: Record<string, string> = {}) => ({ ...eventHeaders('reply', '~'), ...more })

export const replyRows: ReplyRow[] = [
  ...[200, 201, 202, 204].map(status => ({
    title: `${status} with an event in binary mode`,
    answer: {
      status,
      headers: replyHeaders({ 'x-request-id': 'r' }),
      ...(status === 204 ? {} : { body: '{"b":2}' }),
    },
    reply: {
      headers: {
        'ce-id': 'reply',
        prefer: 'reply',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'x-request-id': 'r',
      },
    },
    attempts: 1,
    deadLetter: null,
  })),
  {
    title: '200 with a structured event',
    answer: {
      status: 200,
      headers: { 'content-type': 'application/cloudevents+json' },
      body: '{"specversion":"1.0","id":"reply","type":"~","source":"/s","data":{"b":2}}',
    },
    reply: { headers: { 'content-type': 'text/plain; charset=utf-8', 'ce-source': '/s' }, body: '{"b":2}' },
    attempts: 1,
    deadLetter: null,
  },
  {
    title: 'an unknown specversion without a body',
    answer: { status: 200, headers: replyHeaders({ 'ce-specversion': '9' }) },
    reply: null,
    attempts: 1,
    deadLetter: null,
  },
  {
    title: 'ce headers without specversion and without a body',
    answer: { status: 200, headers: { 'ce-id': '1', 'ce-type': '~' } },
    reply: null,
    attempts: 1,
    deadLetter: null,
  },
  {
    title: 'ce headers without specversion but a body',
    answer: { status: 200, headers: { 'ce-id': '1', 'ce-type': '~' }, body: '{}' },
    reply: null,
    attempts: 2,
    deadLetter: 'without code',
  },
  {
    title: 'a structured event with broken JSON',
    answer: { status: 200, headers: { 'content-type': 'application/cloudevents+json' }, body: '{' },
    reply: null,
    attempts: 2,
    deadLetter: 'without code',
  },
  {
    title: 'a batch',
    answer: { status: 200, headers: { 'content-type': 'application/cloudevents-batch+json' }, body: '[]' },
    reply: null,
    attempts: 2,
    deadLetter: 'without code',
  },
  {
    title: 'an event without a type: refused by the ingress',
    answer: { status: 200, headers: { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s' } },
    reply: null,
    attempts: 1,
    deadLetter: 400,
  },
  {
    title: 'an event without an id: refused by the ingress',
    answer: { status: 200, headers: { 'ce-specversion': '1.0', 'ce-type': '~', 'ce-source': '/s' } },
    reply: null,
    attempts: 1,
    deadLetter: 400,
  },
]

export const replyTriggers = (recorder: Recorder): Trigger[] => {
  for (const [index, { answer }] of replyRows.entries())
    recorder.respond(path('subscriber', 'reply', index), () =>
      JSON.parse(JSON.stringify(answer).replaceAll('~', typeOf('answer', index))),
    )
  const { url } = recorder
  return replyRows.flatMap((_, index) => [
    triggerFor(`reply-${index}`, typeOf('reply', index), url + path('subscriber', 'reply', index), {
      retry: 1,
      deadLetterSink: sinkFor(recorder, 'reply', index),
    }),
    triggerFor(`answer-${index}`, typeOf('answer', index), url + path('answer', 'reply', index)),
  ])
}

/** A subscriber that replies to every event with an event for itself. */
export const echoTriggers = (recorder: Recorder): Trigger[] => {
  recorder.respond('/echo', (_, nth) => ({ status: 200, headers: eventHeaders(`echo-${nth}`, 'echo') }))
  return [triggerFor('echo', 'echo', `${recorder.url}/echo`, { deadLetterSink: sinkFor(recorder, 'echo', 0) })]
}
