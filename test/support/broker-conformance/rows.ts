import { expect } from 'vitest'
import {
  type CannedResponse,
  type ReceivedRequest,
  type Recorder,
  type ResponseRule,
  urlDestination,
} from '#test/support/broker-server.ts'

/*
 * The files *-rows.ts are tables of rows: Knative's own conformance and feature tests, corrected by measurements on a
 * running Knative broker. test/local/broker/conformance-*.test.ts run them on the broker of one machine, and
 * test/knative/broker-conformance.test.ts runs them on Knative's broker. Each row uses a different event type.
 */

export const typeOf = (kind: string, index: number) => `${kind}.${index}`
export const path = (part: string, kind: string, index: number) => `/${part}/${kind}/${index}`

/** The dead letter sink of a row: a path of the recorder. */
export const sinkFor = (recorder: Recorder, kind: string, index: number) =>
  urlDestination(recorder.url + path('sink', kind, index))

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

/** Checks the whole dead letter, and returns its code. */
export const deadLetterCode = (deadLetters: ReceivedRequest[], dest: string, namespace = 'vigia'): DeadLetterCode => {
  expect(deadLetters.length).toBeLessThan(2)
  const [deadLetter] = deadLetters
  if (!deadLetter) return null
  expect(deadLetter.headers).toMatchObject({
    'ce-knativebrokerttl': '255',
    'kn-namespace': namespace,
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
