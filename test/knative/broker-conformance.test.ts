import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Trigger } from '#local/broker/broker.ts'
import { ingressRows, ingressTriggers } from '#test/support/broker-conformance/ingress-rows.ts'
import {
  expectReceived,
  receivedRequest,
  receivedRows,
  receivedTriggers,
} from '#test/support/broker-conformance/received-rows.ts'
import { echoTriggers, replyRows, replyTriggers } from '#test/support/broker-conformance/reply-rows.ts'
import { binary } from '#test/support/broker-conformance/requests.ts'
import { retryRows, retryTriggers } from '#test/support/broker-conformance/retry-rows.ts'
import {
  pairTriggers,
  routed,
  routedEvents,
  routingRows,
  routingTriggers,
} from '#test/support/broker-conformance/routing-rows.ts'
import { deadLetterCode, errorData, path, typeOf } from '#test/support/broker-conformance/rows.ts'
import {
  brokerSink,
  brokerSinkTriggers,
  pauses,
  pauseTriggers,
  refusedConnection,
  refusedTriggers,
  sinkRows,
  sinkTriggers,
} from '#test/support/broker-conformance/sink-rows.ts'
import { type Recorder, startRecorder, triggerFor } from '#test/support/broker-server.ts'
import type { TestResponse } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'
import {
  type Differences,
  ingressDifferences,
  type KnativeRetryRow,
  notSent,
  receivedDifferences,
  repeatedEvent,
  replyDifferences,
  retryDifferences,
} from './broker-differences.ts'
import { type Brokers, startBrokers } from './cluster/brokers.ts'
import { nodeAddress } from './cluster/layout.ts'
import { sharedTriggers } from './cluster/shared-triggers.ts'

/**
 * The rows name the namespace `vigia`. Here the Brokers have another namespace, so that Vigia gets none of the events.
 */
const namespace = 'conformance'
const stalled = 'a request whose body does not arrive'
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** The rows that are sent. Where Knative differs, a row has Knative's values. */
const onKnative = <Row extends { title: string; headers?: object }>(
  rows: readonly Row[],
  differences: Differences<Row>,
): { row: Row; index: number; title: string }[] =>
  rows
    .map((row, index) => ({ row: changed(row, differences[row.title]?.knative), index, title: row.title }))
    .filter(({ title }) => !(title in notSent))

const changed = <Row extends { headers?: object }>(row: Row, change: Partial<Row> = {}): Row => ({
  ...row,
  ...change,
  ...(row.headers === undefined ? {} : { headers: { ...row.headers, ...change.headers } }),
})

const ingress = onKnative(ingressRows, ingressDifferences)
const received = onKnative(receivedRows, receivedDifferences)
const replies = onKnative(replyRows, replyDifferences)
const retries = onKnative<KnativeRetryRow>(retryRows, retryDifferences)

let recorder: Recorder
let brokers: Brokers
const shared = sharedTriggers(() => recorder.url)
/** What the ingress answered to each row. */
const answers = new Map<string, TestResponse>()

/** Two Triggers whose events fail as often as the events of the rows (`retry` 1 and 3) and become dead letters. */
const fenceTriggers = () =>
  [1, 3].map(retry => {
    const type = `fence.${retry}`
    recorder.respond(`/fence/${retry}`, () => ({ status: 500 }))
    const deadLetterSink = { kind: 'url', url: `${recorder.url}/fence/${retry}/sink` } as const
    return triggerFor(`fence-${retry}`, type, `${recorder.url}/fence/${retry}`, { retry, deadLetterSink })
  })

/**
 * A request takes longer through Knative. An attempt that timed out before it reached the recorder would not be
 * counted.
 */
const patient = (trigger: Trigger): Trigger =>
  trigger.delivery.timeoutMs === null ? trigger : { ...trigger, delivery: { ...trigger.delivery, timeoutMs: 4_000 } }

const start = async () => {
  recorder = await startRecorder(nodeAddress, request => shared.pathOf(request))
  const [fence1, fence3] = fenceTriggers()
  brokers = await startBrokers(namespace, [
    { name: 'default', triggers: ingressTriggers(recorder) },
    { name: 'received', triggers: shared.share(receivedTriggers(recorder)) },
    { name: 'replies', triggers: shared.share([...replyTriggers(recorder), fence1!]) },
    { name: 'echo', triggers: echoTriggers(recorder) },
    {
      name: 'retries',
      triggers: shared.share([
        ...[...retryTriggers(recorder).map(patient), ...refusedTriggers(recorder), ...sinkTriggers(recorder)],
        ...[...pauseTriggers(recorder), ...pairTriggers(recorder), fence3!],
      ]),
    },
    { name: 'routing', triggers: routingTriggers(recorder) },
    { name: 'sink', triggers: brokerSinkTriggers(recorder), deadLetterSink: brokerSink(recorder) },
  ])
}

