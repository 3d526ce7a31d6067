import { describe, expect, test } from 'vitest'
import { type CannedResponse, eventHeaders, triggerFor } from '#test/support/broker-server.ts'
import { until } from '#test/support/until.ts'
import {
  conformanceBroker,
  type DeadLetterCode,
  deadLetterCode,
  errorData,
  path,
  settled,
  sinkFor,
  typeOf,
} from './conformance-support.ts'

/**
 * A response of a subscriber whose Trigger has `retry: 1` and a dead letter sink. `reply` is the event that the broker
 * publishes, and `attempts` is how often the broker calls the subscriber. `~` stands for the type of the reply.
 */
interface ReplyRow {
  title: string
  answer: CannedResponse
  reply: { headers: Record<string, string | null>; body?: string } | null
  attempts: number
  deadLetter: DeadLetterCode
}

const replyHeaders = (more: Record<string, string> = {}) => ({ ...eventHeaders('reply', '~'), ...more })

const replyRows: ReplyRow[] = [
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

let hops = 0
const { recorder, server } = conformanceBroker(
  subscribers => {
    for (const [index, { answer }] of replyRows.entries())
      subscribers.respond(path('subscriber', 'reply', index), () =>
        JSON.parse(JSON.stringify(answer).replaceAll('~', typeOf('answer', index))),
      )
    subscribers.respond('/echo', () => ({ status: 200, headers: eventHeaders(`echo-${++hops}`, 'echo') }))
    const { url } = subscribers
    return [
      ...replyRows.flatMap((_, index) => [
        triggerFor(`reply-${index}`, typeOf('reply', index), url + path('subscriber', 'reply', index), {
          retry: 1,
          deadLetterSink: sinkFor(subscribers, 'reply', index),
        }),
        triggerFor(`answer-${index}`, typeOf('answer', index), url + path('answer', 'reply', index)),
      ]),
      triggerFor('echo', 'echo', `${url}/echo`, { deadLetterSink: sinkFor(subscribers, 'echo', 0) }),
    ]
  },
  { url: 'http://broker/vigia/default' },
)

describe('replies to a Trigger with retry 1 and a dead letter sink', () => {
  test.each(replyRows.map((row, index) => ({ ...row, index })))(
    '$title: attempts $attempts, dead letter $deadLetter',
    async ({ reply, attempts, deadLetter, index }) => {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await server.post(`reply-${index}`, typeOf('reply', index), { traceparent }, '{"a":1}')
      await settled(server, typeOf('reply', index))
      expect(recorder.received(path('subscriber', 'reply', index)).length).toBe(attempts)
      const deadLetters = recorder.received(path('sink', 'reply', index))
      expect(deadLetterCode(deadLetters, 'http://broker/vigia/default')).toBe(deadLetter)
      if (deadLetter === 400) expect(errorData(deadLetters)).toBe('')
      if (!reply) {
        expect(await server.broker.reads.events({ type: typeOf('answer', index) })).toEqual([])
        return
      }
      const got = await until(() => recorder.received(path('answer', 'reply', index))[0], { what: 'the reply' })
      expect(got.headers).toMatchObject(reply.headers)
      if (reply.body !== undefined) expect(got.body.toString()).toBe(reply.body)
    },
  )

  test('a subscriber that replies to every event with an event for itself is called 255 times', async () => {
    await server.post('echo', 'echo')
    const deadLetter = await until(() => recorder.received(path('sink', 'echo', 0))[0], { what: 'the end of the loop' })
    expect(recorder.received('/echo').length).toBe(255)
    expect(deadLetter.headers).toMatchObject({
      'ce-knativebrokerttl': '1',
      'ce-knativeerrorcode': '400',
      'ce-knativeerrordest': 'http://broker/vigia/default',
    })
  })
})
