import { expect, test } from 'vitest'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { chatId, otherChat, useApi } from './support.ts'

const world = useApi()

const file = `chats:
  - id: ${chatId}
    language: en
    zone: UTC
    monitors:
      gateway:
        url: tcp://gateway.example:443
      shop:
        name: Shop
        url: https://shop.example/health
        interval: 30s
        group: Web
        parent: gateway
        settings:
          auth:
            bearer: true
        secrets:
          token:
            stored: true
    windows:
      deploy:
        group: Web
        zone: America/Sao_Paulo
        cron: 0 2 * * 1
        duration: 1h30m
`
const withSecret = file.replace('stored: true', 'value: s3cret')
const put = (body: string, query = '') => world.send('PUT', `/configuration${query}`, { body })
const plan = (body: string) => world.send('POST', '/configuration/plan', { body })
const stored = () => configuredMonitorsIn(world.db).of([chatId])

test('a file is planned, applied and exported as the same file; applied again it changes nothing', async () => {
  const planned = await plan(withSecret)
  expect(planned.status, planned.text).toBe(200)
  expect(planned.body.changes.map(({ action, what, key }: Record<string, string>) => [action, what, key])).toEqual([
    ['create', 'monitor', 'gateway'],
    ['create', 'monitor', 'shop'],
    ['create', 'window', 'deploy'],
  ])
  expect(planned.body.text).toContain('+ shop: http https://shop.example/health')
  expect(await stored(), 'a plan changes nothing').toEqual([])

  expect((await put(withSecret)).body).toEqual(planned.body)
  expect(await stored()).toMatchObject([{ key: 'gateway' }, { key: 'shop', secrets: { token: 's3cret' } }])

  const exported = await world.send('GET', '/configuration')
  expect(exported.headers['content-type']).toBe('application/yaml')
  expect(exported.text).toBe(file)
  const nothing = { changes: [], unchanged: 2, text: 'monitors: 2 unchanged' }
  for (const again of [exported.text, withSecret]) expect((await put(again)).body).toEqual(nothing)
  expect(await stored(), 'the secret is kept').toMatchObject([{}, { secrets: { token: 's3cret' } }])
})

test('the file can be JSON, in both directions', async () => {
  await put(withSecret)
  const { body, headers, text } = await world.send('GET', '/configuration', { headers: { accept: 'application/json' } })
  expect(headers['content-type']).toBe('application/json')
  expect(body.chats[0].monitors.shop).toMatchObject({ interval: '30s', parent: 'gateway' })
  expect((await put(text)).body.changes).toEqual([])
})

test('a monitor is deleted with its history only with allowDelete', async () => {
  await put(withSecret)
  const less = file.slice(0, file.indexOf('      shop:'))
  const refused = await put(less)
  expect(refused.status).toBe(409)
  expect(refused.body.detail).toBe(
    'This would delete with their history: shop. Send the request again with ?allowDelete=true.',
  )
  expect(await stored()).toHaveLength(2)
  expect((await put(less, '?allowDelete=true')).body.changes).toMatchObject([
    { action: 'delete', what: 'monitor', key: 'shop' },
    { action: 'delete', what: 'window', key: 'deploy' },
  ])
  expect(await stored()).toHaveLength(1)
})

test('a monitor that was added by request is taken over by the file that has it', async () => {
  const { body } = await world.send('POST', '/monitors', { body: { url: 'tcp://gateway.example:443' } })
  const answer = await put(`chats: [{id: ${chatId}, monitors: {gateway: {url: 'tcp://gateway.example:443'}}}]`)
  expect(answer.body.changes).toMatchObject([{ action: 'adopt', key: 'gateway' }])
  expect(await stored()).toMatchObject([{ id: body.id, key: 'gateway' }])
})

test.each<[string, string, number, string, string]>([
  [
    'an unknown key',
    file.replace('interval:', 'intervall:'),
    11,
    'chats[0].monitors.shop.intervall',
    'did you mean "interval"?',
  ],
  [
    'an unknown parent',
    file.replace('parent: gateway', 'parent: gatewy'),
    13,
    'chats[0].monitors.shop.parent',
    'did you mean "gateway"?',
  ],
  ['a private address', file.replace('shop.example', '127.0.0.1'), 10, 'chats[0].monitors.shop.url', 'private address'],
  ['a missing secret', file, 18, 'chats[0].monitors.shop.secrets.token', 'is not stored; write {value: …}'],
  [
    'a variable of the machine',
    file.replace('stored: true', 'env: DATABASE_URL'),
    18,
    'chats[0].monitors.shop.secrets.token',
    '{value: …}',
  ],
  ['another chat', file.replace(`id: ${chatId}`, `id: ${otherChat}`), 2, 'chats[0].id', `the key opens only ${chatId}`],
  ['a second chat', `${file}  - id: ${otherChat}\n`, 26, 'chats[1].id', `the key opens only ${chatId}`],
  ['no file', '[]', 1, 'the body', 'must be a mapping'],
])('%s is refused with its line and field, and nothing is saved', async (_, text, line, field, reason) => {
  for (const answer of [await plan(text), await put(text)]) {
    expect(answer.status, answer.text).toBe(422)
    expect(answer.body.errors).toContainEqual({ line, field, reason: expect.stringContaining(reason) })
  }
  expect(await configuredMonitorsIn(world.db).of(null)).toEqual([])
})

test('a stored secret stays at its host: another host needs it again, another path does not', async () => {
  await put(withSecret)
  const moved = file.replace('https://shop.example/health', 'https://shop.evil.example/health')
  for (const answer of [await plan(moved), await put(moved), await put(moved, '?allowDelete=true')]) {
    expect(answer.status, answer.text).toBe(422)
    expect(answer.body.errors).toEqual([
      {
        line: 18,
        field: 'chats[0].monitors.shop.secrets.token',
        reason:
          'was given for https://shop.example, but the url is now at https://shop.evil.example; give it again: write {value: …}',
      },
    ])
  }
  expect(await stored()).toMatchObject([{}, { url: 'https://shop.example/health', secrets: { token: 's3cret' } }])
  expect((await put(file.replace('/health', '/status'))).status).toBe(200)
  expect(await stored()).toMatchObject([{}, { url: 'https://shop.example/status', secrets: { token: 's3cret' } }])
  expect((await put(moved.replace('stored: true', 'value: new'))).status).toBe(200)
  expect(await stored()).toMatchObject([{}, { url: 'https://shop.evil.example/health', secrets: { token: 'new' } }])
})

test('a limit of the chat refuses the whole file', async () => {
  world.limits.now = { ...world.limits.now, monitorsPerChat: 1 }
  const answer = await put(withSecret)
  expect(answer.status).toBe(409)
  expect(answer.body.detail).toBe('shop: this chat may have 1 monitors; delete one first')
  expect(await stored()).toEqual([])
})

test('two files at once leave one of them, complete', async () => {
  const other = `chats: [{id: ${chatId}, monitors: {blog: {url: 'https://blog.example/'}}}]`
  const answers = await Promise.all([put(withSecret, '?allowDelete=true'), put(other, '?allowDelete=true')])
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  const keys = (await stored()).map(({ key }) => key)
  expect([['gateway', 'shop'], ['blog']]).toContainEqual(keys)
})
