import { describe, expect, test } from 'vitest'
import { selectedBy } from '#functions/checks/json-path.ts'
import { importGatus } from '#infra/cli/import/gatus.ts'

/** The endpoint of a configuration with one endpoint, whose lines follow its name. */
const importOne = (...lines: string[]) => {
  const { monitors, leftOut } = importGatus(
    ['endpoints:', '  - name: Shop', ...lines.map(line => `    ${line}`)].join('\n'),
    {},
  )
  return { entry: monitors[0]?.entry, secrets: monitors[0]?.secrets, lost: monitors[0]?.lost, why: leftOut[0]?.why }
}

const url = 'url: https://shop.example/'
const conditions = (...texts: string[]) => `conditions: ${JSON.stringify(texts)}`
const settingsOf = (...texts: string[]) => importOne(url, conditions(...texts)).entry?.settings

describe('an endpoint of Gatus becomes an entry of vigia.yaml', () => {
  test.each([
    [
      'the group, the interval and the timeout',
      ['group: web', 'interval: 1m30s', 'client: {timeout: 5s}', conditions('[STATUS] == 200')],
      { group: 'web', interval: '1m30s', timeout: '5s', settings: { status: '200' } },
    ],
    [
      'method, body and headers',
      ['method: POST', 'body: "{}"', 'headers: {X-Team: ops}', conditions('[STATUS] < 300')],
      { settings: { method: 'POST', body: '{}', headers: { 'X-Team': 'ops' }, status: '100-299' } },
    ],
    [
      'GraphQL',
      ['graphql: true', 'method: POST', 'body: "{ a }"', conditions('[STATUS] == any(200, 429)')],
      {
        settings: {
          ...{ method: 'POST', body: '{"query":"{ a }"}', status: '200,429' },
          headers: { 'Content-Type': 'application/json' },
        },
      },
    ],
    ['a pattern of status codes', [conditions('[STATUS] == pat(2*)')], {}],
    ['a pattern that is not wanted', [conditions('[STATUS] != pat(5??)')], { settings: { status: '100-499' } }],
    ['the placeholder on the right side', [conditions('300 > [STATUS]', '200 <= [STATUS]')], {}],
    ['small letters', [conditions('[status] == 404')], { settings: { status: '404' } }],
    [
      'the options of the client',
      ['client: {insecure: true, ignore-redirect: true}', conditions('[STATUS] >= 200', '[STATUS] < 300')],
      { settings: { certificate: 'any', followRedirects: false } },
    ],
    [
      'a pause',
      ['enabled: false', conditions('[STATUS] != 500')],
      { paused: true, settings: { status: '100-499,501-599' } },
    ],
    [
      'thresholds',
      [conditions('[CONNECTED] == true'), 'alerts: [{type: slack, failure-threshold: 5, success-threshold: 3}]'],
      { confirmations: 5, recoveries: 3, settings: { status: '100-599' } },
    ],
  ])('%s', (_, lines, expected) => {
    expect(importOne(url, ...lines)).toMatchObject({
      entry: { url: 'https://shop.example/', name: 'Shop', ...expected },
      lost: [],
    })
  })

  test.each([
    ['tcp://shop.example:22', [], { url: 'tcp://shop.example:22' }],
    ['icmp://shop.example', [], { url: 'ping://shop.example' }],
    ['icmp://shop.example', ['client: {network: ip6}'], { url: 'ping://shop.example', settings: { family: 'ipv6' } }],
    ['tls://shop.example:443', [], { url: 'tls://shop.example:443' }],
    ['starttls://shop.example:587', [], { url: 'tls://shop.example:587', settings: { starttls: 'smtp' } }],
    ['wss://shop.example/feed', ['body: hi'], { url: 'wss://shop.example/feed', settings: { send: 'hi' } }],
    ['tcp://shop.example:6379', ['body: PING'], { url: 'tcp://shop.example:6379', settings: { send: 'PING' } }],
    [
      'tls://shop.example:6380',
      ['body: PING', 'client: {insecure: true}'],
      { url: 'tcp://shop.example:6380', settings: { tls: true, send: 'PING', certificate: 'any' } },
    ],
    ['ssh://shop.example', [], { url: 'tcp://shop.example:22', settings: { expect: 'SSH-' } }],
    ['ssh://shop.example:2222', [], { url: 'tcp://shop.example:2222', settings: { expect: 'SSH-' } }],
    ['grpcs://shop.example:443', [], { url: 'grpcs://shop.example:443' }],
    [
      '8.8.8.8',
      ['dns: {query-name: shop.example., query-type: MX}'],
      { url: 'dns://shop.example', settings: { type: 'MX', server: '8.8.8.8' } },
    ],
  ])('%s', (target, lines, expected) => {
    const read = importOne(`url: ${target}`, ...lines, conditions('[CONNECTED] == true'))
    expect(read).toMatchObject({ entry: { name: 'Shop', ...expected }, lost: [] })
  })

  test.each([
    ['tcp://shop.example:6379', ['body: PING'], '[BODY] == pat(*PONG*)', { send: 'PING', expect: 'PONG' }],
    ['wss://shop.example/feed', ['body: hi'], '[BODY] == pat(*echo hi*)', { send: 'hi', expect: 'echo hi' }],
    [
      '8.8.8.8',
      ['dns: {query-name: shop.example, query-type: A}'],
      '[BODY] == 203.0.113.7',
      { server: '8.8.8.8', expected: ['203.0.113.7'] },
    ],
  ])('%s with a condition about its answer', (target, lines, condition, settings) => {
    const read = importOne(`url: ${target}`, ...lines, conditions('[CONNECTED] == true', condition))
    expect(read).toMatchObject({ entry: { settings }, lost: [] })
  })

  test('a thousand endpoints may share their settings by aliases', () => {
    const endpoints = Array.from(
      { length: 1_000 },
      (_, n) => `  - {<<: *usual, name: s${n}, url: "https://s${n}.example", client: {<<: *client}}`,
    )
    const { monitors } = importGatus(
      `x: &usual {client: &client {timeout: 5s}, conditions: ["[STATUS] == 200"]}\nendpoints:\n${endpoints.join('\n')}`,
      {},
    )
    expect(monitors).toHaveLength(1_000)
    expect(monitors[999]!.entry).toMatchObject({ timeout: '5s', settings: { status: '200' } })
  })

  test('thresholds come from the default alert of the provider, and an alert that is off has none', () => {
    const [monitor] = importGatus(
      `alerting: {slack: {default-alert: {failure-threshold: 5, success-threshold: 4}}}
endpoints: [{name: A, url: "https://a.example", conditions: ["[STATUS] == 200"],
  alerts: [{type: slack, success-threshold: 3}, {type: email, enabled: false, failure-threshold: 9}]}]`,
      {},
    ).monitors
    expect(monitor!.entry).toMatchObject({ confirmations: 5, recoveries: 3 })
  })

  test('a password in a header becomes a secret', () => {
    const header = `headers: {Authorization: "Basic ${Buffer.from('me:pw').toString('base64')}"}`
    expect(importOne(url, header, conditions('[STATUS] == 200'))).toMatchObject({
      entry: { settings: { auth: { basic: { user: 'me' } } } },
      secrets: { password: 'pw' },
    })
  })

  test('variables of the environment are replaced, and $$ is a dollar sign', () => {
    const text = `endpoints: [{name: "\${NAME}$$1", url: "https://$HOST/", conditions: ["[STATUS] == 200"]}]`
    const [monitor] = importGatus(text, { NAME: 'Shop', HOST: 'shop.example' }).monitors
    expect(monitor).toMatchObject({ name: 'Shop$1', entry: { url: 'https://shop.example/' } })
  })

  test('an external endpoint with a heartbeat becomes a heartbeat', () => {
    const [monitor] = importGatus(
      'external-endpoints: [{name: Backup, group: jobs, token: x, heartbeat: {interval: 1h}}]',
      {},
    ).monitors
    expect(monitor).toMatchObject({ key: 'jobs-backup', entry: { kind: 'heartbeat', settings: { periodS: 3600 } } })
  })
})

