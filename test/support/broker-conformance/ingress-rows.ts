import type { Trigger } from '#local/broker/broker.ts'
import { type Recorder, triggerFor } from '#test/support/broker-server.ts'
import type { TestRequest } from '#test/support/http.ts'
import { attributes, binary, structured } from './requests.ts'

/** A request of a producer, and the response that the broker must give. A refused event must not be stored. */
export interface IngressRow {
  title: string
  request: TestRequest
  status: number
  headers?: Record<string, string>
}

export const ingressRows: IngressRow[] = [
  { title: 'binary mode', request: binary(), status: 202 },
  { title: 'binary mode with XML', request: binary({ 'content-type': 'application/xml' }, '<a/>'), status: 202 },
  {
    title: 'binary mode with Thrift',
    request: binary({ 'content-type': 'application/vnd.apache.thrift.binary' }, '\x01'),
    status: 202,
  },
  { title: 'structured mode', request: structured({ ...attributes, data: { a: 1 } }), status: 202 },
  {
    title: 'structured mode with a charset',
    request: structured(attributes, 'application/cloudevents+json; charset=UTF-8'),
    status: 202,
  },
  { title: 'a slash at the end of the path', request: { ...binary(), path: '/vigia/default/' }, status: 202 },
  { title: 'version 0.3', request: binary({ 'ce-specversion': '0.3' }), status: 202 },
  { title: 'version 0.3, structured', request: structured({ ...attributes, specversion: '0.3' }), status: 202 },
  { title: 'an empty body with a Content-Type', request: binary({}, ''), status: 202 },
  { title: 'an empty body without Content-Type', request: binary({ 'content-type': undefined }, ''), status: 202 },
  { title: 'a body without Content-Type', request: binary({ 'content-type': undefined }), status: 202 },
  { title: 'a Content-Type without a slash', request: binary({ 'content-type': 'nope' }), status: 202 },
  { title: 'a JSON type and a body that is not JSON', request: binary({}, 'not json'), status: 202 },
  { title: 'an empty subject', request: binary({ 'ce-subject': '' }), status: 202 },
  { title: 'an extension name of 30 characters', request: binary({ [`ce-${'e'.repeat(30)}`]: 'x' }), status: 202 },
  { title: 'an empty extension', request: binary({ 'ce-ext': '' }), status: 202 },
  { title: 'a source with a space', request: binary({ 'ce-source': '/a b' }), status: 202 },
  { title: 'a time with a zone', request: binary({ 'ce-time': '2026-11-21T09:00:00.5-03:00' }), status: 202 },
  { title: 'two hops left', request: binary({ 'ce-knativebrokerttl': '2' }), status: 202 },
  { title: 'five hops left', request: binary({ 'ce-knativebrokerttl': '5' }), status: 202 },
  { title: 'hops that are not a number', request: binary({ 'ce-knativebrokerttl': 'x' }), status: 202 },
  { title: 'an id of 5,000 characters', request: binary({ 'ce-id': 'i'.repeat(5000) }), status: 202 },
  { title: 'a body of exactly 1 MiB', request: binary({}, Buffer.alloc(1024 * 1024, 'x')), status: 202 },
  { title: 'no Trigger that matches it', request: binary({ 'ce-type': 'unmatched' }), status: 202 },

  { title: 'no id', request: binary({ 'ce-id': undefined }), status: 400 },
  { title: 'an empty id', request: binary({ 'ce-id': '' }), status: 400 },
  { title: 'no type', request: binary({ 'ce-type': undefined }), status: 400 },
  { title: 'an empty type', request: binary({ 'ce-type': '' }), status: 400 },
  { title: 'no source', request: binary({ 'ce-source': undefined }), status: 400 },
  { title: 'an empty source', request: binary({ 'ce-source': '' }), status: 400 },
  { title: 'no specversion', request: binary({ 'ce-specversion': undefined }), status: 400 },
  { title: 'specversion 2.0', request: binary({ 'ce-specversion': '2.0' }), status: 400 },
  { title: 'specversion garbage', request: binary({ 'ce-specversion': 'garbage' }), status: 400 },
  { title: 'no event at all', request: { body: '' }, status: 400 },
  {
    title: 'plain JSON',
    request: { headers: { 'content-type': 'application/json' }, body: '{"id":"row"}' },
    status: 400,
  },
  {
    title: 'a batch',
    request: structured(JSON.stringify([attributes]), 'application/cloudevents-batch+json'),
    status: 400,
  },
  { title: 'structured mode in Avro', request: structured('x', 'application/cloudevents+avro'), status: 400 },
  { title: 'structured mode with broken JSON', request: structured('{"specversion":"1.0",'), status: 400 },
  { title: 'structured mode with a list', request: structured('[]'), status: 400 },
  { title: 'structured mode with an empty body', request: structured(''), status: 400 },
  {
    title: 'structured mode with an extension that is an object',
    request: structured({ ...attributes, ext: {} }),
    status: 400,
  },
  { title: 'structured mode with an id that is a number', request: structured({ ...attributes, id: 5 }), status: 400 },
  {
    title: 'structured mode without specversion',
    request: structured({ ...attributes, specversion: undefined }),
    status: 400,
  },
  {
    title: 'structured mode with data and data_base64',
    request: structured({ ...attributes, data: 1, data_base64: 'YQ==' }),
    status: 400,
  },
  { title: 'structured mode with bad base64', request: structured({ ...attributes, data_base64: '!' }), status: 400 },
  {
    title: 'structured mode with a line break in an attribute',
    request: structured({ ...attributes, subject: 'a\r\nb: c' }),
    status: 400,
  },
  { title: 'structured mode nested 100,000 deep', request: structured(`{"a":${'['.repeat(100_000)}`), status: 400 },
  { title: 'a time that is garbage', request: binary({ 'ce-time': 'yesterday' }), status: 400 },
  { title: 'a time without a zone', request: binary({ 'ce-time': '2026-11-21T09:00:00' }), status: 400 },
  { title: 'a day that is not in the calendar', request: binary({ 'ce-time': '2026-02-31T09:00:00Z' }), status: 400 },
  { title: 'an extension name with a dash', request: binary({ 'ce-my-ext': 'x' }), status: 400 },
  { title: 'the source ://', request: binary({ 'ce-source': '://' }), status: 400 },
  { title: 'a broken percent escape in the source', request: binary({ 'ce-source': '/a%zz' }), status: 400 },
  { title: 'a relative dataschema', request: binary({ 'ce-dataschema': '/schema' }), status: 400 },
  { title: 'a Content-Type with nothing after the slash', request: binary({ 'content-type': 'text/' }), status: 400 },
  {
    title: 'ce-datacontenttype beside Content-Type',
    request: binary({ 'ce-datacontenttype': 'text/plain' }),
    status: 400,
  },
  { title: 'one hop left', request: binary({ 'ce-knativebrokerttl': '1' }), status: 400 },
  { title: 'no hop left', request: binary({ 'ce-knativebrokerttl': '0' }), status: 400 },

  { title: 'GET', request: { method: 'GET' }, status: 405 },
  { title: 'PUT', request: { ...binary(), method: 'PUT' }, status: 405 },
  { title: 'HEAD', request: { method: 'HEAD' }, status: 405 },
  { title: 'GET on any path', request: { method: 'GET', path: '/nowhere' }, status: 405 },
  {
    title: 'OPTIONS',
    request: { method: 'OPTIONS' },
    status: 200,
    headers: { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' },
  },
  {
    title: 'OPTIONS of the webhook handshake, on any path',
    request: { method: 'OPTIONS', path: '/any', headers: { 'webhook-request-origin': 'a' } },
    status: 200,
    headers: { 'webhook-allowed-origin': '*' },
  },
  { title: 'a Broker that does not exist', request: { ...binary(), path: '/vigia/other' }, status: 404 },
  { title: 'a namespace that does not exist', request: { ...binary(), path: '/other/default' }, status: 404 },
  { title: 'the path /', request: { ...binary(), path: '/' }, status: 404 },
  { title: 'a path of one part', request: { ...binary(), path: '/vigia' }, status: 400 },
  { title: 'a path of three parts', request: { ...binary(), path: '/vigia/default/more' }, status: 400 },
  {
    title: 'a query, which counts as part of the name of the Broker',
    request: { ...binary(), path: '/vigia/default?x=1' },
    status: 404,
  },

  // A deliberate difference: Knative accepts events of any size.
  { title: 'a body of more than 1 MiB', request: binary({}, Buffer.alloc(1024 * 1024 + 1, 'x')), status: 413 },
  {
    title: 'a body of more than 1 MiB in chunks',
    request: binary({ 'transfer-encoding': 'chunked' }, Buffer.alloc(2 * 1024 * 1024, 'x')),
    status: 413,
  },
]

export const ingressTriggers = ({ url }: Recorder): Trigger[] => [triggerFor('sample', 'sample', `${url}/sample`)]
