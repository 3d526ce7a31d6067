import { describe, expect, test } from 'vitest'
import { apiKeysIn, maxKeysPerChat } from '#database/chats/api-keys.ts'
import { keyBurst, maxBodyBytes } from '#functions/api/request-limits.ts'
import { chatId, otherChat, useApi } from './api/support.ts'

const world = useApi()

describe('a key', () => {
  test.each([
    ['none', null],
    ['one that is no key', 'x'],
    ['one that nobody made', `vigia_${'A'.repeat(43)}`],
    ['one with a letter too many', `vigia_${'A'.repeat(44)}`],
  ])('%s gets the same answer on every path, which says nothing about what exists', async (_, key) => {
    const answers = await Promise.all(
      ['/monitors', '/monitors/1', '/nothing', '/configuration'].map(path => world.send('GET', path, { key })),
    )
    for (const { status, headers, text } of answers) {
      expect(status).toBe(401)
      expect(headers['www-authenticate']).toBe('Bearer')
      expect(headers['content-type']).toBe('application/problem+json')
      expect(text).toBe(answers[0]!.text)
      expect(JSON.parse(text)).toMatchObject({ status: 401, example: 'Authorization: Bearer vigia_…' })
    }
  })

  test('that was revoked opens nothing', async () => {
    const key = await world.key()
    expect((await world.send('GET', '/monitors', { key })).status).toBe(200)
    const [, row] = await apiKeysIn(world.db).of(chatId)
    expect(await apiKeysIn(world.db).revoke(otherChat, row!.id), 'another chat cannot revoke it').toBe(false)
    expect(await apiKeysIn(world.db).revoke(chatId, row!.id)).toBe(true)
    expect((await world.send('GET', '/monitors', { key })).status).toBe(401)
  })

  test('is stored as a hash, and is in no log line', async () => {
    const key = await world.key()
    await world.send('GET', '/monitors', { key })
    await world.send('GET', `/monitors/${key}`, { key })
    const { rows } = await world.db.query('select * from api_key')
    expect(JSON.stringify(rows)).not.toContain(key)
    expect(world.lines.length).toBeGreaterThan(1)
    expect(world.lines.join('')).not.toContain(key.slice(6))
  })

  test('of a scope does only what the scope allows', async () => {
    const [read, maintenance] = [await world.key('read'), await world.key('maintenance')]
    const statuses = async (key: string) =>
      Promise.all(
        (
          [
            ['GET', '/monitors'],
            ['GET', '/configuration'],
            ['GET', '/maintenance'],
            ['POST', '/maintenance?for=20m'],
            ['POST', '/monitors'],
            ['PUT', '/configuration'],
            ['POST', '/configuration/plan'],
          ] as const
        ).map(async ([method, path]) => (await world.send(method, path, { key })).status),
      )
    expect(await statuses(read)).toEqual([200, 200, 200, 403, 403, 403, 403])
    expect(await statuses(maintenance)).toEqual([403, 403, 200, 200, 403, 403, 403])
  })

  test('may send many requests at once and then one a second; another key is not concerned', async () => {
    const [busy, other] = [await world.key('read'), await world.key('read')]
    for (let sent = 0; sent < keyBurst; sent++)
      expect((await world.send('GET', '/groups', { key: busy })).status).toBe(200)
    const refused = await world.send('GET', '/groups', { key: busy })
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
    expect((await world.send('GET', '/groups', { key: other })).status).toBe(200)
    world.time.now = new Date(world.time.now.getTime() + 1_000)
    expect((await world.send('GET', '/groups', { key: busy })).status).toBe(200)
  })

  test('a repeated update makes one key, the last one that was shown; a chat has a limited number', async () => {
    const keys = apiKeysIn(world.db)
    const wanted = { chatId: otherChat, scope: 'read', personId: 5, cause: 'update/1' } as const
    const [first, again] = [await keys.create(wanted, world.time.now), await keys.create(wanted, world.time.now)]
    expect([await keys.find(first!), (await keys.find(again!))?.chatId]).toEqual([null, otherChat])
    for (let made = 1; made < maxKeysPerChat; made++)
      expect(await keys.create({ ...wanted, cause: `more/${made}` }, world.time.now)).not.toBeNull()
    expect(await keys.create({ ...wanted, cause: 'one too many' }, world.time.now)).toBeNull()
    expect(await keys.of(otherChat)).toHaveLength(maxKeysPerChat)
  })
})

describe('a request', () => {
  test.each([
    ['GET', '/nothing', 404],
    ['GET', '/monitors/0', 404],
    ['GET', '/monitors/999999999999999', 404],
    ['GET', '/monitors/1e3', 404],
    ['GET', '/monitors/1/2/3', 404],
    ['OPTIONS', '/monitors', 405],
    ['PUT', '/monitors', 405],
    ['POST', '/monitors/1', 405],
    ['GET', '/monitors?grop=x', 400],
    ['GET', '/monitors/1?x=1', 400],
    ['GET', '/incidents?limit=many', 400],
    ['GET', '/incidents?limit=0', 400],
    ['POST', '/monitors', 400],
  ])('%s %s is answered %i with a problem document', async (method, path, status) => {
    const answer = await world.send(method, path)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.body).toMatchObject({ type: 'about:blank', title: expect.any(String), status })
  })

  test('with a wrong parameter learns which one was meant', async () => {
    const { body } = await world.send('GET', '/monitors?grop=x')
    expect(body.detail).toBe('grop is not a known key; did you mean "group"?')
  })

  test('with a body that is too large is refused before it is read, and by its length', async () => {
    const announced = await world.send('PUT', '/configuration', { body: 'x'.repeat(maxBodyBytes + 1) })
    expect(announced.status).toBe(413)
    const headers = { 'transfer-encoding': 'chunked' }
    expect((await world.send('PUT', '/configuration', { body: 'x'.repeat(maxBodyBytes + 1), headers })).status).toBe(
      413,
    )
  })

  test('HEAD is GET without a body; the document needs no key', async () => {
    expect((await world.send('HEAD', '/monitors')).status).toBe(200)
    const document = await world.send('GET', '/openapi.json', { key: null })
    expect([document.status, document.body.openapi]).toEqual([200, '3.1.0'])
    expect((await world.send('POST', '/openapi.json', { key: null })).status).toBe(401)
  })
})
