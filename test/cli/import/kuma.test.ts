import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { importKuma } from '#infra/cli/import/kuma.ts'
import { writeKumaDatabase } from './kuma-database.ts'

let file: string
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-kuma-'))
  file = join(folder, 'kuma.db')
  return () => rmSync(folder, { recursive: true, force: true })
})

type Row = Record<string, string | number | null>

/** Imports a database with one monitor, which has the name `Shop` and the interval and timeout of Vigia's defaults. */
const importOne = (row: Row) => {
  writeKumaDatabase(file, { monitor: [{ name: 'Shop', interval: 60, timeout: 10, expiry_notification: 0, ...row }] })
  const { monitors, leftOut } = importKuma(file)
  return { entry: monitors[0]?.entry, secrets: monitors[0]?.secrets, lost: monitors[0]?.lost, why: leftOut[0]?.why }
}

const site = { type: 'http', url: 'https://shop.example/' }

describe('a monitor of Uptime Kuma becomes an entry of vigia.yaml', () => {
  test.each<[string, Row, object]>([
    ['http', {}, {}],
    [
      'method, body and headers',
      { method: 'POST', body: '{"a":1}', headers: '{"X-Team":"ops"}' },
      {
        settings: { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Team': 'ops' }, body: '{"a":1}' },
      },
    ],
    [
      'a body of another type',
      { body: '<a/>', http_body_encoding: 'xml' },
      { settings: { headers: { 'Content-Type': 'text/xml; charset=utf-8' }, body: '<a/>' } },
    ],
    ['accepted codes', { accepted_statuscodes_json: '["200-299","404"]' }, { settings: { status: '200-299,404' } }],
    ['no redirects', { maxredirects: 0 }, { settings: { followRedirects: false } }],
    ['only IPv6', { ip_family: 'ipv6' }, { settings: { family: 'ipv6' } }],
    ['any certificate', { ignore_tls: 1 }, { settings: { certificate: 'any' } }],
    ['the expiry of the certificate', { expiry_notification: 1 }, { settings: { certificateDays: 21 } }],
    ['a keyword', { type: 'keyword', keyword: 'ok' }, { settings: { keyword: 'ok' } }],
    [
      'an absent keyword',
      { type: 'keyword', keyword: 'error', invert_keyword: 1 },
      { settings: { keywordAbsent: 'error' } },
    ],
    [
      'a text in JSON',
      { type: 'json-query', json_path: '$.status', expected_value: 'ok' },
      { settings: { json: [{ path: '$.status', equals: 'ok' }] } },
    ],
    [
      'a number in JSON',
      { type: 'json-query', json_path: 'a[0].b', json_path_operator: '==', expected_value: '5' },
      { settings: { json: [{ path: "$[?$.a[0].b == '5' || $.a[0].b == 5]" }] } },
    ],
    [
      'at least',
      { type: 'json-query', json_path: 'n', json_path_operator: '>=', expected_value: '5' },
      { settings: { json: [{ path: '$[?$.n >= 5]' }] } },
    ],
    [
      'less than',
      { type: 'json-query', json_path: 'n', json_path_operator: '<', expected_value: '5' },
      { settings: { json: [{ path: '$.n', below: 5 }] } },
    ],
    [
      'a part of a text',
      { type: 'json-query', json_path: 's', json_path_operator: 'contains', expected_value: 'a.b' },
      { settings: { json: [{ path: "$[?search($.s, 'a\\\\.b')]" }] } },
    ],
    [
      'another text',
      { type: 'json-query', json_path: 's', json_path_operator: '!=', expected_value: 'a' },
      { settings: { json: [{ path: "$[?$.s && $.s != null && !($.s == 'a')]" }] } },
    ],
    [
      'a text in the whole body',
      { type: 'json-query', json_path: '$', json_path_operator: 'contains', expected_value: 'ok' },
      { settings: { keyword: 'ok' } },
    ],
    ['retries', { maxretries: 5 }, { confirmations: 6 }],
    ['an interval with its usual timeout', { interval: 20, timeout: 16 }, { interval: '20s', timeout: '16s' }],
    ['no timeout', { interval: 20, timeout: 0 }, { interval: '20s', timeout: '16s' }],
    ['a pause', { active: 0 }, { paused: true }],
  ])('%s', (_, row, expected) => {
    expect(importOne({ ...site, ...row })).toMatchObject({
      entry: { url: 'https://shop.example/', name: 'Shop', ...expected },
      why: undefined,
    })
  })

  test.each<[string, Row, object]>([
    ['port', { hostname: 'shop.example', port: 22 }, { url: 'tcp://shop.example:22' }],
    ['port', { hostname: '2001:db8::1', port: 22 }, { url: 'tcp://[2001:db8::1]:22' }],
    [
      'port',
      { hostname: 'shop.example', port: 993, smtp_security: 'secure', expiry_notification: 1 },
      { url: 'tls://shop.example:993' },
    ],
    [
      'port',
      { hostname: 'shop.example', port: 143, smtp_security: 'starttls', expiry_notification: 1 },
      { url: 'tls://shop.example:143', settings: { starttls: 'imap' } },
    ],
    ['ping', { hostname: 'shop.example' }, { url: 'ping://shop.example' }],
    ['smtp', { hostname: 'shop.example' }, { url: 'tcp://shop.example:25', settings: { recipe: 'smtp' } }],
    [
      'dns',
      { hostname: 'shop.example', dns_resolve_type: 'MX', dns_resolve_server: '1.1.1.1', port: 53 },
      { url: 'dns://shop.example', settings: { type: 'MX', server: '1.1.1.1' } },
    ],
    [
      'dns',
      {
        hostname: 'shop.example',
        dns_resolve_type: 'A',
        dns_resolve_server: '1.1.1.1,8.8.8.8',
        port: 5353,
        conditions: '[{"variable":"record","operator":"equals","value":"203.0.113.7"}]',
      },
      { url: 'dns://shop.example', settings: { server: '1.1.1.1:5353', expected: ['203.0.113.7'] } },
    ],
    [
      'websocket-upgrade',
      { url: 'wss://shop.example/feed', ws_subprotocol: 'chat, v2', headers: '{"X-Team":"ops"}' },
      { url: 'wss://shop.example/feed', settings: { protocol: 'chat', headers: { 'X-Team': 'ops' } } },
    ],
    [
      'grpc-keyword',
      {
        grpc_url: 'shop.example:50051',
        grpc_service_name: 'Health',
        grpc_method: 'check',
        keyword: 'SERVING',
        grpc_enable_tls: 1,
      },
      { url: 'grpcs://shop.example:50051' },
    ],
    [
      'smtp',
      { hostname: 'shop.example', port: 587, smtp_security: 'starttls' },
      { url: 'tcp://shop.example:587', settings: { recipe: 'smtp', starttls: true } },
    ],
    [
      'redis',
      { database_connection_string: 'rediss://:pw@shop.example', ignore_tls: 1 },
      { url: 'tcp://shop.example:6379', settings: { recipe: 'redis', tls: true, certificate: 'any' } },
    ],
    [
      'postgres',
      { database_connection_string: 'postgres://u:p@shop.example:5433/db' },
      { url: 'tcp://shop.example:5433', settings: { recipe: 'postgres' } },
    ],
    [
      'mysql',
      { database_connection_string: 'mysql://u:p@shop.example/db' },
      { url: 'tcp://shop.example:3306', settings: { recipe: 'mysql' } },
    ],
    [
      'mqtt',
      { hostname: 'mqtts://shop.example', port: 8883 },
      { url: 'tcp://shop.example:8883', settings: { recipe: 'mqtt', tls: true } },
    ],
    [
      'push',
      { interval: 3600, maxretries: 2, retry_interval: 60 },
      { kind: 'heartbeat', settings: { periodS: 3600, graceS: 120 } },
    ],
  ])('%s %j', (type, row, expected) => {
    expect(importOne({ type, ...row })).toMatchObject({ entry: { name: 'Shop', ...expected }, why: undefined })
  })

  test('passwords and tokens become secrets', () => {
    const basic = { auth_method: 'basic', basic_auth_user: 'me', basic_auth_pass: 'p:w' }
    expect(importOne({ ...site, ...basic })).toMatchObject({
      entry: { settings: { auth: { basic: { user: 'me' } } } },
      secrets: { password: 'p:w' },
    })
  })

  test('also those of a WebSocket', () => {
    const bearer = { auth_method: 'bearer', bearer_token: 'abc' }
    expect(importOne({ type: 'websocket-upgrade', url: 'wss://shop.example', ...bearer })).toMatchObject({
      entry: { settings: { auth: { bearer: true } } },
      secrets: { token: 'abc' },
    })
  })

  test('the token of an Authorization header becomes a secret, and other headers that look secret are told', () => {
    expect(importOne({ ...site, headers: '{"authorization":"Bearer abc","X-Api-Key":"k"}' })).toMatchObject({
      entry: { settings: { auth: { bearer: true }, headers: { 'X-Api-Key': 'k' } } },
      secrets: { token: 'abc' },
      lost: ['the header X-Api-Key is kept as a setting, so exports and events show its value'],
    })
  })
})

describe('what cannot be imported is told with the reason', () => {
  test.each<[Row, string]>([
    [{ ...site, upside_down: 1 }, 'it is upside down'],
    [{ ...site, proxy_id: 1 }, 'it is checked through a proxy'],
    [{ ...site, auth_method: 'oauth2-cc' }, 'OAuth 2 is not supported'],
    [{ ...site, type: 'json-query', json_path: '$sum(a)', expected_value: '1' }, 'is more than a path'],
    [{ ...site, type: 'json-query', json_path: '$', json_path_operator: '!=', expected_value: '1' }, 'the whole body'],
    [{ type: 'websocket-upgrade', url: 'wss://shop.example', auth_method: 'mtls' }, 'client certificates'],
    [{ type: 'port', hostname: 'a', port: 1, expected_tls_alert: 'certificate_required' }, 'the TLS alert'],
    [{ type: 'docker' }, 'Vigia has no check of the type docker'],
    [{ type: 'grpc-keyword', grpc_service_name: 'Shop', grpc_method: 'buy', keyword: 'x' }, 'it calls Shop/buy'],
    [{ type: 'postgres', database_connection_string: 'host=a' }, 'its connection string does not name one server'],
  ])('%j', (row, why) => {
    expect(importOne(row).why).toContain(why)
  })

  test('notifications, maintenance, status pages and tags are told', () => {
    writeKumaDatabase(file, {
      monitor: [{ name: 'Shop', ...site, description: 'x' }],
      notification: [{ id: 1, name: 'Ops' }],
      maintenance: [{ id: 1, title: 'Deploy' }],
      status_page: [{ id: 1, title: 'Public' }],
      tag: [{ id: 1, name: 'team' }],
      monitor_tag: [{ id: 1, monitor_id: 1, tag_id: 1 }],
    })
    const { monitors, leftOut } = importKuma(file)
    expect(leftOut.map(({ what }) => what)).toEqual([
      'the notification Ops',
      'the maintenance Deploy',
      'the status page Public',
    ])
    expect(monitors[0]!.lost).toEqual(['its tags are left out: team', 'its description is left out'])
  })
})

test('groups keep their names with those of the groups around them, and a paused group pauses its monitors', () => {
  writeKumaDatabase(file, {
    monitor: [
      { id: 1, name: 'Produção', type: 'group' },
      { id: 2, name: 'Filas', type: 'group', parent: 1, active: 0 },
      { id: 3, name: 'Loja', ...site, parent: 1 },
      { id: 4, name: 'Loja', ...site, parent: 2 },
    ],
  })
  expect(importKuma(file).monitors.map(({ key, entry }) => [key, entry.group, entry.paused])).toEqual([
    ['loja', 'Produção', undefined],
    ['loja-2', 'Produção / Filas', true],
  ])
})

test("Kuma's own number of days before the expiry of a certificate is kept", () => {
  writeKumaDatabase(file, {
    monitor: [{ name: 'Shop', ...site }],
    setting: [{ key: 'tlsExpiryNotifyDays', value: '[3,10]' }],
  })
  expect(importKuma(file).monitors[0]!.entry.settings).toEqual({ certificateDays: 10 })
})

test('the JSON backup of Kuma 1 is read too', () => {
  const monitor = {
    id: 1,
    name: 'Shop',
    ...site,
    active: true,
    interval: 60,
    timeout: 10,
    maxretries: 0,
    expiryNotification: false,
    accepted_statuscodes: ['200'],
    tags: [{ name: 'team' }],
  }
  writeFileSync(file, JSON.stringify({ version: '1.23.0', notificationList: [], monitorList: [monitor] }))
  expect(importKuma(file).monitors[0]).toMatchObject({
    entry: { url: 'https://shop.example/', settings: { status: '200' } },
    lost: ['its tags are left out: team'],
  })
})

test.each([
  ['a text', 'neither a database of Uptime Kuma'],
  ['{"a": 1}', 'neither a database of Uptime Kuma'],
])('%s is refused', (text, words) => {
  writeFileSync(file, text)
  expect(() => importKuma(file)).toThrow(words)
})
