import { expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import {
  addHeartbeat,
  chatId,
  grace,
  heartbeatDatabase,
  minute,
  noon,
  period,
  startHeartbeat,
  stored,
} from './support.ts'

const database = heartbeatDatabase()

/** A database that counts the statements. */
const counted = (inner: Postgres) => {
  const counts = { statements: 0 }
  const wrap = (db: Postgres): Postgres => ({
    query: (sql, values) => {
      counts.statements++
      return db.query(sql, values)
    },
    transaction: work => db.transaction(tx => work(wrap(tx))),
    end: () => db.end(),
  })
  return { counts, db: wrap(inner) }
}

test('pings that change no state are stored with one statement, and their deadline moves', async () => {
  const { id, token } = await addHeartbeat(database.db)
  const { counts, db } = counted(database.db)
  const { ping, time } = startHeartbeat(db)
  await ping(`/ping/${token}`)
  await ping(`/ping/${token}`)
  time.now += minute
  counts.statements = 0
  const answers = await Promise.all(
    ['one', 'two', 'three'].map(body => ping(`/ping/${token}`, { method: 'POST', body })),
  )
  // One more for each answer: the test stores that no change was told.
  expect(counts.statements - answers.length).toBe(1)
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(await stored(database.db, id)).toMatchObject({
    ...{ state: 'up', pings: 5, changedAt: new Date(noon), lastPingAt: new Date(time.now) },
    lateAt: new Date(time.now + period + grace),
  })
  const logs = (await heartbeatsIn(database.db).lastPings(id, 9)).map(({ number, log }) => [number, log])
  expect(logs).toEqual([
    [5, 'three'],
    [4, 'two'],
    [3, 'one'],
    [2, null],
    [1, null],
  ])
})

test('two processes that take the pings of a heartbeat in turn lose none, and each sees what the other stored', async () => {
  const { id, token } = await addHeartbeat(database.db)
  const one = startHeartbeat(database.db)
  const other = startHeartbeat(database.db)
  for (let round = 0; round < 5; round++)
    await Promise.all([one, other].flatMap(({ ping }) => [ping(`/ping/${token}`), ping(`/ping/${token}/log`)]))
  await other.ping(`/ping/${token}/fail`)
  await one.ping(`/ping/${token}`)
  expect(await stored(database.db, id)).toMatchObject({ state: 'up', pings: 22 })
  expect([...one.told, ...other.told].map(({ state }) => state).toSorted()).toEqual(['down', 'up', 'up'])
  const numbers = (await heartbeatsIn(database.db).lastPings(id, 50)).map(({ number }) => number)
  expect(numbers).toEqual(Array.from({ length: 22 }, (_, n) => 22 - n))
})

test('a ping after a change by another process is judged by that change', async () => {
  const { db } = database
  const { id, token, slug } = await addHeartbeat(db)
  const { ping, told, time } = startHeartbeat(db)
  await ping(`/ping/${token}`)
  await ping(`/ping/${token}`)
  // Other settings: the deadline is that of the new period.
  await db.query(`update monitor set settings = '{"periodS": 60, "graceS": 60}' where id = $1`, [id])
  await ping(`/ping/${token}`)
  expect((await stored(db, id)).lateAt).toEqual(new Date(time.now + 2 * minute))
  // Paused and resumed: the next ping is a change.
  await monitorsIn(db).pause(chatId, id)
  await ping(`/ping/${token}`)
  await monitorsIn(db).resume(chatId, id)
  time.now = Date.now() + minute
  await ping(`/ping/${token}`)
  expect(told.map(({ state }) => state)).toEqual(['up', 'up'])
  // Another token: the old one is gone at once.
  await db.query('update heartbeat set token = gen_random_uuid() where monitor_id = $1', [id])
  expect((await ping(`/ping/${token}`)).status).toBe(404)
  const { token: newToken } = await stored(db, id)
  expect((await ping(`/ping/${newToken}`)).status).toBe(200)
  expect((await stored(db, id)).slug).toBe(slug)
  // Deleted.
  await db.query('delete from monitor where id = $1', [id])
  expect((await ping(`/ping/${newToken}`)).status).toBe(404)
})
