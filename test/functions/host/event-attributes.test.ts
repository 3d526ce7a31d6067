import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { VigiaEvent } from '#events/event.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { Tick } from '#events/tick.ts'
import { decodeHeaderText, encodeHeaderText } from '#functions/host/header-text.ts'
import { type DeadLetter, on } from '#functions/host/serve.ts'
import { maxAttributeBytes } from '#local/broker/event/event-attributes.ts'
import {
  type BrokerServer,
  eventHeaders,
  type Recorder,
  startBrokerServer,
  startRecorder,
  triggerFor,
  urlDestination,
} from '#test/support/broker-server.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { startFunction } from '#test/support/function-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

let database: TestDatabase
let recorder: Recorder
let brokerServer: BrokerServer
let function_: Awaited<ReturnType<typeof startFunction>>
const seen: VigiaEvent[] = []
const letters: DeadLetter[] = []

// The function receives events from the broker, and the events that it publishes go through the broker again.
beforeAll(async () => {
  database = await emptyDatabase()
  recorder = await startRecorder()
  const sinkUrl = { at: '' }
  brokerServer = await startBrokerServer(
    database.url,
    [
      {
        ...triggerFor('function', Tick.type, 'http://function.localhost/'),
        delivery: {
          ...triggerFor('x', 'x', 'http://x/').delivery,
          deadLetterSink: urlDestination('http://function.localhost/dead/function'),
        },
      },
      triggerFor('recorder', SeriesFollowed.type, `${recorder.url}/returned`),
    ],
    {
      resolve: destination => {
        const { url } = destination as { url: string }
        return url.startsWith('http://function.')
          ? {
              url,
              function: null,
              reach: async () => ({ origin: `http://127.0.0.1:${function_.port}`, release: () => {} }),
            }
          : { url, function: null }
      },
    },
  )
  sinkUrl.at = brokerServer.ingressUrl
  function_ = await startFunction(
    {
      name: 'function',
      events: [
        on(Tick, async tick => {
          seen.push(tick)
          if (tick.subject === 'fails') throw new Error('no')
          const data = { chatId: 7, showId: 82, title: 'x' } as never
          return [{ ...SeriesFollowed.from(tick, { key: '1', subject: tick.subject ?? 'none', data }) }]
        }),
      ],
      deadLetters: async letter => void letters.push(letter),
    },
    { sink: sinkUrl.at },
  )
})

beforeEach(() => {
  seen.length = 0
  letters.length = 0
  recorder.reset()
})

afterAll(async () => {
  await function_[Symbol.asyncDispose]()
  await brokerServer.stop()
  await recorder.stop()
  await database.end()
})

/** A header value whose bytes are the text in UTF-8. Node.js writes one byte for each character, as in Latin-1. */
const utf8AsLatin1 = (text: string) => Buffer.from(text).toString('latin1')

const structured = (attributes: Record<string, unknown>) =>
  sendRequest(brokerServer.ingressUrl, {
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify({ specversion: '1.0', id: 'e', source: '/t', type: Tick.type, data: {}, ...attributes }),
  })
const binary = (attributes: Record<string, string>) =>
  sendRequest(brokerServer.ingressUrl, {
    headers: {
      ...eventHeaders('e', Tick.type),
      ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value])),
    },
    body: '{}',
  })

const texts = [
  'São Paulo',
  'série/"82"',
  '100%',
  '50%25',
  '日本語 😀',
  'a%zz',
  '%',
  "o'x",
  'a b',
  '%E9',
  'ß'.repeat(300),
]

