import { describe, expect, test } from 'vitest'
import { chatId, useApi } from './support.ts'

const world = useApi()

const mostBytes = 512 * 1024
const manyKeys = (entry: (at: number) => string) => {
  const entries: string[] = []
  for (let bytes = 0, at = 0; bytes < mostBytes - 100; at++) {
    const text = entry(at)
    entries.push(text)
    bytes += text.length + 1
  }
  return `{${entries.join(',')}}`
}

describe('a body as large as possible is refused soon, with a short answer', () => {
  test.each([
    ['unknown keys', manyKeys(at => `"k${at}":1`)],
    ['unknown settings', `{"url":"https://shop.example","settings":${manyKeys(at => `"k${at}":1`)}}`],
    ['one long key', `{"${'a'.repeat(mostBytes - 100)}":1}`],
    ['the same key again and again', manyKeys(() => '"a":1')],
  ])('%s', async (_, body) => {
    const { status, body: problem } = await world.send('POST', '/monitors', { body: body.slice(0, mostBytes) })
    expect([400, 422]).toContain(status)
    expect(problem.errors.length).toBeLessThanOrEqual(100)
  })
})

test('a file with more new monitors than a chat may have leads to no look-up of their hosts', async () => {
  const most = world.limits.now.monitorsPerChat
  const monitorAt = (at: number) => [`shop-${at}`, { url: `https://shop-${at}.example` }] as const
  const file = {
    chats: [{ id: chatId, monitors: Object.fromEntries(Array.from({ length: most + 1 }, (_, at) => monitorAt(at))) }],
  }
  const { status, body } = await world.send('PUT', '/configuration', { body: file })
  expect(status).toBe(409)
  expect(body.detail).toContain(`this chat may have ${most} monitors`)
  expect(world.lookedUp).toEqual([])
})

test('two changes of different fields at once are both kept', async () => {
  const added = await world.send('POST', '/monitors', { body: { url: 'https://shop.example', name: 'Shop' } })
  const changes = [{ name: 'Loja' }, { interval: '2m' }, { group: 'Web' }, { settings: { keyword: 'ok' } }]
  const path = `/monitors/${added.body.id}`
  const answers = await Promise.all(changes.map(body => world.send('PATCH', path, { body })))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect((await world.send('GET', path)).body).toMatchObject(Object.assign({}, ...changes))
})
