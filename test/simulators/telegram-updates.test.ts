import { mkdtemp, rm } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { Update } from '#simulators/telegram/bot-api.ts'
import { startTelegram } from '#simulators/telegram.ts'
import { until } from '#test/support/until.ts'
import { ana, botToken, call, opsToken, refusal, time } from './support/telegram.ts'

describe('getUpdates', () => {
  const texts = (updates: Update[]) => updates.map(({ message }) => message?.text)

  test('returns the waiting updates until they are confirmed, with increasing ids', async () => {
    ana.send('um')
    ana.send('dois')
    const { result } = await call<Update[]>('getUpdates')
    const ids = result.map(({ update_id }) => update_id)
    expect(texts(result)).toEqual(['um', 'dois'])
    expect(ids[1]).toBe(ids[0]! + 1)
    expect((await call<Update[]>('getUpdates')).result).toEqual(result)
    expect(texts((await call<Update[]>('getUpdates', { offset: ids[0]! + 1 })).result)).toEqual(['dois'])
    expect((await call<Update[]>('getUpdates', { offset: ids[1]! + 1 })).result).toEqual([])
  })

  test('waits for an update until its timeout', async () => {
    const polling = call<Update[]>('getUpdates', { timeout: 50 })
    await until(() => time.next() === 50_000, { what: 'the poll to wait' })
    ana.send('at last')
    expect(texts((await polling).result)).toEqual(['at last'])
    const idle = call<Update[]>('getUpdates', { offset: 2 ** 31, timeout: 10 })
    await until(() => time.next() === 10_000, { what: 'the poll to wait' })
    await time.advance(10_000)
    expect((await idle).result).toEqual([])
  })

  test('conflicts with another getUpdates, and with a webhook', async () => {
    const first = call<Update[]>('getUpdates', { timeout: 50 })
    await until(() => time.next() !== null, { what: 'the poll to wait' })
    const second = call<Update[]>('getUpdates', { timeout: 50 })
    expect(await first).toMatchObject({
      status: 409,
      description: 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
    })
    await until(() => time.next() !== null, { what: 'the second poll to wait' })
    await call('setWebhook', { url: 'http://127.0.0.1:9/' })
    expect((await second).description).toBe('Conflict: terminated by setWebhook request')
    expect(await refusal('getUpdates')).toBe(
      "409 Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )
  })

  test('allowed_updates stay in force until a later call changes them', async () => {
    await call<Update[]>('getUpdates', { allowed_updates: ['callback_query'] })
    ana.send('not allowed')
    expect((await call<Update[]>('getUpdates')).result).toEqual([])
    await call<Update[]>('getUpdates', { allowed_updates: [] })
    ana.send('allowed')
    expect((await call<Update[]>('getUpdates')).result).toHaveLength(1)
  })
})

test("a newcomer's conversation survives a restart, and its ids continue", async () => {
  const folder = await mkdtemp('/tmp/vigia-telegram-')
  const open = () => startTelegram({ botToken, opsToken, time, newcomer: { conversationFile: `${folder}/t.json` } })
  const before = await open()
  before.person.send('/start')
  const first = before.pending()[0]
  await fetch(`${before.url}/bot${botToken}/sendMessage?chat_id=${before.person.id}&text=ol%C3%A1`)
  await fetch(`${before.url}/bot${opsToken}/sendMessage?chat_id=${before.person.id}&text=op`)
  await before.stop()
  const after = await open()
  try {
    expect(after.person.messages().map(({ text }) => text)).toEqual(['/start', 'olá'])
    expect(after.operators.user(after.person.id).last()?.text).toBe('op')
    expect(after.pending()).toEqual([first])
    const id = after.person.send('again')
    expect(id).toBeGreaterThan(2)
    expect(after.pending().at(-1)?.update_id).toBeGreaterThan(first?.update_id ?? 0)
  } finally {
    await after.stop()
    await rm(folder, { recursive: true })
  }
})
