import { afterAll, beforeAll, expect, test } from 'vitest'
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