describe('an event that the ingress accepts is handled, and the event that the rule returns is delivered', () => {
  test.each(texts)('structured: %j', async text => {
    // The function decodes percent-encoded characters in a header. To send a percent sign, a sender must encode it.
    const decoded = decodeHeaderText('id', utf8AsLatin1(text))
    expect((await structured({ id: `${text}-s`, subject: text, ext: text })).status).toBe(202)
    await until(() => recorder.received('/returned').length === 1)
    expect(seen[0]).toMatchObject({
      id: decodeHeaderText('id', utf8AsLatin1(`${text}-s`)),
      subject: decoded,
      ext: decoded,
    })
    const { headers } = recorder.received('/returned')[0]!
    expect(headers['ce-id']).toMatch(/^[\x21-\x7e]+$/)
    expect(decodeHeaderText('subject', headers['ce-subject'] as string)).toBe(decoded)
  })

  test.each(texts)('binary, percent-encoded: %j is decoded', async text => {
    const id = `${text}-b`
    const encoded = {
      id: encodeHeaderText('id', id),
      subject: encodeHeaderText('subject', text),
      ext: encodeHeaderText('ext', text),
    }
    expect((await binary(encoded)).status).toBe(202)
    await until(() => recorder.received('/returned').length === 1)
    expect(seen[0]).toMatchObject({ id, subject: text, ext: text })
  })

  test.each(['São Paulo', '日本語 😀'])('binary, raw UTF-8: %j', async text => {
    expect(
      (await binary({ id: utf8AsLatin1(`${text}-r`), subject: utf8AsLatin1(text), ext: utf8AsLatin1(text) })).status,
    ).toBe(202)
    await until(() => recorder.received('/returned').length === 1)
    expect(seen[0]).toMatchObject({ id: `${text}-r`, subject: text, ext: text })
  })

  test('an id of 5,000 characters', async () => {
    expect((await structured({ id: 'i'.repeat(5_000) })).status).toBe(202)
    await until(() => recorder.received('/returned').length === 1)
    expect(seen[0]!.id).toHaveLength(5_000)
  })

  test('a type and a source that are not ASCII', async () => {
    expect((await structured({ id: 'type', type: 'série' })).status).toBe(202)
    expect((await structured({ id: 'source', source: '/série' })).status).toBe(202)
    await until(() => seen.some(({ id }) => id === 'source'))
    const found = await brokerServer.broker.reads.events({ type: 'série' })
    expect(found.map(({ id }) => id)).toEqual(['type'])
  })

  test('if the rule fails, the dead letter has the same id and can be replayed', async () => {
    expect((await structured({ id: 'não "x" 1', subject: 'fails' })).status).toBe(202)
    await until(() => letters.length === 1)
    expect(letters[0]!.event.id).toBe('não "x" 1')
    await brokerServer.broker.redeliver({ ...letters[0]!.event, specversion: '1.0' }, 'function')
    await until(() => seen.length === 2)
    expect(seen[1]!.id).toBe('não "x" 1')
  })
})

describe('the ingress answers 400', () => {
  const long = 'x'.repeat(maxAttributeBytes)
  test.each(['id', 'source', 'type', 'subject', 'ext'])(
    'for %s with a control character, a lone surrogate or too many bytes',
    async name => {
      for (const text of [
        'a\u0000b',
        'a\nb',
        'a\u0085b',
        '\ud800',
        long,
        `${'é'.repeat(1_100)}`.repeat(name === 'ext' ? 2 : 1),
      ])
        expect([name, text.slice(0, 9), (await structured({ [name]: text })).status]).toEqual([
          name,
          text.slice(0, 9),
          400,
        ])
      // This value is not valid UTF-8.
      expect((await binary({ [name]: 'a\xff' })).status).toBe(400)
      expect((await binary({ [name]: long })).status).toBe(400)
      expect(seen).toEqual([])
    },
  )

  test.each(['a%0D%0Ab', 'a%00b', 'a%7Fb', 'a%C2%85b', '""'])('for the id %s', async id => {
    expect((await binary({ id })).status).toBe(400)
    expect((await structured({ id })).status).toBe(400)
    expect(seen).toEqual([])
  })

  test.each(['id', 'source', 'type'])('for %s that is empty or missing', async name => {
    expect((await structured({ [name]: '' })).status).toBe(400)
    expect((await structured({ [name]: undefined })).status).toBe(400)
  })
})

test('text that is encoded for a header is decoded to the same text', () => {
  for (const text of texts) {
    expect(encodeHeaderText('id', text)).toMatch(/^[\x21-\x7e]+$/)
    expect(decodeHeaderText('id', encodeHeaderText('id', text))).toBe(text)
  }
  expect(decodeHeaderText('subject', '"a \\"b\\" %C3%A9"')).toBe('a "b" é')
  expect(decodeHeaderText('source', '/a%20b')).toBe('/a%20b')
  expect(encodeHeaderText('source', '/a%20b')).toBe('/a%20b')
})
