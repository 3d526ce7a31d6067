import { expect } from 'vitest'
import type { Trigger } from '#local/broker/broker.ts'
import type { DeliverySpec } from '#local/manifests/model.ts'
import { type ReceivedRequest, type Recorder, triggerFor } from '#test/support/broker-server.ts'
import type { TestRequest } from '#test/support/http.ts'
import { attributes, binary, structured } from './requests.ts'
import { path, typeOf } from './rows.ts'

/** A published event, and what a subscriber must receive. A header with the value null must be absent. */
export interface ReceivedRow {
  title: string
  request: TestRequest
  headers: Record<string, string | null | RegExp>
  body?: string
  format?: DeliverySpec['format']
}

export const receivedRows: ReceivedRow[] = [
  {
    title: 'a JSON event has all headers that Knative sends, and no others',
    request: binary({ 'ce-subject': 'a/1', 'ce-time': '2026-11-21T12:00:00Z', 'ce-tick': 'x' }),
    headers: {
      'ce-specversion': '1.0',
      'ce-source': '/functions/test',
      'ce-subject': 'a/1',
      'ce-time': '2026-11-21T12:00:00Z',
      'ce-tick': 'x',
      'content-type': 'application/json',
      'content-length': '7',
      prefer: 'reply',
      'kn-namespace': 'vigia',
      'ce-knativearrivaltime': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/,
      'ce-knativebrokerttl': null,
      'ce-knativeerrorcode': null,
    },
    body: '{"a":1}',
  },
  {
    title: 'no time and no trace context are added',
    request: binary(),
    headers: { 'ce-time': null, traceparent: null },
  },
  {
    title: 'version 0.3 stays 0.3',
    request: binary({ 'ce-specversion': '0.3' }),
    headers: { 'ce-specversion': '0.3' },
  },
  {
    title: 'a time is converted to UTC',
    request: binary({ 'ce-time': '2026-11-21T09:00:00.5-03:00' }),
    headers: { 'ce-time': '2026-11-21T12:00:00.5Z' },
  },
  { title: 'an empty subject is dropped', request: binary({ 'ce-subject': '' }), headers: { 'ce-subject': null } },
  { title: 'an empty extension stays', request: binary({ 'ce-ext': '' }), headers: { 'ce-ext': '' } },
  {
    title: 'a space in the source is encoded',
    request: binary({ 'ce-source': '/a b' }),
    headers: { 'ce-source': '/a%20b' },
  },
  {
    title: 'header values are not decoded',
    request: binary({ 'ce-subject': 'ol%C3%A1' }),
    headers: { 'ce-subject': 'ol%C3%A1' },
  },
  {
    title: 'raw UTF-8 stays the same bytes',
    request: binary({ 'ce-subject': Buffer.from('olá').toString('latin1') }),
    headers: { 'ce-subject': Buffer.from('olá').toString('latin1') },
  },
  {
    title: 'an arrival time of the producer is overwritten',
    request: binary({ 'ce-knativearrivaltime': 'x' }),
    headers: { 'ce-knativearrivaltime': /^2/ },
  },
  {
    title: 'trace context, request ids and Knative headers are forwarded',
    request: binary({
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      baggage: 'c=d',
      'x-request-id': 'r',
      'x-b3-traceid': 't',
      'knative-x': 'k',
      'retry-after': '5',
    }),
    headers: {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      baggage: 'c=d',
      'x-request-id': 'r',
      'x-b3-traceid': 't',
      'knative-x': 'k',
      'retry-after': '5',
    },
  },
  {
    title: 'all other headers of the request are dropped',
    request: binary({ authorization: 'Bearer x', cookie: 'a=b', 'x-other': 'x', 'kn-namespace': 'other', prefer: 'x' }),
    headers: { authorization: null, cookie: null, 'x-other': null, 'kn-namespace': 'vigia', prefer: 'reply' },
  },
  {
    title: 'an event without Content-Type is delivered without Content-Type',
    request: binary({ 'content-type': undefined }),
    headers: { 'content-type': null },
    body: '{"a":1}',
  },
  { title: 'an empty body stays empty', request: binary({}, ''), headers: { 'content-length': '0' }, body: '' },
  {
    title: 'a body of 1 MiB arrives whole',
    request: binary({ 'content-type': 'text/plain' }, 'long '.repeat(209_715)),
    headers: { 'content-length': '1048575' },
    body: 'long '.repeat(209_715),
  },
  { title: 'data in binary mode is never parsed', request: binary({}, '{"a": 1 }'), headers: {}, body: '{"a": 1 }' },
  {
    title: 'a structured event is delivered in binary mode, and its extensions become texts',
    request: structured({
      ...attributes,
      datacontenttype: 'application/json',
      num: 5,
      yes: true,
      half: 5.5,
      myExt: 'x',
      none: null,
      data: { a: [1, null] },
    }),
    headers: {
      'content-type': 'application/json',
      'ce-num': '5',
      'ce-yes': 'true',
      'ce-half': '5',
      'ce-myext': 'x',
      'ce-none': null,
    },
    body: '{"a":[1,null]}',
  },
  {
    title: 'a structured event without datacontenttype is delivered as JSON without Content-Type',
    request: structured({ ...attributes, data: { a: 1 } }),
    headers: { 'content-type': null },
    body: '{"a":1}',
  },
  {
    title: 'structured data that is a JSON text keeps its quotes',
    request: structured({ ...attributes, datacontenttype: 'application/json', data: 'text' }),
    headers: {},
    body: '"text"',
  },
  {
    title: 'structured data null is JSON null',
    request: structured({ ...attributes, datacontenttype: 'application/json', data: null }),
    headers: {},
    body: 'null',
  },
  {
    title: 'structured data 0 and false are not lost',
    request: structured({ ...attributes, datacontenttype: 'application/json', data: [0, false, ''] }),
    headers: {},
    body: '[0,false,""]',
  },
  {
    title: 'structured text is delivered without quotes',
    request: structured({ ...attributes, datacontenttype: 'text/plain', data: 'text' }),
    headers: { 'content-type': 'text/plain' },
    body: 'text',
  },
  {
    title: 'numbers that JavaScript cannot represent keep their digits',
    request: structured(
      `{"specversion":"1.0","id":"row","type":"sample","source":"/a","datacontenttype":"application/json","data":[12345678901234567890,1.10]}`,
    ),
    headers: {},
    body: '[12345678901234567890,1.10]',
  },
  {
    title: 'data_base64 arrives as bytes',
    request: structured({ ...attributes, datacontenttype: 'application/octet-stream', data_base64: 'AP8=' }),
    headers: { 'content-type': 'application/octet-stream' },
    body: '\x00\xff',
  },
  {
    title: 'a structured subject is delivered as raw UTF-8',
    request: structured({ ...attributes, subject: 'olá "x" %' }),
    headers: { 'ce-subject': Buffer.from('olá "x" %').toString('latin1') },
  },
  {
    title: 'delivery.format json gives structured mode, and all extensions are texts',
    request: binary({ 'ce-num': '5' }),
    headers: { 'content-type': 'application/cloudevents+json', 'ce-id': null, prefer: 'reply' },
    body: '{"specversion":"1.0","id":"row","type":"sample","source":"/functions/test","num":"5","datacontenttype":"application/json","knativearrivaltime":"~","data":{"a":1}}',
    format: 'json',
  },
  {
    title: 'delivery.format json puts bytes into data_base64',
    request: binary({ 'content-type': 'application/octet-stream' }, Buffer.from([0, 255])),
    headers: { 'content-type': 'application/cloudevents+json' },
    body: '{"specversion":"1.0","id":"row","type":"sample","source":"/functions/test","datacontenttype":"application/octet-stream","knativearrivaltime":"~","data_base64":"AP8="}',
    format: 'json',
  },
]

