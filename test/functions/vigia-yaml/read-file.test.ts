import { describe, expect, test } from 'vitest'
import { fileForms, type Outside } from '#functions/vigia-yaml/read-entries.ts'
import { readFile } from '#functions/vigia-yaml/read-file.ts'

const outside: Outside = {
  ...fileForms,
  mayDial: address => !address.startsWith('10.') && !address.startsWith('127.') && address !== '::1',
  readSecret: source =>
    'env' in source && source.env === 'SHOP_TOKEN' ? { value: 's3cret' } : { reason: 'cannot be read' },
  readPicture: () => ({ reason: 'cannot be read' }),
}

const read = (text: string) => readFile('vigia.yaml', text, outside)

/** The faults of a file, one for each line of the message. */
const faultsOf = async (text: string): Promise<string[]> => {
  const error = await read(text).then(
    () => new Error('the file is valid'),
    (error: Error) => error,
  )
  return error.message.split('\n')
}

/** A file with one monitor, whose fields begin in line 5. */
const monitor = (...fields: string[]) =>
  ['chats:', '  - id: 7', '    monitors:', '      shop:', ...fields.map(field => `        ${field}`)].join('\n')

const url = 'url: https://shop.example/health'
const bearer = 'settings: {auth: {bearer: true}}'

describe('a file that is valid', () => {
  test('gives every monitor with its defaults', async () => {
    const { chats } = await read(monitor(url))
    expect(chats).toEqual([
      {
        id: 7,
        language: null,
        zone: null,
        windows: [],
        pages: [],
        webhooks: [],
        monitors: [
          {
            key: 'shop',
            name: 'shop.example/health',
            kind: 'http',
            url: 'https://shop.example/health',
            intervalS: 60,
            timeoutMs: 10_000,
            confirmations: 3,
            recoveries: 2,
            reminder: 'off',
            group: null,
            parentKey: null,
            isPaused: false,
            threadId: null,
            settings: {},
            secrets: {},
          },
        ],
      },
    ])
  })

  test('may set everything', async () => {
    const { chats } = await read(`
chats:
  - id: -1001234567890
    topic: 12
    language: en
    zone: Europe/Lisbon
    monitors:
      gateway:
        url: tcp://gateway.example:443
        topic: null
      shop:
        ${url}
        name: Shop
        interval: 1m30s
        timeout: 500ms
        confirmations: 5
        recoveries: 1
        group: Production
        parent: gateway
        paused: true
        settings:
          auth: {bearer: true}
          certificate: own-ca
        secrets:
          token: {env: SHOP_TOKEN}
          ca: {stored: true}
`)
    expect(chats[0]).toMatchObject({ id: -1001234567890, language: 'en', zone: 'Europe/Lisbon' })
    expect(chats[0]!.monitors[0]).toMatchObject({ threadId: null })
    expect(chats[0]!.monitors[1]).toMatchObject({
      name: 'Shop',
      intervalS: 90,
      timeoutMs: 500,
      confirmations: 5,
      recoveries: 1,
      group: 'Production',
      parentKey: 'gateway',
      isPaused: true,
      threadId: 12,
      secrets: { token: { value: 's3cret' }, ca: 'stored' },
    })
  })

  test('may share values by an anchor', async () => {
    const { chats } = await read(`
chats:
  - id: 7
    monitors: &same
      shop: {${url}}
  - id: 8
    monitors: *same
`)
    expect(chats.map(({ monitors }) => monitors.map(({ key }) => key))).toEqual([['shop'], ['shop']])
  })
})