/** Sends the requests of all rows at once. */
const publish = async () => {
  const accepted = [
    ...received.map(async ({ row, index }) => (await brokers.send('received', receivedRequest(row, index))).status),
    ...replies.map(({ index }) =>
      brokers.post('replies', `reply-${index}`, typeOf('reply', index), { traceparent }, '{"a":1}'),
    ),
    ...retries.map(({ index }) => brokers.post('retries', `retry-${index}`, typeOf('retry', index), {}, '{"a":1}')),
    ...pauses.map((_, index) => brokers.post('retries', `pause-${index}`, `pause.${index}`)),
    ...['same', 'pair', ...sinkRows.map(({ name }) => `${name}-sink`)].map(type => brokers.post('retries', type, type)),
    brokers.post('retries', 'refused', 'refused', {}, '{"a":1}'),
    ...routedEvents.map(event => brokers.post('routing', ...event)),
    brokers.post('echo', 'echo', 'echo'),
    brokers.post('sink', '1', 'a'),
    brokers.post('retries', 'once', 'same'),
  ]
  const ingressAnswers = ingress.map(async ({ row, title }) => {
    const target = row.request.path?.replace(/^\/vigia(?=\/|$)/, `/${namespace}`)
    const request = { ...row.request, ...(target === undefined ? {} : { path: target }) }
    answers.set(title, await brokers.send('default', request))
  })
  expect(new Set(await Promise.all(accepted))).toEqual(new Set([202]))
  expect(await brokers.post('retries', 'once', 'same')).toBe(202)
  answers.set(stalled, await brokers.send('default', binary({ 'content-length': '100' })))
  await Promise.all(ingressAnswers)
}

/** How many requests each path of the recorder must get. */
const expectedCounts = (): [path: string, count: number][] => [
  ...received.map(({ index }): [string, number] => [path('subscriber', 'form', index), 1]),
  ...replies.flatMap(({ row, index }): [string, number][] => [
    [path('subscriber', 'reply', index), row.attempts],
    [path('sink', 'reply', index), row.deadLetter === null ? 0 : 1],
    [path('answer', 'reply', index), row.reply === null ? 0 : 1],
  ]),
  ...retries.flatMap(({ row, index }): [string, number][] => [
    [path('subscriber', 'retry', index), row.attempts],
    [path('sink', 'retry', index), row.deadLetter === null ? 0 : 1],
  ]),
  ...pauses.map(([, , ms], index): [string, number] => [`/pause/${index}`, ms.length + 1]),
  ...sinkRows.map(({ name, attempts }): [string, number] => [`/${name}/sink`, attempts]),
  ...routingRows.map(([, , gets], index): [string, number] => [`/routed/${index}`, gets.length]),
  ['/same', 2 + repeatedEvent.knative],
  ['/pair/bad', 2],
  ['/pair/good', 1],
  [path('sink', 'refused', 0), 1],
  ['/broker/sink', 1],
  ['/echo', 255],
  [path('sink', 'echo', 0), 1],
]

/**
 * Waits until every path has got its requests. Then an event of each fence Trigger is sent, with as many attempts as
 * the events of the rows. When that event has become a dead letter, any surplus request of a row has arrived too.
 */
