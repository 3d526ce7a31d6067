import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deleteExpired, retentions } from '#database/operations/retention.ts'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await freshDatabase()
})
afterEach(() => database.end())

const now = new Date('2026-11-21T12:00:00Z')
const ago = (days: number) => new Date(now.getTime() - days * 24 * 3_600_000)

const run = (sql: string, values: unknown[] = []) => database.db.query<Record<string, unknown>>(sql, values)
const count = async (table: string) => (await run(`select count(*)::int4 as count from ${table}`)).rows[0]!.count

test('every table of the schema has a retention, in the list and in the README', async () => {
  const { rows } = await run(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
  )
  expect(retentions.map(({ table }) => table).sort()).toEqual(rows.map(({ name }) => name).sort())
  const readme = readFileSync(new URL('../../infra/database/README.md', import.meta.url), 'utf8')
  for (const { table, kept } of retentions) expect(readme).toContain(`| \`${table}\` | ${kept} |`)
})

/** For each table, a function that inserts a row whose retention begins at `at`. `key` makes the row unique. */
const insert: Record<string, (at: Date, key: string) => Promise<unknown>> = {
  alert: (at, key) => run('insert into alert (event_id, fingerprint, at) values ($1, $1, $2)', [key, at]),
  announcement: (at, key) =>
    run(
      `insert into announcement (show_id, episode_id, episode, event_id, announced_at) values (1, hashtext($1), $1, $1, $2)`,
      [key, at],
    ),
  announcement_event: (at, key) =>
    run(
      `insert into announcement_event (id, type, subject, data, made_at, published_at) values ($1, 't', 's', '{}', $2, $2)`,
      [key, at],
    ),
  bot_pause: (at, key) => run(`insert into bot_pause (bot, until, reason) values ($1, $2, 'r')`, [key, at]),
  chat: (at, key) => run('insert into chat (id, unreachable_since) values (hashtext($1), $2)', [key, at]),
  dead_letter: (at, key) =>
    run(
      `insert into dead_letter (fingerprint, trigger, event_source, event_id, reason, event, at) values ('f', 't', 's', $1, 'r', '{}', $2)`,
      [key, at],
    ),
  incident: (at, key) =>
    run(
      `insert into incident (monitor_id, opened_at, opened_cause, error, closed_at) values (1, $2::timestamptz - interval '1 minute', $1, 'e', $2)`,
      [key, at],
    ),
  look: (at, key) => run(`insert into look (subject, free_at, cause) values ($1, $2, 'c')`, [key, at]),
  maintenance_window: (at, key) =>
    run(
      `with plan as (insert into maintenance (chat_id, title, created_at) values (7, $1, $2) returning id)
       insert into maintenance_window (maintenance_id, starts_at, ends_at, told) select id, $2, $2, 'ended' from plan`,
      [key, at],
    ),
  message: (at, key) =>
    run(
      `insert into message (key, chat_id, request, cause, state, not_before, requested_at) values ($1, 7, '{}', '{}', 'sent', $2, $2)`,
      [key, at],
    ),
  page_change: at => run('insert into page_change (page_id, at) values (1, $1)', [at]),
  page_post: (at, key) =>
    run(
      `with page as (
         insert into status_page (chat_id, slug, title, language, secret)
         values (7, left(md5($1), 20), 't', 'en', md5($1)) returning id
       ) insert into page_post (page_id, status, text, at, cause) select id, 'resolved', 't', $2, $1 from page`,
      [key, at],
    ),
  page_impact_hour: (at, key) =>
    run(
      `with page as (
         insert into status_page (chat_id, slug, title, language, secret)
         values (7, left(md5($1), 20), 't', 'en', md5($1)) returning id
       ) insert into page_impact_hour select id, 1, $2, 0, 0, 0 from page`,
      [key, at],
    ),
  page_post_draft: (at, key) =>
    run(
      `with began as (
         insert into incident (monitor_id, opened_at, opened_cause, error, closed_at) values (1, $2, $1, 'e', $2) returning id
       ) insert into page_post_draft (chat_id, incident_id, status, text, impacts, cause, at)
       select 7, id, 'resolved', 't', '{}', $1, $2 from began`,
      [key, at],
    ),
  monitor_draft: (at, key) =>
    run(
      `insert into monitor_draft (chat_id, person_id, content, cause, changed_at) values (7, hashtext($1), '{}', 'c', $2)`,
      [key, at],
    ),
  monitor_event: (at, key) =>
    run(
      `insert into monitor_event (id, chat_id, name, subject, data, time, at) values ($1, 7, 'n', 's', '{}', $2, $2)`,
      [key, at],
    ),
  operator_notice: (at, key) =>
    run(`insert into operator_notice (fingerprint, news, count, first_at, last_at) values ($1, '{}', 1, $2, $2)`, [
      key,
      at,
    ]),
  page_snapshot: (at, key) =>
    run(
      `with page as (
         insert into status_page (chat_id, slug, title, language, secret)
         values (7, left(md5($1), 20), 't', 'en', md5($1)) returning id
       ) insert into page_snapshot (page_id, version, made_at, valid_until, facts) select id, 1, $2, $2, '{}' from page`,
      [key, at],
    ),
  probe_hour: at => run('insert into probe_hour (monitor_id, hour) values (1, $1)', [at]),
  waiting_notice: (at, key) =>
    run(
      `insert into waiting_notice (key, chat_id, kind, due_at, name, subject, data, made_at, done_at)
       values ($1, 7, 'news', $2, 'n', 's', '{}', $2, $2)`,
      [key, at],
    ),
  removed_monitor: (at, key) =>
    run(
      `insert into removed_monitor (chat_id, monitor_id, name, content, removed_at) values (7, abs(hashtext($1)), $1, '{}', $2)`,
      [key, at],
    ),
  report: (at, key) => run('insert into report (key, chat_id, made_at) values ($1, 7, $2)', [key, at]),
  search: (at, key) => run('insert into search (chat_id, query, at) values (7, $1, $2)', [key, at]),
  series_import: (at, key) =>
    run(`insert into series_import (chat_id, cause, file_id, file_name, at) values (7, $1, 'file', 'x.zip', $2)`, [
      key,
      at,
    ]),
  skipped_record: (at, key) =>
    run(`insert into skipped_record (store, key, reason, reported_at) values ('s', $1, 'r', $2)`, [key, at]),
  telegram_update: (at, key) =>
    run(
      `insert into telegram_update (bot_id, update_id, state, lease_until, seen_at) values (1, abs(hashtext($1)), 'done', $2, $2)`,
      [key, at],
    ),
  webhook_delivery: (at, key) =>
    run(
      `with hook as (
         insert into webhook (chat_id, url, secret, cause, created_at)
         values (7, 'https://hooks.example/', 'whsec_' || repeat('A', 43) || '=', $1, $2) returning id
       )
       insert into webhook_delivery (id, webhook_id, body, state, due_at, requested_at)
       select $1, id, '{}', 'sent', $2, $2 from hook`,
      [key, at],
    ),
}

