import { describe, expect, test } from 'vitest'
import { settingsFault } from '#functions/checks/settings.ts'
import { neededSecrets, settingsRuleFaults } from '#functions/checks/settings-rules.ts'

describe('settings that their schema refuses', () => {
  test.each([
    ['http', { colour: 'blue' }, 'colour'],
    ['http', { method: 'BREW' }, 'method'],
    ['http', { status: '200-' }, 'status'],
    ['http', { status: '99' }, 'status'],
    ['http', { headers: { 'bad name': 'x' } }, 'headers'],
    ['http', { headers: { 'X-A': 'line\r\nbreak' } }, 'headers/X-A'],
    ['http', { json: [{ path: '$.a', near: 3 }] }, 'json/0/near'],
    ['http', { auth: { basic: { user: 'a:b' } } }, 'auth/basic/user'],
    ['http', { slowMs: 0 }, 'slowMs'],
    ['http', { body: 'x'.repeat(20_000) }, 'body'],
    ['tcp', { recipe: 'gopher' }, 'recipe'],
    ['tls', { starttls: 'redis' }, 'starttls'],
    ['dns', { type: 'ANY' }, 'type'],
    ['dns', { expected: [] }, 'expected'],
    ['ping', { count: 3 }, 'count'],
    ['ping', { family: 'ipv5' }, 'family'],
    ['dns', { family: 'ipv4' }, 'family'],
    ['websocket', { protocol: 'a b' }, 'protocol'],
    ['grpc', { service: 'a\nb' }, 'service'],
    ['toaster', {}, 'kind'],
  ])('of the kind %s, %j, are named with the field', (kind, settings, field) => {
    const fault = settingsFault(kind, settings)
    expect(fault?.field.startsWith(field), JSON.stringify(fault)).toBe(true)
    expect(fault?.problem).not.toBe('')
  })
})

describe('settings that break a rule', () => {
  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ['http', { headers: { Authorization: 'Bearer x' } }, 'headers/Authorization', /secret; use auth/],
    ['http', { headers: { 'content-length': '5' } }, 'headers/content-length', /set by Vigia/],
    ['http', { status: '200, 404-400' }, 'status', /404-400/],
    ['http', { json: [{ path: '$.a' }, { path: '$[' }] }, 'json/1/path', /RFC 9535/],
    ['http', { json: [{ path: 'status' }] }, 'json/0/path', /\$\.status/],
    ['http', { json: [{ path: '$[?nosuch(@.a)]' }] }, 'json/0/path', /RFC 9535/],
    ['websocket', { headers: { Cookie: 'a=b' } }, 'headers/Cookie', /secret/],
    ['tcp', { recipe: 'redis', send: 'PING' }, 'send', /recipe/],
    ['tcp', { recipe: 'redis', expect: 'PONG' }, 'expect', /recipe/],
    ['tcp', { recipe: 'redis', starttls: true }, 'starttls', /smtp, imap, postgres, mysql/],
    ['tcp', { recipe: 'smtp', starttls: true, tls: true }, 'tls', /one of them/],
    ['tcp', { certificate: 'any' }, 'certificate', /needs tls/],
    ['dns', { server: 'dns.example.org' }, 'server', /9\.9\.9\.9/],
    ['dns', { expected: ['203.0.113.7', 'example.org'] }, 'expected/1', /IPv4/],
    ['heartbeat', { cron: '99 2 * * *' }, 'cron', /30 2 \* \* \*/],
    ['heartbeat', { cron: '0 2 * * *', timeZone: 'Mars' }, 'timeZone', /Sao_Paulo/],
    ['dns', { type: 'AAAA', expected: ['203.0.113.7'] }, 'expected/0', /IPv6/],
  ])('of the kind %s, %j, are named with the field and the reason', async (kind, settings, field, reason) => {
    expect(settingsFault(kind, settings)).toBeNull()
    const faults = await settingsRuleFaults(kind, settings)
    expect(faults.map(fault => fault.field)).toEqual([field])
    expect(faults[0]!.problem).toMatch(reason)
  })

  test.each([
    ['http', { method: 'POST', status: '200-299,404', json: [{ path: '$.a[?@.b > 1]' }], headers: { 'X-A': 'b' } }],
    ['tcp', { recipe: 'smtp', starttls: true, certificate: 'any' }],
    ['dns', { type: 'MX', expected: ['10 mail.example.org'], server: '[2620:fe::fe]:53' }],
    ['grpc', { service: 'shop.v1.Shop', certificateDays: 30 }],
  ])('are not found in valid settings of the kind %s', async (kind, settings) => {
    expect(settingsFault(kind, settings)).toBeNull()
    expect(await settingsRuleFaults(kind, settings)).toEqual([])
  })
})

test.each([
  [{}, []],
  [{ auth: { basic: { user: 'a' } } }, ['password']],
  [{ auth: { bearer: true }, certificate: 'own-ca' }, ['token', 'ca']],
  [{ certificate: 'any' }, []],
])('the settings %j need the secrets %j', (settings, names) => {
  expect(neededSecrets(settings).map(({ name }) => name)).toEqual(names)
})
