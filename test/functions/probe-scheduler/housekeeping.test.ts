import { expect, test } from 'vitest'
import { housekeeping } from '#functions/probe-scheduler/housekeeping.ts'
import { addMonitors, schedulerDatabase } from '#test/functions/probe-scheduler/support.ts'

const database = schedulerDatabase()

test('results have one partition for each day from yesterday to the day after tomorrow; partitions older than two weeks are dropped', async () => {
  const partitions = async () =>
    (
      await database.db.query<{ name: string }>(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'probe_slot'::regclass order by 1`,
      )
    ).rows.map(({ name }) => name.slice(-8))
  const runHousekeeping = housekeeping(database.db)
  await runHousekeeping(new Date('2026-11-21T12:00:00Z'))
  expect(await partitions()).toEqual(['20261120', '20261121', '20261122', '20261123'])
  await Promise.all([
    runHousekeeping(new Date('2026-12-05T00:30:00Z')),
    housekeeping(database.db)(new Date('2026-12-05T00:30:00Z')),
  ])
  expect(await partitions()).toEqual([
    '20261121',
    '20261122',
    '20261123',
    '20261204',
    '20261205',
    '20261206',
    '20261207',
  ])
  await runHousekeeping(new Date('2026-12-06T00:30:00Z'))
  expect((await partitions())[0]).toBe('20261122')
})

test('hourly sums are kept for 400 days, and older ones are deleted', async () => {
  const [monitor] = await addMonitors(database.db, [60])
  const hours = ['2026-11-21T11:00:00Z', '2025-12-01T00:00:00Z', '2025-10-01T00:00:00Z']
  await database.db.query('insert into probe_hour (monitor_id, hour, ok) select $1, unnest($2::timestamptz[]), 1', [
    monitor!.id,
    hours,
  ])
  await housekeeping(database.db)(new Date('2026-11-21T12:00:00Z'))
  const { rows } = await database.db.query<{ hour: Date }>(
    'select hour from probe_hour where monitor_id = $1 order by hour',
    [monitor!.id],
  )
  expect(rows.map(({ hour }) => hour.toISOString())).toEqual(['2025-12-01T00:00:00.000Z', '2026-11-21T11:00:00.000Z'])
})
