import { describe, expect, test } from 'vitest'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import type { DataOf } from '#events/event.ts'
import type { MonitorDegraded } from '#events/monitor-degraded.ts'
import { wording } from '#functions/notification-fanout/wording.ts'
import { plain } from '#functions/telegram/html.ts'
import { addMonitor, type Check, chatId, minuteMs, noon, outageDatabase, outageWorld } from './world.ts'

const database = outageDatabase()
const dayMs = 86_400_000

/** A monitor whose checks come every minute, each followed by a tick. */
const watched = async () => {
  const id = await addMonitor(database.db, 'site.test')
  const world = outageWorld(database.db)
  const checks = async (count: number, check: Omit<Check, 'id'>) => {
    for (let n = 0; n < count; n++) {
      await world.check({ id, ...check })
      await world.tick()
      world.pass(minuteMs)
    }
  }
  const keys = () => world.events.map(event => event.id.replace(`monitor/${id}/monitor.degraded/`, ''))
  return { id, world, checks, keys }
}

const fast = { ok: true }
const slow = { ok: true, warning: 'slow', totalMs: 2_400 }

describe('a monitor that is up but slow', () => {
  test('is reported after three slow checks in a row, and again after two that are fast', async () => {
    const { id, checks, keys } = await watched()
    await checks(2, slow)
    await checks(1, fast)
    await checks(2, slow)
    expect(keys()).toEqual([])
    await checks(5, slow)
    expect(keys()).toEqual(['slow@2026-11-21T12:05:00.000Z'])
    expect(await monitorsIn(database.db).get(id)).toMatchObject({ state: 'up', slowMs: 2_400 })
    await checks(1, fast)
    await checks(1, slow)
    await checks(1, fast)
    expect(keys()).toHaveLength(1)
    await checks(3, fast)
    expect(keys().slice(1)).toEqual(['slow@2026-11-21T12:05:00.000Z/ended'])
  })

  test('that goes down is reported as down, and as slow only while it is up', async () => {
    const { checks, keys } = await watched()
    await checks(1, fast)
    await checks(1, { ok: false })
    await checks(4, slow)
    expect(keys()).toEqual(['incident/1/monitor.down', 'incident/1/monitor.up', 'slow@2026-11-21T12:04:00.000Z'])
  })
})

describe('a heartbeat whose run takes long', () => {
  test('is reported after one slow run with the usual time, and again after one that is not slow', async () => {
    const { db } = database
    const id = await addMonitor(db, 'backup', { kind: 'heartbeat', url: 'heartbeat:backup' })
    await heartbeatsIn(db).ensure({ monitorId: id, chatId, slug: 'backup' })
    const world = outageWorld(db)
    const change = async (slowRunMs?: number) => {
      await db.query('update heartbeat set slow_run_ms = $1, usual_run_ms = $2', [slowRunMs, slowRunMs && 60_000])
      world.pass(minuteMs)
      await world.check({ id, ok: true, ...(slowRunMs !== undefined && { slowRunMs }) })
      await world.tick()
      await world.tick()
    }
    await change()
    await change(240_000)
    await change(250_000)
    await change()
    const since = '2026-11-21T12:02:00.000Z'
    const data = { monitorId: id, name: 'backup', url: 'heartbeat:backup', reason: 'slow', since }
    expect(world.events.map(event => event.data)).toEqual([
      { ...data, state: 'began', totalMs: 240_000, run: { usualMs: 60_000 } },
      { ...data, state: 'ended', run: {} },
    ])
  })
})

describe('a certificate that expires soon', () => {
  const expiring = (ms: number) => ({ ok: true, certificateExpiresAt: new Date(ms) })

  test('is reported 30, 14, 7 and 1 days before, once each, and once when it is renewed', async () => {
    const { world, checks, keys } = await watched()
    const expiresAt = noon + 31 * dayMs
    for (const daysLeft of [31, 30, 29, 14, 13, 7, 2, 1]) {
      world.pass(expiresAt - daysLeft * dayMs - world.now().getTime() + 1)
      await checks(3, expiring(expiresAt))
    }
    const at = new Date(expiresAt).toISOString()
    expect(keys()).toEqual([30, 14, 7, 1].map(days => `certificate@${at}/${days}`))
    const renewed = expiresAt + 90 * dayMs
    await checks(3, expiring(renewed))
    expect(keys().slice(4)).toEqual([`certificate@${new Date(renewed).toISOString()}/renewed`])
  })

  test('is reported once although the site shows two certificates in turn', async () => {
    const { checks, keys } = await watched()
    for (let n = 0; n < 4; n++) {
      await checks(1, expiring(noon + 10 * dayMs))
      await checks(1, expiring(noon + 80 * dayMs))
    }
    expect(keys()).toEqual(['certificate@2026-12-01T12:00:00.000Z/14', 'certificate@2027-02-09T12:00:00.000Z/renewed'])
  })

  test('is not forgotten when a check says nothing about it', async () => {
    const { checks, keys } = await watched()
    await checks(1, expiring(noon + 10 * dayMs))
    await checks(2, fast)
    await checks(1, { ok: false })
    await checks(2, expiring(noon + 10 * dayMs))
    expect(keys().filter(key => key.startsWith('certificate'))).toHaveLength(1)
  })
})

test('the messages say what is degraded, and that it is over', () => {
  const base = { monitorId: 1, name: 'site.test', url: 'https://site.test/' }
  const now = new Date('2026-11-21T12:10:00Z')
  const text = (data: Omit<DataOf<typeof MonitorDegraded>, keyof typeof base>, language: 'pt-BR' | 'en') =>
    plain(wording({ name: 'monitor.degraded', data: { ...base, ...data } }, { id: 7, language, zone: 'UTC' }, now).html)
  const slowNow = { reason: 'slow', state: 'began', since: '2026-11-21T12:05:00Z', totalMs: 2_400 } as const
  expect(text(slowNow, 'pt-BR')).toBe(
    '🟡 site.test está no ar, mas lento\nÚltima resposta: 2.400 ms, acima do limite\nDesde: hoje · 12:05\nhttps://site.test/',
  )
  expect(text({ ...slowNow, state: 'ended' }, 'en')).toBe(
    '🟢 site.test answers in time again, after 5 min of slow answers',
  )
  const expires = { reason: 'certificate', state: 'began', expiresAt: '2026-12-05T12:10:00Z', days: 14 } as const
  expect(text(expires, 'en')).toBe(
    '🟡 The certificate of site.test expires in 14 days\nExpires: Sat, Dec 5 · 12:10 PM\nhttps://site.test/',
  )
  expect(text({ ...expires, state: 'ended' }, 'pt-BR')).toBe(
    '🟢 O certificado de site.test foi renovado: vale até sáb., 5 dez · 12:10',
  )
})
