import { expect } from 'vitest'
import {
  type BrokerServer,
  type CannedResponse,
  eventHeaders,
  type ReceivedRequest,
  type ResponseRule,
} from '#test/support/broker-server.ts'
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
    Object.entries({ ...eventHeaders('row', 'door'), ...headers }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>,
  body,
})

/** A request in structured mode. */
export const structured = (event: object | string, contentType = 'application/cloudevents+json'): TestRequest => ({
  headers: { 'content-type': contentType },
  body: typeof event === 'string' ? event : JSON.stringify(event),
})

/** The attributes of an event in structured mode. */
export const plain = { specversion: '1.0', id: 'row', type: 'door', source: '/functions/test' }

export const typeOf = (kind: string, index: number) => `${kind}.${index}`
export const path = (part: string, kind: string, index: number) => `/${part}/${kind}/${index}`

/** A rule that always responds the same. */
export const always =
  (response: CannedResponse): ResponseRule =>
  () =>
    response

/**
 * The code of a dead letter: `bare` when the knativeerror extensions are missing, null when there is no dead letter.
 */
export type DeadLetterCode = number | 'bare' | null

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
    return 'bare'
  }
  expect(deadLetter.headers['ce-knativeerrordest']).toBe(dest)
  expect(deadLetter.headers['ce-knativeerrordata']).toBeTypeOf('string')
  return Number(code)
}

/** The decoded `knativeerrordata`. */
export const errorData = ([deadLetter]: ReceivedRequest[]) =>
  Buffer.from(String(deadLetter!.headers['ce-knativeerrordata']), 'base64').toString()