describe('conditions about the body', () => {
  test('become keywords', () => {
    expect(settingsOf('[STATUS] == 200', '[BODY] == pat(*ok*)', '[BODY] != pat(*error*)')).toEqual({
      status: '200',
      keyword: 'ok',
      keywordAbsent: 'error',
    })
  })

  test('become the longest text of a pattern, with a note', () => {
    const { entry, lost } = importOne(url, conditions('[STATUS] == 200', '[BODY] == pat(all*is well)'))
    expect(entry!.settings).toEqual({ status: '200', keyword: 'is well' })
    expect(lost).toEqual(['with [BODY] == pat(all*is well), the body has to contain "is well" anywhere'])
  })

  const body = {
    ...{ status: 'UP', code: 7, text: '7', items: [1, 2, 3], empty: [], user: { name: 'john doe' }, yes: true },
    ...{ ratio: 0.5, nothing: null, lines: 'one\ntwo' },
  }
  test.each([
    ['[BODY].status == UP', true],
    ['[BODY].status == DOWN', false],
    ['[BODY].status != DOWN', true],
    ['[BODY].status != UP', false],
    ['[BODY].code == 7', true],
    ['[BODY].text == 7', true],
    ['[BODY].code == 8', false],
    ['[BODY].yes == true', true],
    ['[BODY].yes == false', false],
    ['[BODY].code > 6', true],
    ['[BODY].code > 7', false],
    ['[BODY].code >= 7', true],
    ['[BODY].code < 7', false],
    ['[BODY].code <= 7', true],
    ['[BODY].status == any(UP, OK)', true],
    ['[BODY].status == any(DOWN, OK)', false],
    ['[BODY].user.name == pat(john*)', true],
    ['[BODY].user.name == pat(jane*)', false],
    ['[BODY].items[1] == 2', true],
    ['len([BODY].items) == 3', true],
    ['len([BODY].items) > 3', false],
    ['len([BODY].user.name) == 8', true],
    ['has([BODY].user) == true', true],
    ['has([BODY].errors) == true', false],
    ['has([BODY].errors) == false', true],
    ['has([BODY].user) == false', false],
    ['has([BODY].nothing) == true', false],
    ['has([BODY].nothing) == false', true],
    ['[BODY].ratio == 0.5', true],
    ['[BODY].ratio == 0.6', false],
    ['UP == [BODY].status', true],
    ['8 > [BODY].code', true],
    ['[body].status == UP', true],
    ['[BODY].lines == pat(one*two)', true],
  ])('%s is %j for a body, as with Gatus', async (condition, expected) => {
    const [assertion] = (settingsOf(condition)?.json ?? []) as {
      path: string
      equals?: unknown
      above?: number
      below?: number
    }[]
    const values = await selectedBy(assertion!.path, body)
    if (typeof values === 'string') throw new Error(`the path is ${values}`)
    const { equals, above, below } = assertion!
    const passes = (value: unknown) =>
      (equals === undefined || value === equals) &&
      (above === undefined || Number(value) > above) &&
      (below === undefined || Number(value) < below)
    expect(values.length > 0 && values.every(passes), assertion!.path).toBe(expected)
  })
})

