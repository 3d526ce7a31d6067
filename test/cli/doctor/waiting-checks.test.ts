import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { migrate } from '#database/migrate.ts'
import { deadLettersIn } from '#database/operations/dead-letters.ts'
import { migrationSets } from '#infra/cli/database.ts'
import { type ReadOnlyDatabase, readOnlyDatabase } from '#infra/cli/doctor/read-only-database.ts'
import { tickPeriodsS, ticksCheck } from '#infra/cli/doctor/ticks-check.ts'
import { deadLettersCheck, deliveriesCheck, messagesCheck } from '#infra/cli/doctor/waiting-checks.ts'
import { manifestsIn } from '#infra/cluster/render/manifest-files.ts'
import { root } from '#infra/repository.ts'
import { type CronSchedule, cron } from '#local/sources/cron.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

const machine = { place: 'machine' as const, dataDir: '/data', env: {} }
const cluster = { place: 'cluster' as const, dataDir: null, env: {} }

let database: TestDatabase
let db: ReadOnlyDatabase
beforeEach(async () => {
  database = await freshDatabase()
  db = await readOnlyDatabase(database.url, 5_000)
})
afterEach(async () => {
  await db.end()
  await database.end()
})

const sql = (text: string) => database.db.query(text)

describe('deliveries', () => {
  beforeEach(async () => {
    for (const migrationSet of migrationSets) await migrate(database.url, migrationSet)
  })
  const event = (seq: number, age: string) =>
    sql(`insert into broker.event (seq, key, id, source, type, attributes, data, ttl, accepted_at)
      values (${seq}, gen_random_uuid(), '${seq}', '/s', 't', '{}', '', 9, now() - interval '${age}')`)

  test('that wait for more than two minutes are a failure with their number, age, Trigger and log', async () => {
    await event(1, '10 minutes')
    await event(2, '30 seconds')
    await event(3, '5 minutes')
    await sql(`insert into broker.delivery (event_seq, trigger) values
      (1, 'telegram-notifier-message-requested'), (2, 'telegram-notifier-message-requested'),
      (3, 'telegram-notifier-message-requested'), (3, 'episode-checker-tick')`)
    expect(await deliveriesCheck(db, machine)).toMatchObject({
      state: 'failed',
      found: '3 deliveries wait, the oldest for 10 min; 2 of them for telegram-notifier-message-requested',
      next: 'tail -n 20 /data/logs/telegram-notifier.log',
    })
  })

  test('that are done, dead, or younger than two minutes are ok', async () => {
    await event(1, '10 minutes')
    await event(2, '30 seconds')
    await sql(`insert into broker.delivery (event_seq, trigger, state, due) values
      (1, 'a', 'done', null), (1, 'b', 'dead', null), (2, 'a', 'pending', now())`)
    expect(await deliveriesCheck(db, machine)).toMatchObject({ state: 'ok' })
  })
})

describe('messages', () => {
  const message = (key: string, state: string, age: string) =>
    sql(`insert into message (key, chat_id, request, cause, state, not_before, requested_at)
      values ('${key}', 7, '{}', '{}', '${state}', now() + interval '1 hour', now() - interval '${age}')`)
  beforeEach(() => sql('insert into chat (id) values (7)'))

  test('that wait for more than two minutes are a failure with their number and age', async () => {
    await message('a', 'waiting', '20 minutes')
    await message('b', 'sending', '3 minutes')
    await message('c', 'waiting', '1 minute')
    expect(await messagesCheck(db, machine)).toMatchObject({
      state: 'failed',
      found: '2 messages wait to be sent, the oldest for 20 min',
      next: 'tail -n 20 /data/logs/telegram-notifier.log',
    })
  })

  test('that wait because the bot pauses are a failure that gives the reason of the pause', async () => {
    await message('a', 'waiting', '20 minutes')
    await sql(`insert into bot_pause values ('hash', now() + interval '30 minutes', 'Too Many Requests')`)
    expect(await messagesCheck(db, cluster)).toMatchObject({
      found: '1 message waits to be sent, the oldest for 20 min; the bot pauses for 30 min: Too Many Requests',
      next: expect.stringContaining('kubectl'),
    })
  })

  test('that were sent or refused, or are younger than two minutes, are ok', async () => {
    await message('a', 'sent', '20 minutes')
    await message('b', 'refused', '20 minutes')
    await message('c', 'waiting', '1 minute')
    expect(await messagesCheck(db, machine)).toMatchObject({ state: 'ok' })
  })
})