describe('a fault is told with file, line, field and reason', () => {
  test.each([
    ['a misspelt key', ['ulr: https://shop.example'], 5, 'ulr is not a known key; did you mean "url"?'],
    ['a key that resembles no other', [url, 'colour: red'], 6, 'colour is not a known key'],
    ['an unknown kind', [url, 'kind: htpp'], 6, 'kind "htpp" is not one of'],
    ['a misspelt kind', [url, 'kind: htpp'], 6, 'did you mean "http"?'],
    ['no URL', ['group: Production'], 4, 'has no url; add it, for example url: https://example.org'],
    ['an invalid URL', ['url: "https://"'], 5, 'url the address is not valid'],
    [
      'an unknown scheme',
      ['url: gopher://shop.example'],
      5,
      'url begins with gopher://; the known schemes are http://',
    ],
    ['the URL of another kind', ['kind: tcp', url], 6, 'url belongs to kind http, not tcp; kind tcp needs tcp://'],
    [
      'a password in the URL',
      ['url: https://me:pw@shop.example'],
      5,
      'url the address contains a user name or password',
    ],
    ['a gRPC server without a port', ['url: grpc://shop.example'], 5, 'url the port is missing from the address'],
    ['a name to look up with a port', ['url: dns://shop.example:53'], 5, 'url that port cannot be watched'],
    ['a private address', ['url: http://10.0.0.1/'], 5, 'url is a private address, which PROBE_ALLOW does not allow'],
    ['this machine', ['url: http://localhost/'], 5, 'url is a private address'],
    ['an interval without a unit', [url, 'interval: 30'], 6, 'interval must be text, not 30'],
    ['an interval in words', [url, 'interval: 5 minutes'], 6, '"5 minutes" is not a duration; write it like 30s, 5m'],
    ['a short interval', [url, 'interval: 5s'], 6, 'interval is 5s; it must be whole seconds from 10s to 1d'],
    ['a long interval', [url, 'interval: 2d'], 6, 'interval is 2d; it must be whole seconds from 10s to 1d'],
    ['a broken interval', [url, 'interval: 10500ms'], 6, 'interval is 10500ms; it must be whole seconds'],
    ['a long timeout', [url, 'timeout: 2m'], 6, 'timeout is 2m; it must be from 100ms to 1m with this interval'],
    ['no confirmations', [url, 'confirmations: 0'], 6, 'confirmations is 0; it must be at least 1'],
    ['half a recovery', [url, 'recoveries: 1.5'], 6, 'recoveries must be a whole number, not 1.5'],
    ['a parent that does not exist', [url, 'parent: shopp'], 6, 'parent "shopp" is not the key of a monitor of this'],
    ['itself as the parent', [url, 'parent: shop'], 6, 'parent makes a circle: shop → shop'],
    ['a wrong type', [url, 'settings: {}', 'paused: "no"'], 7, 'paused must be true or false, not text'],
    ['an unknown setting of the kind', [url, 'settings:', '  colour: red'], 7, 'settings.colour is not a known key'],
    [
      'a secret in the file',
      [url, 'secrets:', '  bearer-token: s3cret'],
      7,
      'has none of the allowed forms. A password or',
    ],
    ['a secret that is not set', [url, bearer, 'secrets:', '  token: {env: OTHER}'], 8, 'secrets.token cannot be read'],
    ['an interval of a heartbeat', ['kind: heartbeat', 'interval: 1h'], 6, 'interval is not possible for a heartbeat'],
    ['a URL of a heartbeat', ['kind: heartbeat', url], 6, 'url is not possible for a heartbeat'],
    [
      'an invalid cron',
      ['kind: heartbeat', 'settings: {cron: "99 2 * * *"}'],
      6,
      'settings.cron "99 2 * * *" is not a',
    ],
    [
      'the zone of cron',
      ['kind: heartbeat', 'settings: {cron: "0 2 * * *", timeZone: Mars}'],
      6,
      '"Mars" is not a time',
    ],
    [
      'a short period',
      ['kind: heartbeat', 'settings: {periodS: 5}'],
      6,
      'settings.periodS is 5; it must be at least 60',
    ],
    ['an unknown reminder', [url, 'reminder: 1h'], 6, 'reminder "1h" is not one of off, 30m, 2h, doubling'],
    ['a secret that the settings need', [url, bearer], 6, 'settings.auth needs the secret token; add secrets: {token:'],
    [
      'a misspelt secret',
      [url, bearer, 'secrets: {token: {stored: true}, tokn: {stored: true}}'],
      7,
      'secrets.tokn is used by no setting; did you mean "token"?',
    ],
    [
      'an invalid JSONPath',
      [url, 'settings:', '  json:', '    - path: $.a['],
      8,
      'settings.json[0].path "$.a[" is not a JSONPath:',
    ],
    ['an invalid list of codes', [url, 'settings: {status: 2xx}'], 6, 'settings.status "2xx" must match'],
    [
      'a secret with a bad name',
      [url, 'secrets:', '  Bearer: {env: SHOP_TOKEN}'],
      7,
      'secrets.Bearer is not a valid key',
    ],
  ])('%s', async (_, fields, line, reason) => {
    const faults = await faultsOf(monitor(...fields))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(new RegExp(`^vigia\\.yaml:${line}: chats\\[0\\]\\.monitors\\.shop`))
    expect(faults[0]).toContain(reason)
  })

  test.each([
    ['broken YAML', 'chats: [', /^vigia\.yaml:1: /],
    ['the same key twice', monitor(url, url), /^vigia\.yaml:6: Map keys must be unique/],
    ['an empty file', '', /^vigia\.yaml:1: the file must be a mapping, not empty/],
    ['no chats', 'monitors: {}', /^vigia\.yaml:1: (chats is missing|monitors is not a known key)/],
    ['a chat without an id', 'chats:\n  - monitors: {}', /^vigia\.yaml:2: chats\[0\]\.id is missing/],
    [
      'a bad key',
      'chats:\n  - id: 7\n    monitors:\n      My Shop: {}',
      /^vigia\.yaml:4: .*My Shop is not a valid key/,
    ],
    ['a chat twice', 'chats:\n  - id: 7\n  - id: 7', /^vigia\.yaml:3: chats\[1\]\.id is 7 a second time/],
    [
      'a bad zone',
      'chats:\n  - id: 7\n    zone: America/SaoPaulo',
      /^vigia\.yaml:3: .*did you mean "America\/Sao_Paulo"/,
    ],
    ['another language', 'chats:\n  - id: 7\n    language: pt', /^vigia\.yaml:3: .*"pt" is not one of pt-BR, en/],
  ])('%s', async (_, text, expected) => {
    expect((await faultsOf(text))[0]).toMatch(expected)
  })

  test.each([
    ['cron: 0 2 * * 1', '.w needs either cron and duration, or from and to'],
    ['cron: 99 * * * *, duration: 1h', '.w.cron "99 * * * *" is not a schedule of five fields'],
    ['cron: 0 2 * * 1, duration: 8d', '.w.duration is 8d; it must be whole seconds from 1m to 7d'],
    ['cron: 0 2 * * 1, duration: 1h, zone: Mars', '.w.zone "Mars" is not a time zone'],
    ['from: 2027-02-30 02:00, to: 2027-03-01 02:00', '.w.from "2027-02-30 02:00" is not a date and a time'],
    ['from: 2027-03-01 02:00, to: 2027-03-01 01:00', '.w.to is 2027-03-01 01:00; it must be later than'],
    [
      'cron: 0 2 * * 1, duration: 1h, monitor: shopp',
      '.w.monitor "shopp" is not the key of a monitor of this chat; did you',
    ],
    ['cron: 0 2 * * 1, duration: 1h, group: Web', '.w.group "Web" is not the group of a monitor of this chat'],
  ])('the window {%s}', async (fields, reason) => {
    const faults = await faultsOf(`${monitor(url)}\n    windows:\n      w: {${fields}}`)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(`chats[0].windows${reason}`)
  })

  test('all faults are told at once, in the order of their lines', async () => {
    const faults = await faultsOf(monitor('url: "https://"', 'interval: 5s', 'parent: nobody'))
    expect(faults.map(fault => fault.split(': ', 1)[0])).toEqual(['vigia.yaml:5', 'vigia.yaml:6', 'vigia.yaml:7'])
  })

  test('a circle of parents is told for each of its monitors', async () => {
    const faults = await faultsOf(`
chats:
  - id: 7
    monitors:
      a: {${url}, parent: b}
      b: {${url}, parent: c}
      c: {${url}, parent: b}
`)
    expect(faults.map(fault => fault.replace(/^.*monitors\./, ''))).toEqual([
      'b.parent makes a circle: b → c → b',
      'c.parent makes a circle: c → b → c',
    ])
  })

  test('a small file whose aliases would expand to gigabytes is refused', async () => {
    const level = (at: number) => `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(', ')}]`
    const [fault] = await faultsOf(['a0: &a0 [x]', ...Array.from({ length: 12 }, (_, at) => level(at))].join('\n'))
    expect(fault).toMatch(/^vigia\.yaml: Excessive alias count/)
  })
})
