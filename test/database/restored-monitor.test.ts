import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { removedMonitorsIn } from '#database/uptime/removed-monitors.ts'
import { defaultLimits } from '#functions/monitors/limits.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { withoutOptions } from '#test/support/monitors.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())

test('a deleted monitor is restored after its status page was deleted and its group became a supergroup', async () => {
  const { db } = database
  await db.query('insert into chat (id) values (-7)')
  const { monitor } = await monitorsIn(db).add({
    ...withoutOptions,
    ...{ chatId: -7, name: 'Shop', kind: 'http', url: 'https://shop.example', intervalS: 60, timeoutMs: 10_000 },
  })
  const components = [{ monitorId: monitor.id, name: null, group: null }]
  const wanted = { chatId: -7, title: 'Shop', language: 'en', access: 'public', components } as const
  const [gone, kept] = [
    await statusPagesIn(db).add({ ...wanted, slug: 'gone' }),
    await statusPagesIn(db).add({ ...wanted, slug: 'kept' }),
  ]
  if (!('id' in gone) || !('id' in kept)) throw new Error('the slug is taken')
  const now = new Date()
  const removed = (await removedMonitorsIn(db).remove(-7, monitor.id, now))!
  await statusPagesIn(db).remove(-7, gone.id)
  await db.query('update chat set id = -1007 where id = -7')
  const limits = { personId: 5, limits: defaultLimits, now }
  expect(await removedMonitorsIn(db).restore(-1007, removed.id, limits)).toEqual({ monitorId: monitor.id })
  expect(await monitorsIn(db).get(monitor.id)).toMatchObject({ chatId: -1007, name: 'Shop' })
  expect((await statusPagesIn(db).find(-1007, kept.id))?.components).toEqual(components)
})

test('a restored monitor gets its children back, except one on which it depends by now', async () => {
  const { db } = database
  await db.query('insert into chat (id) values (8)')
  const add = async (name: string) => {
    const wanted = {
      chatId: 8,
      name,
      kind: 'http',
      url: `https://${name}.example`,
      intervalS: 60,
      timeoutMs: 10_000,
    } as const
    return (await monitorsIn(db).add({ ...withoutOptions, ...wanted })).monitor.id
  }
  const [parent, middle, child, other] = [
    await add('parent'),
    await add('middle'),
    await add('child'),
    await add('other'),
  ]
  const depend = (id: number, on: number) => db.query('update monitor set parent_id = $2 where id = $1', [id, on])
  await depend(middle, parent)
  await depend(child, middle)
  await depend(other, middle)
  const now = new Date()
  const removed = (await removedMonitorsIn(db).remove(8, middle, now))!
  await depend(parent, child)
  await removedMonitorsIn(db).restore(8, removed.id, { personId: 5, limits: defaultLimits, now })
  const parents = (await monitorsIn(db).of(8)).map(({ id, parentId }) => [id, parentId])
  expect(Object.fromEntries(parents)).toEqual({ [parent]: child, [middle]: parent, [child]: null, [other]: middle })
})

test('a deleted monitor is restored after its group became a supergroup that the bot already knew', async () => {
  const { db } = database
  const [from, to] = [-8, -1_000_000_000_008]
  await db.query('insert into chat (id) values ($1), ($2)', [from, to])
  const { monitor } = await monitorsIn(db).add({
    ...withoutOptions,
    ...{ chatId: from, name: 'Shop', kind: 'http', url: 'https://shop.example', intervalS: 60, timeoutMs: 10_000 },
  })
  const now = new Date()
  const removed = (await removedMonitorsIn(db).remove(from, monitor.id, now))!
  await chatsIn(db).migrate(from, to)
  const limits = { personId: 5, limits: defaultLimits, now }
  expect(await removedMonitorsIn(db).restore(to, removed.id, limits)).toEqual({ monitorId: monitor.id })
  expect(await monitorsIn(db).get(monitor.id)).toMatchObject({ chatId: to, name: 'Shop' })
})
