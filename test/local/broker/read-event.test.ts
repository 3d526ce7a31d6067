import { HTTP, CloudEvent as SdkEvent } from 'cloudevents'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inBinaryMode } from '#local/broker/event/cloud-event.ts'
import { readEvent } from '#local/broker/event/read-event.ts'

describe('reading an event from a request', () => {
  const text = fc.string({ unit: fc.constantFrom(...'aZ09/.-_~é😀 ') }).filter(value => value.trim() !== '')
  const attributes = fc.record({
    id: text.map(value => value.trim()),
    type: fc.stringMatching(/^[a-z.]{1,20}$/),
    source: fc.stringMatching(/^\/[a-z/]{0,20}$/),
    subject: text.map(value => value.trim()),
    ext: fc.stringMatching(/^[a-z0-9]{1,10}$/),
  })
  const data = fc.dictionary(fc.string(), fc.jsonValue()).map(value => JSON.parse(JSON.stringify(value)))

  test('an event of the SDK in either mode is read, and the SDK reads the same event back', () => {
    fc.assert(
      fc.property(attributes, data, fc.boolean(), (fields, value, isStructured) => {
        const event = new SdkEvent({
          ...fields,
          time: '2026-11-21T12:00:00.000Z',
          datacontenttype: 'application/json',
          data: value,
        })
        const message = isStructured ? HTTP.structured(event) : HTTP.binary(event)
        const wire = Object.fromEntries(
          Object.entries(message.headers).map(([name, header]) => [
            name.toLowerCase(),
            Buffer.from(String(header)).toString('latin1'),
          ]),
        )
        const read = readEvent(wire, Buffer.from(String(message.body)), new Date())
        if (read.kind !== 'event') throw new Error(JSON.stringify(read))
        const { headers, body } = inBinaryMode(read.event)
        const again: Record<string, string> = {}
        for (let index = 0; index < headers.length; index += 2)
          again[headers[index]!] = Buffer.from(headers[index + 1]!, 'latin1').toString()
        const { knativearrivaltime: _, ...back } = (
          HTTP.toEvent({ headers: again, body: body.toString() }) as SdkEvent
        ).toJSON() as Record<string, unknown>
        expect(back).toEqual(event.toJSON())
      }),
      { numRuns: 300 },
    )
  })

  test('any input is an event or is refused; nothing throws', () => {
    const headers = fc.dictionary(
      fc.constantFrom(
        'content-type',
        'ce-id',
        'ce-type',
        'ce-source',
        'ce-specversion',
        'ce-time',
        'ce-dataschema',
        'ce-x',
        'ce-__proto__',
        'ce-knativebrokerttl',
      ),
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('1.0', 'application/cloudevents+json', '/a', 'http://[', '%', '://'),
      ),
    )
    const bodies = fc.oneof(
      fc.uint8Array().map(bytes => Buffer.from(bytes)),
      fc.json().map(json => Buffer.from(json)),
      fc
        .dictionary(
          fc.constantFrom('specversion', 'id', 'type', 'source', 'data', 'data_base64', '__proto__', 'time'),
          fc.oneof(fc.jsonValue(), fc.constantFrom('1.0', '0.3')),
        )
        .map(event => Buffer.from(JSON.stringify(event))),
    )
    fc.assert(
      fc.property(headers, bodies, (requestHeaders, body) => {
        const read = readEvent(requestHeaders, body, new Date())
        expect(['event', 'empty', 'unreadable', 'invalid']).toContain(read.kind)
        expect(Object.getPrototypeOf({})).toBe(Object.prototype)
      }),
      { numRuns: 1000 },
    )
  })
})
