import { describe, expect, test } from 'vitest'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { changeEvent } from '#functions/heartbeat/changes.ts'
import {
  addHeartbeat,
  chatId,
  grace,
  heartbeatDatabase,
  minute,
  noon,
  period,
  second,
  startHeartbeat,
  stored,
} from './heartbeat/support.ts'

const database = heartbeatDatabase()

describe('a ping', () => {
  test('by token is stored with its log and answered with OK', async () => {
    const { db } = database
    const { id, token } = await addHeartbeat(db)
    const { ping, told } = startHeartbeat(db)
    expect(await ping(`/ping/${token}`, { method: 'POST', body: 'copied 3 files' })).toMatchObject({
      status: 200,
      body: 'OK',
      headers: { 'ping-body-limit': '10000' },
    })
    expect(await stored(db, id)).toMatchObject({ state: 'up', pings: 1, lastPingAt: new Date(noon) })
    expect(await heartbeatsIn(db).lastPings(id, 5)).toMatchObject([
      { number: 1, action: 'success', log: 'copied 3 files', at: new Date(noon) },
    ])
    expect(told).toEqual([
      {
        ...{ monitorId: id, state: 'up', changedAt: new Date(noon), error: null, exitCode: null },
        ...{ slowRunMs: null, usualRunMs: null },
      },
    ])
  })

  test('by key and slug reaches the heartbeat of that chat', async () => {
    const { db } = database
    const { id, key } = await addHeartbeat(db)
    const { ping } = startHeartbeat(db)
    expect(await ping(`/ping/${key}/backup/3`)).toMatchObject({ status: 200 })
    expect(await stored(db, id)).toMatchObject({ state: 'down', error: 'job-failed', exitCode: 3 })
    expect(await ping(`/ping/${key}/other`)).toMatchObject({ status: 404, body: 'not found' })
    expect(await ping('/ping/AAAAAAAAAAAAAAAAAAAAAA/backup')).toMatchObject({ status: 404, body: 'not found' })
  })

  test('to an unknown token is answered 404, and a flood of them 429', async () => {
    const { ping } = startHeartbeat(database.db)
    const answers = await Promise.all(
      Array.from({ length: 101 }, () => ping('/ping/5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278')),
    )
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(100)
    expect(answers.at(-1)).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
  })

  test('with create=1 creates the heartbeat once, also when two pings come at once', async () => {
    const { db } = database
    const { key } = await addHeartbeat(db)
    const { ping } = startHeartbeat(db)
    const [first, other] = await Promise.all([
      ping(`/ping/${key}/nightly?create=1`),
      ping(`/ping/${key}/nightly?create=1`),
    ])
    expect([first.status, first.body, other.status]).toEqual([201, 'Created', 200])
    expect((await ping(`/ping/${key}/nightly?create=1`)).status).toBe(200)
    const monitors = await monitorsIn(db).of(chatId)
    expect(monitors.map(({ name, kind }) => [name, kind])).toEqual([
      ['backup', 'heartbeat'],
      ['nightly', 'heartbeat'],
    ])
    expect(await stored(db, monitors[1]!.id)).toMatchObject({ pings: 3, slug: 'nightly' })
  })

  test('with create=1 creates nothing in a chat that has as many monitors as it may have', async () => {
    const { db } = database
    const { key } = await addHeartbeat(db)
    const { ping } = startHeartbeat(db, { monitorsPerChat: 1 })
    expect(await ping(`/ping/${key}/nightly?create=1`)).toMatchObject({ status: 403 })
    expect(await monitorsIn(db).of(chatId)).toHaveLength(1)
  })

  test('with create=1 never exceeds the limit of the chat, also when several processes take such pings at once', async () => {
    const { db } = database
    const { key } = await addHeartbeat(db)
    const processes = Array.from({ length: 3 }, () => startHeartbeat(db, { monitorsPerChat: 3 }))
    const answers = await Promise.all(
      processes.flatMap(({ ping }, n) => ['a', 'b', 'c'].map(slug => ping(`/ping/${key}/${slug}${n}?create=1`))),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 201, ...Array(7).fill(403)])
    expect(await monitorsIn(db).of(chatId)).toHaveLength(3)
  })

  test('with a failure and one with success at the same time are two changes', async () => {
    const { db } = database
    const { id, token } = await addHeartbeat(db)
    const { ping, told } = startHeartbeat(db)
    await ping(`/ping/${token}`)
    await Promise.all([ping(`/ping/${token}/fail`), ping(`/ping/${token}`), ping(`/ping/${token}/fail`)])
    expect(told.map(({ state }) => state)).toEqual(['up', 'down', 'up', 'down'])
    expect(new Set(told.map(({ changedAt }) => +changedAt!)).size).toBe(4)
    expect(await stored(db, id)).toMatchObject({ state: 'down', pings: 4 })
  })

  test('that is one of thousands at once is counted, and the last hundred are kept', async () => {
    const { db } = database
    const { id, token } = await addHeartbeat(db)
    const { ping } = startHeartbeat(db, { limits: { waitMs: 60_000, waiting: 2_000 } })
    const answers = await Promise.all(Array.from({ length: 2_000 }, () => ping(`/ping/${token}/log`)))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect((await stored(db, id)).pings).toBe(2_000)
    const kept = await heartbeatsIn(db).lastPings(id, 1_000)
    expect([kept.length, kept[0]!.number, kept.at(-1)!.number]).toEqual([100, 2_000, 1_901])
  })

  test('that is one of too many at once is refused at once, and told when to come again', async () => {
    const { token } = await addHeartbeat(database.db)
    const { ping } = startHeartbeat(database.db, { limits: { waiting: 1 } })
    const [stored, first, other] = await Promise.allSettled([1, 2, 3].map(() => ping(`/ping/${token}`)))
    expect(stored).toMatchObject({ value: { status: 200 } })
    // The host answers 503 with Retry-After, and the log tells the first refusal of a second.
    expect(first).toMatchObject({ reason: { name: 'RetryLater', seconds: 10 } })
    expect(other).toMatchObject({ value: { status: 503, headers: { 'retry-after': '10' }, quiet: true } })
  })

  test('to a paused heartbeat is stored and reports nothing until the heartbeat is resumed', async () => {
    const { db } = database
    const { id, token } = await addHeartbeat(db)
    const { ping, told, time } = startHeartbeat(db)
    await monitorsIn(db).pause(chatId, id)
    await ping(`/ping/${token}/fail`)
    expect([(await stored(db, id)).pings, told]).toEqual([1, []])
    await monitorsIn(db).resume(chatId, id)
    time.now = Date.now() + minute
    await ping(`/ping/${token}/fail`)
    expect(told.map(({ state }) => state)).toEqual(['down'])
  })
})