describe('dead letters', () => {
  const keep = (id: string, at: Date) =>
    deadLettersIn(database.db).keep({
      trigger: 'telegram-notifier-message-requested',
      event: { id, type: 'dev.vigia.message.requested', source: '/s', data: {} } as never,
      code: 422,
      reason: 'chat not found\nmore',
      fingerprint: 'abc',
      at,
    })
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000)

  test('of the last day are a warning with their number, their Trigger and the first line of the reason', async () => {
    await keep('new', hoursAgo(1))
    await keep('newer', hoursAgo(0.5))
    await keep('old', hoursAgo(25))
    const finding = {
      state: 'warning',
      found: '2 in the last day; 2 of them for telegram-notifier-message-requested: chat not found',
    }
    expect(await deadLettersCheck(db, machine)).toMatchObject({
      ...finding,
      next: 'npm run vigia -- dead-letters list',
    })
    expect(await deadLettersCheck(db, cluster)).toMatchObject({
      ...finding,
      next: 'infra/cluster/dead-letters.sh list',
    })
  })

  test('that are older than a day, or were sent again, are ok', async () => {
    await keep('old', hoursAgo(25))
    const { id } = await keep('new', hoursAgo(1))
    await deadLettersIn(database.db).markReplayed(id, new Date())
    expect(await deadLettersCheck(db, machine)).toMatchObject({ state: 'ok' })
  })
})

describe('ticks', () => {
  const reached = (job: string, age: string) => sql(`insert into cursor values ('${job}', now() - interval '${age}')`)
  const hourS = 3_600

  test('that came are ok', async () => {
    await reached('probe-scheduler', '30 seconds')
    await reached('episode-checker', '6 minutes')
    await reached('reporter', '16 minutes')
    expect(await ticksCheck(db, machine, hourS)).toEqual({ state: 'ok', found: '3 jobs are up to date' })
  })

  test('that have not come are a failure that names the job, its age and its schedule', async () => {
    await reached('probe-scheduler', '10 seconds')
    await reached('episode-checker', '20 minutes')
    await reached('reporter', '1 second')
    const finding = {
      state: 'failed',
      found: 'episode-checker last finished its work 20 min ago, although a tick is due every 5 min',
    }
    expect(await ticksCheck(db, machine, hourS)).toMatchObject({
      ...finding,
      next: 'tail -n 20 /data/logs/episode-checker.log',
    })
    expect(await ticksCheck(db, cluster, null)).toMatchObject({ ...finding, next: expect.stringContaining('kubectl') })
  })

  test('are not missed yet if Vigia has just been started after a stop, or has just been installed', async () => {
    await sql('update migration set run_on = now()')
    expect(await ticksCheck(db, cluster, null)).toMatchObject({ state: 'ok' })
    await reached('probe-scheduler', '3 days')
    await reached('episode-checker', '3 days')
    expect(await ticksCheck(db, machine, 20)).toMatchObject({ state: 'ok' })
    expect(await ticksCheck(db, machine, hourS)).toMatchObject({ state: 'failed' })
  })

  test('of a job that never finished are a failure some time after the installation', async () => {
    await sql(`update migration set run_on = now() - interval '1 hour'`)
    for (const job of ['episode-checker', 'reporter']) await reached(job, '10 seconds')
    expect(await ticksCheck(db, machine, hourS)).toMatchObject({
      state: 'failed',
      found: 'probe-scheduler has never finished its work',
    })
  })

  test('of series-refresher count only if a chat follows a series', async () => {
    for (const job of ['probe-scheduler', 'episode-checker', 'reporter']) await reached(job, '1 second')
    await reached('series-refresher', '5 hours')
    expect(await ticksCheck(db, machine, 10 * hourS)).toMatchObject({ state: 'ok' })
    await sql(`insert into chat (id) values (7)`)
    await sql(`insert into follow (chat_id, subject) values (7, 'show/82')`)
    expect(await ticksCheck(db, machine, 10 * hourS)).toMatchObject({
      state: 'failed',
      found: 'series-refresher last finished its work 5 h ago, although a tick is due every 10 min',
    })
  })

  test('are checked for every function that has a tick and a cursor, with the period of its source', () => {
    const periodOf = (schedule: string) => {
      const { next } = cron(schedule) as CronSchedule
      const first = next(new Date('2026-11-30T00:00:00Z'), 'UTC')!
      return (next(first, 'UTC')!.getTime() - first.getTime()) / 1_000
    }
    const periods = manifestsIn('knative/sources')
      .filter(({ metadata }) => hasCursor(metadata.name))
      .map(({ metadata, spec }) => [metadata.name, periodOf(spec.schedule)])
    expect(tickPeriodsS).toEqual(Object.fromEntries(periods))
  })
})

/** Whether the function uses the table `cursor`. The name of its cursor must be the name of the function. */
const hasCursor = (name: string): boolean => {
  const code = globSync(`functions/${name}/**/*.ts`, { cwd: root })
    .map(file => readFileSync(join(root, file), 'utf8'))
    .join('\n')
  if (!code.includes("from '#database/operations/cursors.ts'")) return false
  expect(code).toMatch(new RegExp(`^const (job|cursorName) = '${name}'$`, 'm'))
  return true
}
