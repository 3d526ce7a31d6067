import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { logger } from '#functions/host/log.ts'
import type { LogFields } from '#functions/host/log-fields.ts'
import { LogLine } from '#functions/host/log-line.ts'

const lines: string[] = []
const log = logger('keeper', { output: { write: text => lines.push(text) }, level: 'debug' })
const lineOf = (write: () => void): Record<string, unknown> => {
  lines.length = 0
  write()
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0]!)
}
const isLine = new Ajv().compile(LogLine)

describe('a log line', () => {
  test('has every field under a name of the schema', () => {
    const every: Required<LogFields> = {
      ...{ id: 'tg/1', type: 'dev.vigia.tick', subject: 'show/82', trace: '0a'.repeat(16), span: '0b'.repeat(8) },
      ...{ trigger: 'error-notifier-tick', method: 'POST', path: '/', status: 500, outcome: 'failed', ms: 1.25 },
      ...{ published: 2, error: new TypeError('no'), cause: new Error('no'), key: 'chat/7', attempts: 3 },
      ...{ retrySeconds: 0.5, code: 429, description: 'Too Many Requests', refusal: 'flood', action: 'wait' },
      ...{ update: 7, show: 82, what: 'updates', tvmazeStatus: 503 },
      ...{ wanted: 5, fetched: 3, failed: 1, left: 1, moved: 0 },
    }
    const line = lineOf(() => log.info(every, 'everything'))
    expect(isLine(line), JSON.stringify(isLine.errors)).toBe(true)
    const ofProcess = ['vigia.revision', 'error.code']
    expect(Object.keys(line).toSorted()).toEqual(
      Object.keys(LogLine.properties)
        .filter(name => !ofProcess.includes(name))
        .toSorted(),
    )
    expect(line).toMatchObject({ 'event.duration': 1_250_000, 'event.outcome': 'failure', 'vigia.outcome': 'failed' })
  })

  test('names the error, its code, and the stacks of its causes', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const error = Object.assign(new TypeError('no broker', { cause }), { code: 'E1' })
    const line = lineOf(() => log.error({ error }, error.message))
    expect(line).toMatchObject({ 'error.type': 'TypeError', 'error.message': 'no broker', 'error.code': 'E1' })
    expect(line['error.stack_trace']).toMatch(
      /^TypeError: no broker\n {4}at [\s\S]*\ncaused by: Error: connect ECONNREFUSED\n {4}at /,
    )
    expect(isLine(line), JSON.stringify(isLine.errors)).toBe(true)
  })

  test.each<[string, unknown, string]>([
    ['a thrown text', 'just text', 'just text'],
    ['a thrown number', 7, '7'],
    ['an error with a long message', new Error('x'.repeat(100_000)), `${'x'.repeat(16_000)}…`],
    [
      'an error that causes itself',
      Object.defineProperty(new Error('around'), 'cause', { get: () => new Error('again', { cause: 'end' }) }),
      'around',
    ],
  ])('is valid for %s', (_, error, message) => {
    const line = lineOf(() => log.error({ error }, 'failed'))
    expect(line['error.message']).toBe(message)
    expect(isLine(line), JSON.stringify(isLine.errors)).toBe(true)
  })

  test('that a rule writes has the fields of its event too', () => {
    const ofEvent = log.with({ id: 'tg/1', trace: '0a'.repeat(16) })
    expect(lineOf(() => ofEvent.warn({ attempts: 2 }, 'slow'))).toMatchObject({
      ...{ 'event.id': 'tg/1', 'trace.id': '0a'.repeat(16), 'vigia.attempts': 2, message: 'slow' },
      ...{ 'service.name': 'keeper', 'log.level': 'warn' },
    })
  })
})