describe('what is different or left out is told', () => {
  test.each([
    ['[RESPONSE_TIME] < 500', { slowMs: 499 }, 'a slow answer counts as degraded'],
    ['[CERTIFICATE_EXPIRATION] > 48h', { certificateDays: 2 }, 'a certificate that expires soon counts as degraded'],
    ['[IP] == 203.0.113.7', {}, 'the condition [IP] == 203.0.113.7 is left out: Vigia does not have it'],
    ['[DOMAIN_EXPIRATION] > 720h', {}, 'is left out: Vigia does not have it'],
    ['[BODY] == ok', { keyword: 'ok' }, 'the body has to contain "ok" anywhere'],
    ['[BODY] != ok', {}, 'is left out: Vigia compares a part of the JSON'],
    ['[BODY] == pat([a-z]*)', {}, 'is left out: Vigia compares a part of the JSON'],
    ['len([BODY]) > 5', {}, 'is left out: Vigia compares a part of the JSON'],
    ['has([BODY]) == true', {}, 'is left out: Vigia compares a part of the JSON'],
    ['[BODY].a.[0]. == 1', {}, 'is left out'],
  ])('%s', (condition, settings, words) => {
    const { entry, lost } = importOne(url, conditions('[STATUS] == 200', condition))
    expect(entry!.settings).toEqual({ status: '200', ...settings })
    expect(lost!.join()).toContain(words)
  })

  test.each([
    ['client: {proxy-url: "http://proxy"}', 'it is checked through a proxy'],
    ['client: {oauth2: {token-url: x}}', 'OAuth 2 is not supported'],
    ['client: {tls: {certificate-file: x}}', 'client certificates are not supported'],
    ['client: {tunnel: x}', 'it is checked through an SSH tunnel'],
  ])('%s', (line, why) => {
    expect(importOne(url, line, conditions('[STATUS] == 200')).why).toContain(why)
  })

  test.each([
    ['[CONNECTED] == false', 'it is up while its service fails'],
    ['[CONNECTED] != true', 'it is up while its service fails'],
    ['[STATUS] == 0', 'its conditions accept no status'],
  ])('a monitor with %s', (condition, why) => {
    expect(importOne(url, conditions(condition)).why).toContain(why)
  })

  test('a name that must not exist', () => {
    const lines = ['url: 8.8.8.8', 'dns: {query-name: a.example, query-type: A}', conditions('[DNS_RCODE] == NXDOMAIN')]
    expect(importOne(...lines).why).toContain('it is up while its service fails')
  })

  test('other schemes, suites, alerting and external endpoints without a heartbeat', () => {
    const { leftOut, monitors } = importGatus(
      `endpoints: [{name: A, group: g, url: "udp://a.example:53", conditions: ["[CONNECTED] == true"]},
  {name: B, url: "ssh://b.example", ssh: {username: me, password: pw}, conditions: ["[CONNECTED] == true"]}]
suites: [{name: flow}]
external-endpoints: [{name: pushed, token: x}]
alerting: {slack: {webhook-url: x}}
maintenance: {start: "23:00", duration: 1h}`,
      {},
    )
    expect(monitors).toEqual([])
    expect(leftOut.map(({ what }) => what)).toEqual([
      'g/A',
      'B',
      'the external endpoint pushed',
      'the suite flow',
      'alerting by slack',
      'the maintenance',
    ])
  })

  test.each(['a text', 'endpoints: 1', '[]'])('%s is no configuration of Gatus', text => {
    expect(() => importGatus(text, {})).toThrow('it has no list "endpoints"')
  })
})
