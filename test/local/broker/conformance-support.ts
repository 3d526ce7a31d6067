import { afterAll, beforeAll, expect } from 'vitest'
import type { BrokerOptions, Trigger } from '#local/broker/broker.ts'
import {
  type BrokerServer,
  type CannedResponse,
  eventHeaders,
  type ReceivedRequest,
  type Recorder,
  type ResponseRule,
  startBrokerServer,
  startRecorder,
  urlDestination,
} from '#test/support/broker-server.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import type { TestRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

/*
 * The tests conformance-*.test.ts are tables of rows: Knative's own conformance and feature tests, corrected by
 * measurements on a running Knative broker (release line 1.23, MTChannelBasedBroker on InMemoryChannel). A row passes,
 * or is skipped with a reason. Each file starts one broker for all its rows, and each row uses a different event type.
 */

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

export const typeOf = (kind: string, index: number) => `${kind}.${index}`
export const path = (part: string, kind: string, index: number) => `/${part}/${kind}/${index}`

/** The dead letter sink of a row: a path of the recorder. */
export const sinkFor = (recorder: Recorder, kind: string, index: number) =>
  urlDestination(recorder.url + path('sink', kind, index))

/**
 * Starts a database, a recorder and a broker before the tests of a file, and stops them after the tests. `triggersOf`
 * returns the Triggers of the broker and may set rules of the recorder. The returned objects are filled before the
 * first test.
 */
export const conformanceBroker = (
  triggersOf: (recorder: Recorder) => Trigger[],
  options: Partial<BrokerOptions> = {},
) => {
  const database = {} as TestDatabase
  const recorder = {} as Recorder
  const server = {} as BrokerServer
  const cleanups: (() => Promise<void>)[] = []
  beforeAll(async () => {
    Object.assign(database, await emptyDatabase())
    cleanups.unshift(database.end)
    Object.assign(recorder, await startRecorder())
    cleanups.unshift(recorder.stop)
    Object.assign(server, await startBrokerServer(database.url, triggersOf(recorder), options))
    cleanups.unshift(server.stop)
  })
  afterAll(async () => {
    for (const cleanup of cleanups) await cleanup()
  })
  return { database, recorder, server }
}

/** A rule that always responds the same. */
export const always =
  (response: CannedResponse): ResponseRule =>
  () =>
    response

/**
 * The code of a dead letter: `without code` when the knativeerror extensions are missing, null when there is no
 * dead letter.
 */
export type DeadLetterCode = number | 'without code' | null

/** Waits until all deliveries of the newest event of this type are done or dead, and returns the event. */
export const settled = async (server: BrokerServer, type: string) => {
  const seq = await until(
    async () => {
      const [found] = await server.broker.reads.events({ type })
      return found && found.state !== 'pending' ? found.seq : null
    },
    { what: `the end of ${type}` },
  )
  return (await server.broker.reads.event(seq))!
}

/** Checks the whole dead letter, and returns its code. */
export const deadLetterCode = (deadLetters: ReceivedRequest[], dest: string): DeadLetterCode => {
  expect(deadLetters.length).toBeLessThan(2)
  const [deadLetter] = deadLetters
  if (!deadLetter) return null
  expect(deadLetter.headers).toMatchObject({
    'ce-knativebrokerttl': '255',
    'kn-namespace': 'vigia',
    'ce-source': '/functions/test',
  })
  expect(deadLetter.headers).toHaveProperty('ce-knativearrivaltime')
  expect(deadLetter.headers).not.toHaveProperty('prefer')
  expect(deadLetter.body.toString()).toBe('{"a":1}')
  const code = deadLetter.headers['ce-knativeerrorcode']
  if (code === undefined) {
    expect(deadLetter.headers).not.toHaveProperty('ce-knativeerrordest')
    expect(deadLetter.headers).not.toHaveProperty('ce-knativeerrordata')
    return 'without code'
  }
  expect(deadLetter.headers['ce-knativeerrordest']).toBe(dest)
  expect(deadLetter.headers['ce-knativeerrordata']).toBeTypeOf('string')
  return Number(code)
}

/** The decoded `knativeerrordata`. */
export const errorData = ([deadLetter]: ReceivedRequest[]) =>
  Buffer.from(String(deadLetter!.headers['ce-knativeerrordata']), 'base64').toString()