export const receivedTriggers = ({ url }: Recorder): Trigger[] =>
  receivedRows.map(({ format = 'binary' }, index) =>
    triggerFor(`form-${index}`, typeOf('form', index), url + path('subscriber', 'form', index), { format }),
  )

/** Replaces the placeholders `"row"` and `"sample"` in a text with the id and the type of this row's event. */
const withType = <T>(part: T, index: number): T =>
  typeof part === 'string'
    ? (part.replace('"sample"', `"${typeOf('form', index)}"`).replace('"row"', `"row-${index}"`) as T)
    : part

/** The request of a row. Each row has its own id and type. */
export const receivedRequest = ({ request }: ReceivedRow, index: number): TestRequest => {
  const isBinary = Boolean(request.headers!['ce-id'])
  const own = isBinary ? { 'ce-id': `row-${index}`, 'ce-type': typeOf('form', index) } : {}
  const body = isBinary ? request.body : withType(request.body, index)
  return { ...request, headers: { ...request.headers, ...own }, ...(body === undefined ? {} : { body }) }
}

/** Checks what the subscriber of a row got. */
export const expectReceived = (got: ReceivedRequest, { headers, body }: ReceivedRow, index: number): void => {
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) expect(got.headers).not.toHaveProperty(name)
    else if (value instanceof RegExp) expect(got.headers[name]).toMatch(value)
    else expect(got.headers[name], name).toBe(value)
  }
  if (body === undefined) return
  const plainBody = got.body.toString('latin1').replace(/("knativearrivaltime":")[^"]*/, '$1~')
  const wanted = withType(body, index)
  if (wanted.startsWith('{"spec')) expect(JSON.parse(plainBody)).toEqual(JSON.parse(wanted))
  else expect(plainBody).toBe(wanted)
}
