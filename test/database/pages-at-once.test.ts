import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { postDraftsIn } from '#database/pages/post-drafts.ts'
import { pagePostsIn } from '#database/pages/posts.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { subscribersIn } from '#database/pages/subscribers.ts'
import { addMonitor, addPage, chatId, noon } from '#test/functions/status-page/support.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

/* People of a chat change the same page at the same time, and nothing that one of them does is lost. */

let database: TestDatabase
let page: number
let shop: number
let api: number
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7)')
  ;[shop, api] = [await addMonitor(database.db, 'Shop'), await addMonitor(database.db, 'API')]
})
afterAll(() => database?.end())
beforeEach(async () => {
  await database.db.query('truncate status_page, incident, follow restart identity cascade')
  page = (await addPage(database.db, [shop, api])).id
})

const hourBefore = new Date(+noon - 3_600_000)

test('two impacts of a post', async () => {
  const posts = pagePostsIn(database.db)
  const post = await posts.addToOpen(page, { text: 'Slow', at: noon }, 'a')
  const changed = await Promise.all([
    posts.setImpact(post, { monitorId: shop, impact: 'down' }, hourBefore),
    posts.setImpact(post, { monitorId: api, impact: 'partial' }, hourBefore),
  ])
  expect(changed.map(each => Object.keys(each!.impacts).length).toSorted()).toEqual([1, 2])
  expect((await posts.newestOf(chatId, post.id))!.impacts).toEqual({ [shop]: 'down', [api]: 'partial' })
  const next = await posts.advance({ ...post, status: 'monitoring', text: 'Better' }, 'b')
  expect(next!.impacts).toEqual({ [shop]: 'down', [api]: 'partial' })
  const without = await posts.setImpact(next!, { monitorId: shop, impact: 'none' }, hourBefore)
  expect([without!.id, without!.impacts]).toEqual([next!.id, { [api]: 'partial' }])
})

test('no impact of a post that is old, or of a matter that was resolved a moment ago', async () => {
  const posts = pagePostsIn(database.db)
  const post = await posts.addToOpen(page, { text: 'Slow', at: noon }, 'a')
  expect(await posts.setImpact(post, { monitorId: shop, impact: 'down' }, noon)).toBeNull()
  await posts.advance({ ...post, status: 'resolved', text: 'Good' }, 'b')
  expect(await posts.setImpact(post, { monitorId: shop, impact: 'down' }, hourBefore)).toBeNull()
})

test('two texts begin one matter', async () => {
  const posts = pagePostsIn(database.db)
  const made = await Promise.all(['a', 'b'].map(cause => posts.addToOpen(page, { text: cause, at: noon }, cause)))
  expect(new Set(made.map(({ threadId }) => threadId)).size).toBe(1)
  expect(new Set(made.map(({ id }) => id)).size).toBe(2)
  expect(await posts.addToOpen(page, { text: 'again', at: noon }, 'a')).toEqual(made[0])
})

test('two impacts of a draft, which is published as it is then and not changed afterwards', async () => {
  const { rows } = await database.db.query<{ id: number }>(
    `insert into incident (monitor_id, opened_at, opened_cause, error) values ($1, $2, 'x', 'timeout') returning id`,
    [shop, noon],
  )
  const drafts = postDraftsIn(database.db)
  const fields = { incidentId: rows[0]!.id, status: 'investigating', text: 'Slow', impacts: {} } as const
  const { id } = (await drafts.add(chatId, fields, 'a', noon))!
  await Promise.all([
    drafts.change(chatId, id, { impact: { monitorId: shop, impact: 'down' } }),
    drafts.change(chatId, id, { impact: { monitorId: api, impact: 'degraded' } }),
    drafts.change(chatId, id, { status: 'identified' }),
  ])
  const decided = await Promise.all([
    drafts.decide(chatId, id, 'published', 'b'),
    drafts.decide(chatId, id, 'discarded', 'c'),
  ])
  const [final] = decided.filter(each => each !== null)
  expect(decided.filter(each => each !== null)).toHaveLength(1)
  expect(final).toMatchObject({ status: 'identified', impacts: { [shop]: 'down', [api]: 'degraded' } })
  expect(await drafts.decide(chatId, id, final!.outcome!, final!.decidedBy!)).toEqual(final)
  expect(await drafts.change(chatId, id, { status: 'resolved' })).toBeNull()
  expect(await drafts.change(8, id, { status: 'resolved' })).toBeNull()
})

test('the title, the language and the order of a page', async () => {
  const pages = statusPagesIn(database.db)
  await Promise.all([
    pages.edit(chatId, page, () => ({ title: 'New' })),
    pages.edit(chatId, page, () => ({ language: 'en' })),
    pages.edit(chatId, page, ({ components }) => ({ components: components.toReversed() })),
  ])
  const found = await pages.find(chatId, page)
  expect(found).toMatchObject({ title: 'New', language: 'en', access: 'public' })
  expect(found!.components.map(({ monitorId }) => monitorId)).toEqual([api, shop])
  expect(await pages.edit(chatId, page, ({ title }) => ({ refused: title }))).toEqual({ refused: 'New' })
  expect(await pages.edit(8, page, () => ({ title: 'X' }))).toBe('gone')
})

test('as many pages and subscriptions as a chat may have', async () => {
  const pages = statusPagesIn(database.db)
  const wanted = { chatId, title: 'X', language: 'en', access: 'link', components: [] } as const
  const added = await Promise.all(['one', 'two', 'three', 'four'].map(slug => pages.addWithin(3, { ...wanted, slug })))
  expect(added.filter(each => each === 'full')).toHaveLength(2)
  const subscribers = subscribersIn(database.db)
  const options = { most: 2, at: noon, threadId: null }
  const subscribe = (monitorId: number | null) =>
    subscribers.subscribe(chatId, { id: page, title: 'X', monitorId }, options)
  expect((await Promise.all([null, shop, api].map(subscribe))).filter(each => !each)).toHaveLength(1)
  expect(await subscribers.of(chatId)).toHaveLength(2)
  const [first] = await subscribers.of(chatId)
  expect(await subscribe(first!.monitorId)).toBe(true)
})
