import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { looksIn } from '#database/series/looks.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())

const now = new Date('2026-11-20T12:00:00Z')

/** The plan of the statement that `run` sends. */
const planOf = async (run: (db: Postgres) => Promise<unknown>): Promise<string> => {
  let plan = ''
  const explaining = {
    ...database.db,
    query: async (sql: string, values?: unknown[]) => {
      const { rows } = await database.db.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values)
      plan = rows.map(row => row['QUERY PLAN']).join('\n')
      return { rows: [], rowCount: 0 }
    },
  } as Postgres
  await run(explaining)
  return plan
}

test('of 100,000 follows the due ones are found by one statement that reads only an index', async () => {
  await database.db.query(`insert into chat (id, kind) select each, 'private' from generate_series(1, 2000) each`)
  await database.db.query(
    `insert into follow (chat_id, subject, followed_at, next_at)
     select chat.id, 'show/' || show, '2026-01-01', $1::timestamptz + interval '1 minute' * (1 + (chat.id * show) % 300)
     from chat, generate_series(1, 50) show`,
    [now],
  )
  await database.db.query(`update follow set next_at = '-infinity' where chat_id in (7, 8) and subject = 'show/3'`)
  // A clock that was wrong has stored a look that is too late.
  await database.db.query(`update follow set next_at = '2030-01-01' where chat_id = 9 and subject = 'show/4'`)
  await database.db.query('analyze chat, follow')
  const due = await looksIn(database.db).due(now, 200)
  expect(due.map(({ chatId, showId }) => [chatId, showId])).toEqual([
    [7, 3],
    [8, 3],
    [9, 4],
  ])
  const plan = await planOf(db => looksIn(db).due(now, 200))
  expect(plan).toContain('follow_next')
  expect(plan).not.toContain('Seq Scan on follow')
}, 240_000)