describe('a heartbeat', () => {
  test('whose ping is late goes down once, at its deadline', async () => {
    const { db } = database
    const { id, token } = await addHeartbeat(db)
    const { ping, pass } = startHeartbeat(db)
    await ping(`/ping/${token}`)
    expect(await pass(period + grace)).toEqual([])
    const events = await pass(period)
    const at = new Date(noon + period + grace).toISOString()
    expect(events.map(({ id: eventId, data }) => [eventId, data])).toEqual([
      [`monitor/${id}@${at}/heartbeat.changed`, { monitorId: id, at, ok: false, error: 'no-ping', exitCode: null }],
    ])
    expect((await monitorsIn(db).get(id))!.lastOkAt).toEqual(new Date(noon))
  })

  test('that pings again after it was late goes up', async () => {
    const { token } = await addHeartbeat(database.db)
    const { ping, pass, told } = startHeartbeat(database.db)
    await ping(`/ping/${token}`)
    await pass(2 * period)
    await ping(`/ping/${token}`)
    expect(told.map(({ state, error }) => [state, error])).toEqual([
      ['up', null],
      ['up', null],
    ])
    expect(await pass(period)).toEqual([])
  })

  test('without any ping is not reported', async () => {
    await addHeartbeat(database.db)
    expect(await startHeartbeat(database.db).pass(3 * period)).toEqual([])
  })

  test('whose run has started and does not end goes down after the grace', async () => {
    const { token } = await addHeartbeat(database.db)
    const { ping, pass } = startHeartbeat(database.db)
    await ping(`/ping/${token}/start?rid=728b3763-ca80-4113-9fc0-f50b3c3a4f90`)
    expect((await pass(2 * minute)).map(({ data }) => data)).toMatchObject([{ error: 'run-overdue' }])
  })

  test('with a cron expression in a time zone is late one grace after the time', async () => {
    // 09:10 in São Paulo is 12:10 UTC.
    const settings = { cron: '10 9 * * *', timeZone: 'America/Sao_Paulo', graceS: 60 }
    const { token } = await addHeartbeat(database.db, 'report', settings)
    const { ping, pass } = startHeartbeat(database.db)
    await ping(`/ping/${token}`)
    expect((await pass(2 * period)).map(({ time }) => time)).toEqual([new Date(noon + 11 * minute).toISOString()])
  })

  test('that gets a shorter period is judged by the new period', async () => {
    const { db } = database
    const { id, token, slug } = await addHeartbeat(db)
    const { ping, pass } = startHeartbeat(db)
    await ping(`/ping/${token}`)
    await db.query(`update monitor set settings = '{"periodS": 60, "graceS": 60}' where id = $1`, [id])
    await heartbeatsIn(db).ensure({ monitorId: id, chatId, slug })
    // The change makes the next tick after the present time compute the deadline.
    await db.query(`update heartbeat set late_at = $1`, [new Date(noon)])
    expect((await pass(5 * minute)).map(({ time }) => time)).toEqual([new Date(noon + 2 * minute).toISOString()])
  })

  test('whose run takes more than three times as long as usual is told as slow, with both times', async () => {
    const { db } = database
    const { id, token } = await addHeartbeat(db)
    const { ping, time, told } = startHeartbeat(db)
    for (const seconds of [20, 20, 20, 20, 20, 61]) {
      await ping(`/ping/${token}/start`)
      time.now += seconds * second
      await ping(`/ping/${token}`)
      time.now += minute
    }
    const runs = (await heartbeatsIn(db).lastPings(id, 20)).filter(({ action }) => action === 'success')
    expect(runs.map(({ durationMs, isSlow }) => [durationMs, isSlow]).slice(0, 2)).toEqual([
      [61_000, true],
      [20_000, false],
    ])
    expect(told.map(changeEvent).map(({ data }) => data)).toMatchObject([
      { ok: true },
      { ok: true, slowRun: { ms: 61_000, usualMs: 20_000 } },
    ])
  })
})

