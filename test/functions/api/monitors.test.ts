import { describe, expect, test } from 'vitest'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { monitorSecretsIn } from '#database/uptime/monitor-secrets.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { chatId, otherChat, useApi } from './support.ts'

const world = useApi()

const shop = { url: 'https://shop.example/health', name: 'Shop', interval: '30s', group: 'Web' }
const add = async (body: unknown = shop, key?: string) => {
  const answer = await world.send('POST', '/monitors', { body, ...(key !== undefined && { key }) })
  expect([200, 201], answer.text).toContain(answer.status)
  return answer.body
}

describe('POST /monitors', () => {
  test('adds a monitor that the chat has like any other, and requests its first check', async () => {
    const { status, headers, body } = await world.send('POST', '/monitors', { body: shop })
    expect(status).toBe(201)
    expect(headers.location).toBe(`/api/v1/monitors/${body.id}`)
    expect(body).toEqual({
      ...{ id: body.id, key: null, state: 'new', stateSince: null, lastCheckAt: null },
      ...{ uptime: { day: null, month: null }, responseMs: null },
      ...{ name: 'Shop', kind: 'http', url: 'https://shop.example/health', interval: '30s', timeout: '10s' },
      ...{ confirmations: 3, recoveries: 2, reminder: 'off', group: 'Web', parentId: null, topic: null },
      ...{ paused: false, settings: {}, secrets: {} },
    })
    expect(await monitorsIn(world.db).of(chatId)).toMatchObject([{ name: 'Shop', intervalS: 30, configKey: null }])
    const [event] = world.events
    expect(event!.headers).toMatchObject({ 'ce-type': 'dev.vigia.probe.requested', 'ce-subject': `monitor/${body.id}` })
    expect(JSON.parse(event!.body)).toMatchObject({ reason: 'first', checks: [{ monitorId: body.id }] })
    expect(JSON.parse(event!.body), 'the chat gets no message').not.toHaveProperty('chatId')
  })

  test('again is answered 200 and changes the monitor that there is', async () => {
    const { id } = await add()
    const { status, body } = await world.send('POST', '/monitors', { body: { ...shop, interval: '1m', name: 'Loja' } })
    expect([status, body.id, body.interval, body.name]).toEqual([200, id, '1m', 'Loja'])
    expect(await monitorsIn(world.db).of(chatId)).toHaveLength(1)
    expect(world.events).toHaveLength(1)
  })

  test('keeps a secret that no answer contains', async () => {
    const body = { ...shop, settings: { auth: { bearer: true } }, secrets: { token: { value: 's3cret' } } }
    const created = await add(body)
    expect(created.secrets).toEqual({ token: { stored: true } })
    expect(Object.fromEntries(await monitorSecretsIn(world.db).of([created.id]))).toEqual({
      [created.id]: { token: 's3cret' },
    })
    for (const path of ['/monitors', '/configuration', `/monitors/${created.id}`])
      expect((await world.send('GET', path)).text).not.toContain('s3cret')
    expect(world.lines.join('')).not.toContain('s3cret')
  })

  test('a heartbeat has a URL, which a key that only reads does not get', async () => {
    const backup = { kind: 'heartbeat', name: 'Nightly backup', settings: { periodS: 86_400 } }
    const created = await add(backup)
    const heartbeat = (await heartbeatsIn(world.db).of([created.id])).get(created.id)!
    expect(heartbeat.slug).toBe('nightly-backup')
    expect(created).toMatchObject({ url: null, interval: null, pingUrl: `https://vigia.test/ping/${heartbeat.token}` })
    const read = await world.send('GET', `/monitors/${created.id}`, { key: await world.key('read') })
    expect(read.body).not.toHaveProperty('pingUrl')
    expect((await add(backup)).pingUrl).toBe(created.pingUrl)
    expect(world.events).toEqual([])
  })

  test('accepts YAML', async () => {
    expect(await add('url: https://blog.example/\ninterval: 5m\n')).toMatchObject({
      name: 'blog.example',
      interval: '5m',
    })
  })

  test.each<[string, unknown, string, string]>([
    ['an unknown key', { ...shop, intervall: '30s' }, 'intervall', 'is not a known key; did you mean "interval"?'],
    ['a key of the file', { ...shop, parent: 'gateway' }, 'parent', 'is not a known key; did you mean "parentId"?'],
    ['no URL', { name: 'Shop' }, 'the body', 'has no url; add it, for example url: https://example.org'],
    ['an invalid URL', { url: 'https://' }, 'url', expect.any(String) as never],
    ['an unknown scheme', { url: 'ftp://x.example/' }, 'url', expect.stringContaining('known schemes') as never],
    ['a private address', { url: 'http://10.0.0.1/' }, 'url', 'is a private address, which PROBE_ALLOW does not allow'],
    ['a loopback name', { url: 'http://localhost/' }, 'url', 'is a private address, which PROBE_ALLOW does not allow'],
    ['a short interval', { ...shop, interval: '5s' }, 'interval', 'is 5s; it must be whole seconds from 10s to 1d'],
    ['a number as interval', { ...shop, interval: 30 }, 'interval', 'must be text, not 30'],
    [
      'an invalid JSONPath',
      { ...shop, settings: { json: [{ path: 'status', equals: 1 }] } },
      'settings.json[0].path',
      expect.stringContaining('write it like $.status') as never,
    ],
    [
      'an invalid cron',
      { kind: 'heartbeat', name: 'x', settings: { cron: '99 * * * *' } },
      'settings.cron',
      expect.stringContaining('write it like 30 2 * * *') as never,
    ],
    ['a heartbeat without a name', { kind: 'heartbeat' }, 'name', expect.stringContaining('is missing') as never],
    [
      'a variable of the machine',
      { ...shop, settings: { auth: { bearer: true } }, secrets: { token: { env: 'DATABASE_URL' } } },
      'secrets.token',
      expect.stringContaining('{value: …}') as never,
    ],
    [
      'a file of the machine',
      { ...shop, settings: { auth: { bearer: true } }, secrets: { token: { file: '/etc/passwd' } } },
      'secrets.token',
      expect.stringContaining('{value: …}') as never,
    ],
    [
      'a secret that is not stored',
      { ...shop, settings: { auth: { bearer: true } }, secrets: { token: { stored: true } } },
      'secrets.token',
      'is not stored; write {value: …}',
    ],
    [
      'a missing secret',
      { ...shop, settings: { auth: { bearer: true } } },
      'settings.auth',
      'needs the secret token; add secrets: {token: {value: …}}',
    ],
    ['a parent that does not exist', { ...shop, parentId: 999 }, 'parentId', 'is 999; this chat has no such monitor'],
    ['a list', [], 'the body', 'must be a mapping, not a list'],
  ])(
    '%s is refused with the field, the reason and an example, and nothing is saved',
    async (_, body, field, reason) => {
      const answer = await world.send('POST', '/monitors', { body })
      expect(answer.status, answer.text).toBe(422)
      expect(answer.body.errors).toEqual([{ line: expect.any(Number), field, reason }])
      expect(answer.body.detail).toContain(answer.body.errors[0].reason)
      expect(answer.body.example).toBeDefined()
      expect(await monitorsIn(world.db).of(chatId)).toEqual([])
    },
  )

  test('a body that cannot be parsed is refused with its line', async () => {
    const { status, body } = await world.send('POST', '/monitors', { body: 'url: [\nname: x' })
    expect(status).toBe(400)
    expect(body.errors[0].line).toBeGreaterThan(0)
    const bomb = `a: &a [x]\n${Array.from({ length: 20 }, (__, n) => `b${n}: &b${n} [${n === 0 ? '*a, *a' : `*b${n - 1}, *b${n - 1}`}]`).join('\n')}`
    for (const text of [bomb, 'url: &a [*a]', '{"url": "https://x.example", "name": "a\\u0000"}', 'x'.repeat(100)])
      expect([400, 422]).toContain((await world.send('POST', '/monitors', { body: text })).status)
    expect(await monitorsIn(world.db).of(chatId)).toEqual([])
  })

  test.each([
    ['of the chat', { monitorsPerChat: 1 }, /this chat may have 1 monitors/],
    ['of the person', { monitorsPerPerson: 1 }, /the person who made this key may have 1 monitors/],
    ['of the host', { hostChecksPerMinute: 3 }, /shop\.example would get more than 3 checks a minute/],
  ])('a limit %s counts as in the chat', async (__, limit, words) => {
    await add()
    world.limits.now = { ...world.limits.now, ...limit }
    const answer = await world.send('POST', '/monitors', {
      body: { url: 'https://shop.example/other', interval: '30s' },
    })
    expect(answer.status).toBe(409)
    expect(answer.body.detail).toMatch(words)
    expect(await monitorsIn(world.db).of(chatId)).toHaveLength(1)
  })

  test('parallel requests do not exceed a limit', async () => {
    world.limits.now = { ...world.limits.now, monitorsPerChat: 3 }
    const answers = await Promise.all(
      Array.from({ length: 8 }, (__, at) =>
        world.send('POST', '/monitors', { body: { url: `https://a${at}.example/` } }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409, 409, 409, 409, 409])
  })
})

describe('PATCH /monitors/{id}', () => {
  const change = (id: number, body: unknown) => world.send('PATCH', `/monitors/${id}`, { body })

  test('changes the given fields and leaves the others; null restores a default', async () => {
    const { id } = await add({ ...shop, settings: { keyword: 'ok', slowMs: 500 } })
    const { status, body, text } = await change(id, { interval: '2m', group: null, settings: { slowMs: null } })
    expect(status, text).toBe(200)
    expect(body).toMatchObject({ id, name: 'Shop', interval: '2m', group: null, settings: { keyword: 'ok' } })
    expect((await change(id, {})).body).toEqual(body)
  })

  test('keeps a secret until another one is given', async () => {
    const { id } = await add({ ...shop, settings: { auth: { bearer: true } }, secrets: { token: { value: 'one' } } })
    await change(id, { interval: '2m' })
    expect((await monitorSecretsIn(world.db).of([id])).get(id)).toEqual({ token: 'one' })
    await change(id, { secrets: { token: { value: 'two' } } })
    expect((await monitorSecretsIn(world.db).of([id])).get(id)).toEqual({ token: 'two' })
    expect((await change(id, { settings: { auth: null }, secrets: { token: null } })).status).toBe(200)
    expect((await monitorSecretsIn(world.db).of([id])).get(id)).toBeUndefined()
  })

  test('a secret stays at its scheme, host and port; at another one it must be given again', async () => {
    const { id } = await add({ ...shop, settings: { auth: { bearer: true } }, secrets: { token: { value: 'one' } } })
    const urls = ['https://evil.example/', 'http://shop.example/health', 'https://shop.example:8443/health']
    for (const url of urls)
      for (const secrets of [undefined, { token: { stored: true } }]) {
        const { status, body, text } = await change(id, { url, secrets })
        expect(status, text).toBe(422)
        expect(body.errors).toEqual([
          {
            line: 1,
            field: 'secrets.token',
            reason: expect.stringMatching(/^was given for https:\/\/shop\.example, /),
          },
        ])
        expect(body.example).toEqual({ url, secrets: { token: { value: '…' } } })
      }
    expect((await world.send('GET', `/monitors/${id}`)).body.url).toBe(shop.url)
    expect((await change(id, { url: 'https://shop.example:443/status' })).status).toBe(200)
    expect((await monitorSecretsIn(world.db).of([id])).get(id)).toEqual({ token: 'one' })
    const moved = await change(id, { url: urls[0], secrets: { token: { value: 'two' } } })
    expect([moved.status, moved.body.url]).toEqual([200, urls[0]])
    expect((await monitorSecretsIn(world.db).of([id])).get(id)).toEqual({ token: 'two' })
    const bare = await change(id, { url: urls[1], settings: { auth: null }, secrets: { token: null } })
    expect([bare.status, bare.body.secrets]).toEqual([200, {}])
  })

  test('the certificate of an own authority is public, so it may move to another host', async () => {
    const settings = { certificate: 'own-ca' }
    const { id } = await add({ ...shop, settings, secrets: { ca: { value: 'PEM' } } })
    expect((await change(id, { url: 'https://new.example/' })).status).toBe(200)
    expect((await monitorSecretsIn(world.db).of([id])).get(id)).toEqual({ ca: 'PEM' })
  })

  test('sets a parent, but no circle and no monitor of another chat', async () => {
    const parent = await add({ url: 'https://gateway.example/' })
    const { id } = await add()
    const foreign = await add(shop, await world.key('write', otherChat))
    expect((await change(id, { parentId: parent.id })).body.parentId).toBe(parent.id)
    expect((await change(parent.id, { parentId: id })).body.errors).toEqual([
      { line: 1, field: 'parentId', reason: `is ${id}, which depends on this monitor` },
    ])
    expect((await change(id, { parentId: foreign.id })).status).toBe(422)
    expect((await change(id, { interval: '5m' })).body.parentId, 'other changes keep it').toBe(parent.id)
    expect((await change(id, { parentId: null })).body.parentId).toBeNull()
  })

  test.each<[string, unknown, string]>([
    ['another kind', { url: 'tcp://shop.example:80' }, 'kind'],
    ['an unknown key', { setings: {} }, 'setings'],
    ['a private address', { url: 'http://192.168.0.1/' }, 'url'],
    ['a timeout above the interval', { interval: '10s', timeout: '1m' }, 'timeout'],
  ])('refuses %s, and nothing changes', async (_, body, field) => {
    const before = await add()
    const answer = await change(before.id, body)
    expect(answer.status, answer.text).toBe(422)
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([field])
    expect((await world.send('GET', `/monitors/${before.id}`)).body).toEqual(before)
  })

  test('refuses the URL of another monitor', async () => {
    await add()
    const { id } = await add({ url: 'https://blog.example/' })
    const { status, body } = await change(id, { url: shop.url })
    expect([status, body.detail]).toEqual([409, 'This chat has another monitor of the same URL.'])
  })

  test('cannot move the load to a host that has no room for it', async () => {
    const { id } = await add({ url: 'https://own.example/', interval: '30s' })
    world.limits.now = { ...world.limits.now, hostChecksPerMinute: 1 }
    expect((await change(id, { url: 'https://victim.example/' })).status).toBe(409)
    expect((await change(id, { name: 'same load' })).status).toBe(200)
  })

  test('renames a heartbeat, whose URL stays', async () => {
    const { id, pingUrl } = await add({ kind: 'heartbeat', name: 'Backup', settings: { periodS: 3_600 } })
    const { body, text } = await change(id, { name: 'Cópia', settings: { periodS: 7_200 } })
    expect(body, text).toMatchObject({ name: 'Cópia', pingUrl, settings: { periodS: 7_200 } })
  })
})

describe('the actions of a monitor', () => {
  test('pause, resume and delete; each can be repeated', async () => {
    const { id } = await add()
    for (let time = 0; time < 2; time++)
      expect((await world.send('POST', `/monitors/${id}/pause`)).body).toMatchObject({ state: 'paused', paused: true })
    for (let time = 0; time < 2; time++)
      expect((await world.send('POST', `/monitors/${id}/resume`)).body).toMatchObject({ paused: false })
    expect((await world.send('DELETE', `/monitors/${id}`)).status).toBe(204)
    expect((await world.send('DELETE', `/monitors/${id}`)).status).toBe(404)
  })

  test('check now requests a check without a message to the chat, and not too often', async () => {
    const { id } = await add()
    world.events.length = 0
    expect((await world.send('POST', `/monitors/${id}/check`)).status).toBe(202)
    expect(JSON.parse(world.events[0]!.body)).toMatchObject({ reason: 'now', checks: [{ monitorId: id }] })
    const soon = await world.send('POST', `/monitors/${id}/check`)
    expect([soon.status, soon.headers['retry-after']]).toEqual([429, '5'])
    await world.send('POST', `/monitors/${id}/pause`)
    expect((await world.send('POST', `/monitors/${id}/check`)).status).toBe(409)
    expect(world.events).toHaveLength(1)
  })

  test('of another chat are answered 404, and its monitor stays as it is', async () => {
    const foreign = await add(shop, await world.key('write', otherChat))
    const attempts: [string, string, unknown?][] = [
      ['GET', ''],
      ['PATCH', '', { name: 'mine' }],
      ['DELETE', ''],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/check'],
    ]
    for (const [method, path, body] of attempts) {
      const answer = await world.send(method, `/monitors/${foreign.id}${path}`, { body })
      expect(answer.status, `${method} ${path}`).toBe(404)
      expect(answer.body.detail).toMatch(/^There is no monitor \d+/)
    }
    expect((await world.send('GET', '/monitors')).body).toEqual({ monitors: [] })
    expect(await monitorsIn(world.db).of(otherChat)).toMatchObject([{ name: 'Shop', pausedAt: null }])
  })
})

describe('the lists', () => {
  test('show the state and the uptime, and can be filtered by group and state', async () => {
    const { id } = await add()
    await add({ url: 'https://blog.example/' })
    await world.db.query(`update monitor set state = 'down', state_since = $2, judged_at = $2 where id = $1`, [
      id,
      world.time.now,
    ])
    await world.db.query(
      `insert into probe_hour (monitor_id, hour, ok, failed, missed, ok_s, failed_s, total_ms)
       values ($1, $2, 3, 1, 0, 90, 30, 300)`,
      [id, '2026-11-21T14:00:00Z'],
    )
    const listed = async (query = '') => (await world.send('GET', `/monitors${query}`)).body.monitors
    expect(await listed()).toHaveLength(2)
    const [down] = await listed('?group=Web&state=down')
    expect(down).toMatchObject({ id, state: 'down', uptime: { day: 0.75, month: 0.75 }, responseMs: 100 })
    expect(await listed('?state=up')).toEqual([])
    expect((await world.send('GET', '/groups')).body).toEqual({ groups: [{ name: 'Web', monitors: 1, down: 1 }] })
  })
})