const settle = async () => {
  const missing = () => expectedCounts().filter(([where, count]) => recorder.received(where).length < count)
  // The tests of the rows say what is missing.
  await until(() => missing().length === 0, { timeoutMs: 60_000 }).catch(() => {})
  for (const [broker, retry] of [
    ['replies', 1],
    ['retries', 3],
  ] as const) {
    await brokers.post(broker, 'fence', `fence.${retry}`)
    await until(() => recorder.received(`/fence/${retry}/sink`)[0], {
      what: `the dead letter of a later event in ${broker}`,
    })
  }
}

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP)("the rows of the local broker's conformance on Knative", () => {
  beforeAll(async () => {
    await start()
    const startedMs = performance.now()
    await publish()
    await settle()
    process.stdout.write(`${Math.round(performance.now() - startedMs)} ms for all rows of the conformance list\n`)
  })
  afterAll(async () => {
    await brokers?.remove()
    await recorder?.stop()
  })

  test.each(ingress)('the ingress: $title', ({ row, title }) => {
    const answer = answers.get(title)!
    expect(answer.status).toBe(row.status)
    expect(answer.body).toBe('')
    expect(answer.headers).toMatchObject({ allow: 'POST, OPTIONS', ...row.headers })
  })

  test.each(received)('what a subscriber receives: $title', ({ row, index }) => {
    const [got, ...others] = recorder.received(path('subscriber', 'form', index))
    expect(others).toEqual([])
    const headers = Object.fromEntries(
      Object.entries(row.headers).map(([name, value]) => [name, name === 'kn-namespace' ? namespace : value]),
    )
    expectReceived(got!, { ...row, headers }, index)
  })

  test.each(replies)('a reply to a Trigger with retry 1: $title', ({ row, index }) => {
    const { attempts, deadLetter, reply } = row
    expect(recorder.received(path('subscriber', 'reply', index)).length).toBe(attempts)
    const deadLetters = recorder.received(path('sink', 'reply', index))
    const dest = brokers.urlOf('replies')
    expect(deadLetterCode(deadLetters, dest, namespace)).toBe(deadLetter)
    if (deadLetter === 400) expect(errorData(deadLetters)).toBe('')
    const [got, ...others] = recorder.received(path('answer', 'reply', index))
    expect(others).toEqual([])
    expect(got === undefined).toBe(reply === null)
    if (!reply) return
    expect(got!.headers).toMatchObject(reply.headers)
    if (reply.body !== undefined) expect(got!.body.toString()).toBe(reply.body)
  })

  test('a subscriber that replies to every event with an event for itself is called 255 times', () => {
    expect(recorder.received('/echo').length).toBe(255)
    expect(recorder.received(path('sink', 'echo', 0))[0]!.headers).toMatchObject({
      'ce-knativebrokerttl': '1',
      'ce-knativeerrorcode': '400',
      'ce-knativeerrordest': brokers.urlOf('echo'),
    })
  })

  test.each(retries)('retries: $title', ({ row, index }) => {
    expect(recorder.received(path('subscriber', 'retry', index)).length).toBe(row.attempts)
    const deadLetters = recorder.received(path('sink', 'retry', index))
    const dest = shared.subscriberOf(`retry-${index}`)
    expect(deadLetterCode(deadLetters, dest, namespace)).toBe(row.deadLetter)
    if (row.data !== undefined) expect(errorData(deadLetters)).toBe(row.data)
    const follows = recorder.received(`/elsewhere/${row.title.split(' ')[0]}`).map(({ method }) => method)
    expect(follows).toEqual(row.follows === undefined ? [] : [row.follows])
  })

  test('a refused connection is retried, and the dead letter has code 500 and the reason', () => {
    const deadLetters = recorder.received(path('sink', 'refused', 0))
    expect(deadLetterCode(deadLetters, refusedConnection.dest, namespace)).toBe(500)
    expect(errorData(deadLetters)).toBe(refusedConnection.data)
  })

  // A pause can be longer on a busy machine, but never shorter.
  test.each(pauses.map(([title, , ms], index) => ({ title, ms, index })))('pauses: $title', ({ ms, index }) => {
    const times = recorder.received(`/pause/${index}`).map(({ atMs }) => atMs)
    const gaps = times.slice(1).map((time, attempt) => time - times[attempt]!)
    process.stdout.write(`pauses: ${gaps.map(Math.round).join(', ')} ms; expected ${ms.join(', ')} ms\n`)
    expect(gaps.length).toBe(ms.length)
    for (const [attempt, gap] of gaps.entries()) expect(gap).toBeGreaterThan(ms[attempt]! - 5)
  })

  test.each(sinkRows)('a $name sink is called $attempts times', ({ name, attempts }) => {
    const codes = recorder.received(`/${name}/sink`).map(({ headers }) => headers['ce-knativeerrorcode'])
    expect(codes).toEqual(Array(attempts).fill('400'))
  })

  test('a Trigger without a sink uses the sink of the Broker', () => {
    expect(recorder.received('/broker/sink').map(({ headers }) => headers)).toMatchObject([
      { 'ce-id': '1', 'ce-knativeerrorcode': '400' },
    ])
  })

  test('each Trigger gets every event that matches its filters once, and no other event', () => {
    expect(routed(recorder)).toEqual(routingRows.map(([title, , gets]) => [title, gets]))
  })

  test('one subscriber in two Triggers gets the event twice, and a Trigger that fails does not affect others', () => {
    const same = recorder.received('/same').filter(({ headers }) => headers['ce-id'] === 'same')
    expect(same.length).toBe(2)
    expect(recorder.received('/pair/bad').length).toBe(2)
    expect(recorder.received('/pair/good').length).toBe(1)
  })

  test('a second event with the same source and id is delivered, as repeatedEvent says', () => {
    const repeated = recorder.received('/same').filter(({ headers }) => headers['ce-id'] === 'once')
    expect(repeated.length).toBe(repeatedEvent.knative)
  })

  test('a request whose body does not arrive gets 500 after the timeout', () => {
    expect(answers.get(stalled)).toMatchObject({ status: 500, body: '' })
  })
})

test.each([
  ['the ingress', ingressRows, ingressDifferences],
  ['what a subscriber receives', receivedRows, receivedDifferences],
  ['replies', replyRows, replyDifferences],
  ['retries', retryRows, retryDifferences],
] as [string, { title: string; headers?: object }[], Differences<{ headers?: object }>][])(
  'each listed difference names one row and changes it: %s',
  (_, rows, differences) => {
    for (const [title, { knative }] of Object.entries(differences)) {
      const found = rows.filter(row => row.title === title)
      expect(found.length, title).toBe(1)
      expect(changed(found[0]!, knative), title).not.toEqual(found[0])
    }
  },
)
