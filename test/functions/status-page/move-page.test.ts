import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addMonitor, addPage } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query(`insert into chat (id, kind) values (-7, 'group'), (-1000000000007, 'supergroup')`)
})
afterAll(() => database.end())

test('a group that becomes a supergroup keeps its pages, also if the supergroup has a page with the same slug', async () => {
  const { db } = database
  const [group, supergroup] = [-7, -1_000_000_000_007]
  const [old, own] = [await addMonitor(db, 'Loja', { chat: group }), await addMonitor(db, 'API', { chat: group })]
  const same = await addMonitor(db, 'Loja', { chat: supergroup })
  const secret = { chatId: group, slug: 'interna', access: 'link' } as const
  const moved = await addPage(db, [old, own], secret)
  await addPage(db, [same], { ...secret, chatId: supergroup })
  await chatsIn(db).migrate(group, supergroup)
  const pages = await statusPagesIn(db).of([supergroup])
  expect(pages.map(({ slug, components }) => [slug, components.map(({ monitorId }) => monitorId)])).toEqual([
    [`interna-${moved.id}`, [same, own]],
    ['interna', [same]],
  ])
  expect(pages[0]!.secret).toBe(moved.secret)
})