const days: Record<string, number> = {
  alert: 30,
  announcement: 400,
  announcement_event: 30,
  bot_pause: 30,
  chat: 400,
  dead_letter: 90,
  incident: 400,
  look: 1,
  maintenance_window: 400,
  message: 45,
  monitor_draft: 2,
  page_change: 1,
  waiting_notice: 30,
  page_post: 400,
  page_impact_hour: 400,
  page_post_draft: 2,
  page_snapshot: 1,
  monitor_event: 45,
  operator_notice: 90,
  probe_hour: 400,
  removed_monitor: 1,
  report: 7,
  search: 30,
  series_import: 30,
  skipped_record: 30,
  telegram_update: 3,
  webhook_delivery: 30,
}

const addChatWithMonitor = async () => {
  await run('insert into chat (id) values (7)')
  await run(
    `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms) values (7, 'm', 'http', 'https://example.org/', 60, 1000)`,
  )
}

describe('the deletion of expired rows', () => {
  test.each(Object.keys(insert))('deletes old rows of %s and keeps newer rows', async table => {
    await addChatWithMonitor()
    const before = (await count(table)) as number
    await insert[table]!(ago(days[table]! + 0.5), 'old')
    await insert[table]!(ago(days[table]! - 0.5), 'young')
    await deleteExpired(database.db, now)
    expect(await count(table)).toBe(before + 1)
    await deleteExpired(database.db, new Date(now.getTime() + 24 * 3_600_000))
    expect(await count(table)).toBe(before)
  })

  test('deletes maintenance that neither repeats nor has a time any more', async () => {
    await addChatWithMonitor()
    await run(`insert into maintenance (chat_id, title, created_at) values (7, 'once', now())`)
    await run(
      `insert into maintenance (chat_id, title, cron, zone, duration_s, created_at)
       values (7, 'every night', '0 3 * * *', 'UTC', 600, now())`,
    )
    await deleteExpired(database.db, now)
    expect((await database.db.query('select title from maintenance')).rows).toEqual([{ title: 'every night' }])
  })

  test('covers every table whose rows expire by age', () => {
    const byAge = retentions.filter(({ deleteExpired }) => deleteExpired).map(({ table }) => table)
    expect([...Object.keys(insert), 'chat_moved', 'maintenance', 'probe_slot'].sort()).toEqual(byAge.sort())
  })

  test('keeps unfinished rows of any age', async () => {
    await addChatWithMonitor()
    await run(
      `insert into message (key, chat_id, request, cause, not_before, requested_at) values ('m', 7, '{}', '{}', $1, $1)`,
      [ago(1000)],
    )
    await run(`insert into announcement_event (id, type, subject, data, made_at) values ('a', 't', 's', '{}', $1)`, [
      ago(1000),
    ])
    await run(`insert into incident (monitor_id, opened_at, opened_cause, error) values (1, $1, 'c', 'e')`, [ago(1000)])
    await deleteExpired(database.db, now)
    for (const table of ['message', 'announcement_event', 'incident']) expect(await count(table)).toBe(1)
  })

  test('keeps the old id of a moved group until the new chat is deleted', async () => {
    await addChatWithMonitor()
    await run('insert into chat_moved (from_id, to_id) values (-1, 7), (-2, 8)')
    await deleteExpired(database.db, now)
    expect((await run('select from_id from chat_moved')).rows).toEqual([{ from_id: -1 }])
  })

  test('deletes more rows than one batch has', async () => {
    await run(
      `insert into alert (event_id, fingerprint, at) select n::text, 'f', $1 from generate_series(1, 12000) as n`,
      [ago(31)],
    )
    await deleteExpired(database.db, now)
    expect(await count('alert')).toBe(0)
  })
})

