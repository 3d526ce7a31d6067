import { afterAll, beforeAll, expect, test } from 'vitest'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addMonitor, addPage, chatId, hourMs, noon, startStatusPage } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7)')
})
afterAll(() => database.end())

test('the beginning and the end of maintenance are each on the page once, with the day if the days differ', async () => {
  const { db } = database
  await addPage(db, [await addMonitor(db, 'Loja')])
  const plan = { chatId, monitorId: null, groupName: null }
  const [sameDay, night] = [new Date(+noon + 20 * hourMs), new Date(+noon + 34 * hourMs)]
  await maintenanceIn(db).add({ ...plan, startsAt: sameDay, endsAt: new Date(+sameDay + hourMs) }, noon)
  await maintenanceIn(db).add({ ...plan, startsAt: night, endsAt: new Date(+night + 2 * hourMs) }, noon)
  const { text } = await startStatusPage(db).get('/status/acme')
  const plain = text.replace(/<[^>]+>/g, '')
  expect(plain).toContain('amanhã · 08:00 – 09:00')
  expect(plain).toContain('amanhã · 22:00 – seg., 23 nov · 00:00')
  expect(text.match(/amanhã · 22:00/g)).toHaveLength(1)
})
