import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { migrationsDir } from '#database/migrate.ts'
import { longLocks } from './long-locks.ts'

/** The first migration of which this is required. */
const since = '0060'

test('no new migration locks a table that may have many rows for long, or it says why that is short', async () => {
  const files = (await readdir(migrationsDir)).filter(name => name.endsWith('.sql') && name >= since)
  const locks = await Promise.all(
    files.map(async name =>
      longLocks(await readFile(join(migrationsDir, name), 'utf8')).map(lock => ({ name, ...lock })),
    ),
  )
  expect(locks.flat()).toEqual([])
})

test.each(['0033_page_impacts.sql', '0037_notices.sql'])('the lock of %s would not be overlooked', async name => {
  const tables = longLocks(await readFile(join(migrationsDir, name), 'utf8')).map(({ table }) => table)
  expect(tables.length).toBeGreaterThan(0)
  for (const table of tables) expect(['follow', 'announcement']).toContain(table)
})

describe('a migration that', () => {
  test.each([
    ['builds an index', 'create unique index a on message (chat_id);'],
    ['checks every row', "alter table message add constraint ok check (state in ('a', 'b'));"],
    ['checks every row for a new column', 'alter table message add column n integer check (n > 0);'],
    ['has several actions', 'alter table message drop column n, add primary key (key, seq);'],
    ['changes a type', 'alter table only message alter column seq type text using (seq::text);'],
    ['forbids null', 'alter table message alter column seq set not null;'],
    ['changes every row', 'update message set attempts = 0;'],
  ])('%s is refused', (_, sql) => {
    expect(longLocks(`-- Up Migration\n${sql}`)).toMatchObject([{ table: 'message' }])
  })

  test.each([
    ['adds a column', 'alter table message add column n integer not null default 0;'],
    ['adds a constraint for new rows', 'alter table message add constraint ok check (n in (1, 2)) not valid;'],
    ['validates it later', 'alter table message validate constraint ok;'],
    ['fills its own table', 'create table own (id integer); create index own_id on own (id); update own set id = 1;'],
    ['says why its lock is short', '-- Locks message: one row for each bot.\nupdate message set attempts = 0;'],
    ['names a table in a comment or a function', '-- update message set a = 1\ndo $$ begin update message; end $$;'],
  ])('%s is allowed', (_, sql) => {
    expect(longLocks(`-- Up Migration\n${sql}`)).toEqual([])
  })
})