describe('after Vigia was down', () => {
  test('at the time of a ping, the job is not blamed, and its next deadline counts', async () => {
    const { token } = await addHeartbeat(database.db)
    const { ping, pass, time } = startHeartbeat(database.db)
    await ping(`/ping/${token}`)
    await pass(period - 30 * second)
    time.now += 4 * minute
    // The ping after ten minutes was lost; the job sends the next one after twenty minutes.
    expect(await pass(2 * period - (time.now - noon))).toEqual([])
    await ping(`/ping/${token}`)
    expect(await pass(period)).toEqual([])
    // The ping after thirty minutes does not come.
    expect(await pass(2 * minute)).toHaveLength(1)
  })

  test('at another time, a late ping is reported at its usual deadline', async () => {
    const { token } = await addHeartbeat(database.db)
    const { ping, pass, time } = startHeartbeat(database.db)
    await ping(`/ping/${token}`)
    await pass(2 * minute)
    time.now += 2 * minute
    expect((await pass(period)).map(({ time: at }) => at)).toEqual([new Date(noon + period + grace).toISOString()])
  })

  test('the pings that arrived before the first check count', async () => {
    const { token } = await addHeartbeat(database.db)
    const { ping, pass, time } = startHeartbeat(database.db)
    await ping(`/ping/${token}`)
    await pass(2 * minute)
    time.now = noon + period + grace - 10 * second
    await ping(`/ping/${token}`)
    time.now = noon + 2 * period
    expect(await pass(minute)).toEqual([])
  })
})

describe('a change', () => {
  test('that the broker does not have is published again with the same id', async () => {
    const { db } = database
    const { id, token } = await addHeartbeat(db)
    const { ping, tick, time } = startHeartbeat(db)
    await ping(`/ping/${token}/fail`, { isBrokerDown: true })
    expect(await tick()).toEqual([])
    time.now += 20 * second
    const changeId = `monitor/${id}@${new Date(noon).toISOString()}/heartbeat.changed`
    expect((await tick()).map(event => event.id)).toEqual([changeId])
    time.now += 10 * second
    expect(await tick()).toEqual([])
  })
})
