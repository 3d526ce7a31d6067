import { expect, test } from 'vitest'
import { emptyDatabase, freshDatabase, freshMongo } from '#test/support/database.ts'

test('every test file gets a migrated database of its own, and numbers, dates and instants come as themselves', async () => {
  const one = await freshDatabase()
  const other = await freshDatabase()
  await one.db.query('insert into chat (id) values (5000000000)')
  expect((await one.db.query('select id from chat')).rows).toEqual([{ id: 5_000_000_000 }])
  expect((await other.db.query('select id from chat')).rows).toEqual([])
  const { rows } = await one.db.query(
    `select count(*), sum(id), date '2026-11-21' as date, timestamptz '2026-11-21T12:00:00Z' as at, array_agg(id) as ids from chat`,
  )
  expect(rows).toEqual([
    { count: 1, sum: 5e9, date: '2026-11-21', at: new Date('2026-11-21T12:00:00Z'), ids: [5_000_000_000] },
  ])
  await Promise.all([one.end(), other.end()])
})

test('an empty database has no table', async () => {
  const { db, end } = await emptyDatabase()
  await expect(db.query('select from chat')).rejects.toThrow('relation "chat" does not exist')
  await end()
})

test('the catalogue server answers', async () => {
  const { mongo, end } = await freshMongo()
  const shows = await mongo.collection<{ _id: number; name: string }>('show')
  await shows.replaceOne({ _id: 82 }, { name: 'x' }, { upsert: true })
  expect(await shows.findOne({ _id: 82 })).toEqual({ _id: 82, name: 'x' })
  await end()
})