test('only the newest ten thousand dead letters are kept', async () => {
  await run(
    `insert into dead_letter (fingerprint, trigger, event_source, event_id, reason, event, at)
     select 'f', 't', 's', n::text, 'r', '{}', $1::timestamptz + n * interval '1 second' from generate_series(1, 10050) as n`,
    [ago(1)],
  )
  await deleteExpired(database.db, now)
  const { rows } = await run('select count(*)::int4 as count, min(event_id::int4) as first from dead_letter')
  expect(rows[0]).toEqual({ count: 10_000, first: 51 })
})

test('the oldest days of results are dropped until the remaining results need little enough space, but the latest days are never dropped', async () => {
  const results = probeResultsIn(database.db)
  await results.createPartitions([5, 4, 3, 2, 1, 0].map(ago))
  const partitions = async () =>
    (await run(`select count(*)::int4 as count from pg_inherits where inhparent = 'probe_slot'::regclass`)).rows[0]!
      .count
  const { rows } = await run(
    `select max(pg_total_relation_size(inhrelid)) as bytes from pg_inherits where inhparent = 'probe_slot'::regclass`,
  )
  await results.dropOldestPartitions(4 * (rows[0]!.bytes as number), ago(2))
  expect(await partitions()).toBe(4)
  await results.dropOldestPartitions(0, ago(2))
  expect(await partitions()).toBe(3)
})

test.each([
  ['alert', 'at'],
  ['announcement', 'announced_at'],
  ['announcement_event', 'published_at'],
  ['dead_letter', 'at'],
  ['incident', 'closed_at'],
  ['look', 'free_at'],
  ['message', 'requested_at'],
  ['monitor_draft', 'changed_at'],
  ['page_change', 'at'],
  ['page_post', 'at'],
  ['page_impact_hour', 'hour'],
  ['page_post_draft', 'at'],
  ['page_snapshot', 'made_at'],
  ['operator_notice', 'last_at'],
  ['waiting_notice', 'done_at'],
  ['search', 'at'],
  ['series_import', 'at'],
  ['removed_monitor', 'removed_at'],
  ['skipped_record', 'reported_at'],
  ['telegram_update', 'seen_at'],
  ['webhook_delivery', 'requested_at'],
])('expired rows of %s are found by an index on %s', async (table, column) => {
  const { rows } = await run(
    `select from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
     where indrelid = $1::regclass and attname = $2`,
    [table, column],
  )
  expect(rows.length).toBeGreaterThan(0)
})
