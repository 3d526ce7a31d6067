import { parseAtomFeed, parseJsonFeed, parseRssFeed } from 'feedsmith'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NewPost, pagePostsIn } from '#database/pages/posts.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addMonitor, addPage, chatId, dayMs, hourMs, noon, startStatusPage } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7)')
})
afterAll(() => database.end())

const minuteMs = 60_000
const hostile = '<img src=x onerror=alert(1)> ]]>'

/** The entries of the three feeds, as another library reads them: id, title, time of the last change, text. */
const entriesOf = async (now: Date) => {
  const page = startStatusPage(database.db)
  page.time.now = now
  const [rss, atom, json] = await Promise.all(
    ['rss', 'atom', 'json'].map(async kind => (await page.get(`/status/acme/feed.${kind}?lang=en`)).text),
  )
  for (const xml of [rss!, atom!]) expect(xml).not.toContain('<img')
  const time = (at: string | undefined) => new Date(at!).getTime()
  return {
    rss: parseRssFeed(rss!).items!.map(({ guid, title, description }) => [guid?.value, title, description]),
    atom: parseAtomFeed(atom!).entries!.map(({ id, updated, published }) => [
      id,
      time(updated as string),
      time(published as string),
    ]),
    json: parseJsonFeed(JSON.parse(json!)).items!.map(
      ({ id, title, date_modified: changed, date_published: began, content_html: text }) => ({
        ...{ id, title, text },
        ...{ changed: time(changed as unknown as string), began: time(began as unknown as string) },
      }),
    ),
  }
}

test('posts and maintenance are entries of all feeds, which keep their ids when something is added', async () => {
  const { db } = database
  const shop = await addMonitor(db, 'Shop', { state: 'down' })
  const { id: pageId } = await addPage(db, [shop])
  const posts = pagePostsIn(db)
  const { rows } = await db.query<{ id: number }>(
    `insert into incident (monitor_id, opened_at, opened_cause, error) values ($1, $2, 'x', 'timeout') returning id`,
    [shop, new Date(+noon - hourMs)],
  )
  const incidentId = rows[0]!.id
  const base = { pageId, impacts: {}, status: 'investigating' } as const
  const own: NewPost = { ...base, threadId: null, incidentId: null, text: hostile, at: new Date(+noon - 2 * dayMs) }
  const { threadId } = await posts.add(own, 'own')
  const aboutOutage = { ...base, incidentId, text: 'The disk is full.', impacts: { [shop]: 'partial' } as const }
  await posts.addToOutage({ ...aboutOutage, at: new Date(+noon - 30 * minuteMs) }, 'about')
  const startsAt = new Date(+noon + dayMs)
  const window = {
    chatId,
    monitorId: shop,
    groupName: null,
    title: 'New disk',
    startsAt,
    endsAt: new Date(+startsAt + hourMs),
  }
  await maintenanceIn(db).add(window, new Date(+noon - 3 * hourMs))

  const address = 'https://vigia.test/status/acme'
  const ids = [`${address}/${shop}#outage-${incidentId}`, `${address}#maintenance-1`, `${address}#notice-${threadId}`]
  const first = await entriesOf(noon)
  expect(first.json.map(({ id }) => id)).toEqual(ids)
  expect(first.rss.map(([id]) => id)).toEqual(ids)
  expect(first.atom).toEqual(first.json.map(({ id, changed, began }) => [id, changed, began]))
  expect(first.json).toMatchObject([
    { title: 'Shop is down', began: +noon - hourMs, changed: +noon - 30 * minuteMs },
    { title: 'Maintenance: New disk', began: +noon - 3 * hourMs, changed: +noon - 3 * hourMs },
    { title: `Investigating: ${hostile}`, began: +noon - 2 * dayMs, changed: +noon - 2 * dayMs },
  ])
  expect(first.json[0]!.text).toContain('Investigating (today · 11:30 AM): The disk is full.<br>Shop: Partial outage')
  expect(first.json[2]!.text).toContain('&lt;img src=x')

  const later = new Date(+startsAt + 2 * hourMs)
  await posts.add({ ...own, threadId, status: 'resolved', text: 'Done.', at: later }, 'end')
  await db.query(`update incident set closed_at = $1, closed_cause = 'y'`, [later])
  const second = await entriesOf(new Date(+later + 3 * hourMs))
  expect(second.json.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
  const byId = new Map(second.json.map(entry => [entry.id, entry]))
  expect(byId.get(ids[0]!)).toMatchObject({
    title: 'Shop was down for 1 day 3 h',
    changed: +later,
    began: +noon - hourMs,
  })
  expect(byId.get(ids[1]!)).toMatchObject({ title: 'Maintenance: New disk', changed: +startsAt + hourMs })
  expect(byId.get(ids[2]!)).toMatchObject({ title: 'Resolved: Done.', changed: +later, began: +noon - 2 * dayMs })
})
