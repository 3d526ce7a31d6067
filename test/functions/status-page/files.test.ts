import { makeBadge } from 'badge-maker'
import fc from 'fast-check'
import { parseAtomFeed, parseJsonFeed, parseRssFeed } from 'feedsmith'
import ICAL from 'ical.js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { badgeSvg } from '#functions/status-page/files/badge.ts'
import { escapeHtml } from '#functions/telegram/html.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addHours, addMonitor, addPage, chatId, dayMs, hourMs, noon, startStatusPage } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7)')
})
afterAll(() => database.end())
beforeEach(() => database.db.query('truncate status_page, monitor, incident, maintenance restart identity cascade'))

/** A name that would break out of HTML, XML and iCalendar. */
const hostile = `</text>]]><script>"'&;,\\ \u0001\uffffx`
const shown = `</text>]]><script>"'&;,\\ x`

const addOutage = (monitorId: number, from: number, to: number | null) =>
  database.db.query(
    `insert into incident (monitor_id, opened_at, opened_cause, error, closed_at, closed_cause)
     values ($1, $2, 'x', 'timeout', $3, case when $3::timestamptz is not null then 'y' end)`,
    [monitorId, new Date(from), to === null ? null : new Date(to)],
  )

describe('feeds', () => {
  test('of outages are read by another parser, with the same entries in all formats', async () => {
    const monitor = await addMonitor(database.db, hostile, { state: 'down' })
    await addPage(database.db, [monitor], { title: hostile })
    await addOutage(monitor, +noon - 2 * dayMs, +noon - 2 * dayMs + hourMs)
    await addOutage(monitor, +noon - 10 * 60_000, null)
    const { get } = startStatusPage(database.db)
    const answers = await Promise.all(['rss', 'atom', 'json'].map(kind => get(`/status/acme/feed.${kind}?lang=en`)))
    expect(answers.map(({ status, headers }) => [status, headers['content-type']])).toEqual([
      [200, 'application/rss+xml; charset=utf-8'],
      [200, 'application/atom+xml; charset=utf-8'],
      [200, 'application/feed+json; charset=utf-8'],
    ])
    const rss = parseRssFeed(answers[0]!.text)
    const atom = parseAtomFeed(answers[1]!.text)
    const json = parseJsonFeed(JSON.parse(answers[2]!.text))
    const titles = [`${shown} is down`, `${shown} was down for 1 h`]
    const inHtml = titles.map(escapeHtml)
    expect(rss.items?.map(({ title }) => title)).toEqual(inHtml)
    expect(atom.entries?.map(({ title }) => (typeof title === 'string' ? title : title?.value))).toEqual(inHtml)
    expect(json.items?.map(({ title }) => title)).toEqual(titles)
    expect(new Set(rss.items!.map(({ guid }) => guid?.value)).size).toBe(2)
    expect(rss.items![0]!.link).toBe(`https://vigia.test/status/acme/${monitor}`)
    expect(new Date(rss.items![1]!.pubDate!).getTime()).toBe(+noon - 2 * dayMs)
  })

  test('show a name with tags in it as text, also in readers that show HTML', async () => {
    const name = '<img src=x onerror=alert(1)>&amp;'
    const monitor = await addMonitor(database.db, name, { state: 'down' })
    await addPage(database.db, [monitor], { title: name })
    await addOutage(monitor, +noon - 10 * 60_000, null)
    const { get } = startStatusPage(database.db)
    const textOf = async (kind: string) => (await get(`/status/acme/feed.${kind}?lang=en`)).text
    const escaped = '&lt;img src=x onerror=alert(1)&gt;&amp;amp;'
    const rss = await textOf('rss')
    expect(rss).toContain(`<title><![CDATA[${escaped} is down]]></title>`)
    expect(rss).toContain(`<description><![CDATA[${escaped} is down. `)
    const atom = await textOf('atom')
    expect(atom).toContain(`<title type="html"><![CDATA[${escaped} is down]]></title>`)
    expect(atom).toContain(`<summary type="html"><![CDATA[${escaped} is down. `)
    for (const feed of [rss, atom]) expect(feed).not.toContain('<img')
    const { items } = JSON.parse(await textOf('json'))
    expect(items[0]).toMatchObject({ title: `${name} is down`, content_html: expect.stringContaining(escaped) })
  })

  test('have links without a host if the address on the internet is not known', async () => {
    const monitor = await addMonitor(database.db, 'Loja', { state: 'down' })
    await addPage(database.db, [monitor])
    await addOutage(monitor, +noon - 10 * 60_000, null)
    const { get } = startStatusPage(database.db, '/status')
    for (const kind of ['rss', 'atom', 'json']) {
      const { status, text } = await get(`/status/acme/feed.${kind}`)
      expect(status).toBe(200)
      expect(text).toContain(`"/status/acme/feed.${kind}"`)
      expect(text).not.toContain('host.invalid')
    }
    expect((await get('/status/acme/maintenance.ics')).status).toBe(200)
  })

  test('of a page without outages are valid and empty, and the same outages are the same feed', async () => {
    await addPage(database.db, [await addMonitor(database.db, 'Loja')])
    const { get, time } = startStatusPage(database.db)
    const first = await get('/status/acme/feed.atom')
    expect(parseAtomFeed(first.text).entries ?? []).toEqual([])
    time.now = new Date(+noon + hourMs)
    expect((await get('/status/acme/feed.atom')).headers.etag).toBe(first.headers.etag)
  })
})

test('maintenance is a calendar that another library reads', async () => {
  const monitor = await addMonitor(database.db, hostile)
  await addPage(database.db, [monitor])
  const add = (title: string, monitorId: number | null, from: number) =>
    maintenanceIn(database.db).add(
      { chatId, monitorId, groupName: null, title, startsAt: new Date(from), endsAt: new Date(from + hourMs) },
      noon,
    )
  await add(hostile.repeat(4), null, +noon + dayMs)
  await add('', monitor, +noon - dayMs)
  const { text, headers } = await startStatusPage(database.db).get('/status/acme/maintenance.ics?lang=en')
  expect(headers['content-type']).toBe('text/calendar; charset=utf-8')
  expect(text.split('\r\n').every(line => Buffer.byteLength(line) <= 75)).toBe(true)
  const calendar = new ICAL.Component(ICAL.parse(text))
  const events = calendar.getAllSubcomponents('vevent').map(each => new ICAL.Event(each))
  expect(events.map(({ summary, startDate, endDate }) => [summary, startDate.toJSDate(), endDate.toJSDate()])).toEqual([
    [`Maintenance: ${shown}`, new Date(+noon - dayMs), new Date(+noon - dayMs + hourMs)],
    [shown.repeat(4), new Date(+noon + dayMs), new Date(+noon + dayMs + hourMs)],
  ])
  expect(new Set(events.map(({ uid }) => uid)).size).toBe(2)
})

test('maintenance of a group has the name that the page gives the group', async () => {
  const monitor = await addMonitor(database.db, 'Loja', { group: 'customer-acme-internal' })
  await addPage(database.db, [monitor], { components: [{ monitorId: monitor, name: null, group: 'Vendas' }] })
  const window = { chatId, monitorId: null, groupName: 'customer-acme-internal', title: '' }
  await maintenanceIn(database.db).add(
    { ...window, startsAt: new Date(+noon + dayMs), endsAt: new Date(+noon + dayMs + hourMs) },
    noon,
  )
  const { get } = startStatusPage(database.db)
  for (const path of ['', '/maintenance.ics']) {
    const { text } = await get(`/status/acme${path}`)
    expect(text).toContain('Vendas')
    expect(text).not.toContain('internal')
  }
})

describe('a badge', () => {
  const widthOf = (svg: string) => Number(/<svg[^>]* width="([\d.]+)"/.exec(svg)![1])
  const difference = (label: string, message: string) =>
    Math.abs(
      widthOf(badgeSvg({ label, message, color: 'green' })) - widthOf(makeBadge({ label, message, color: 'green' })),
    )

  test.each([
    ['status', 'up'],
    ['Loja da Ana', 'fora do ar'],
    ['Padaria São João · 90 dias', '99,98%'],
    ['WWWWWWWWWW', 'iiiiiiiiii'],
    ['api.example.org', '1 of 12 down'],
    ['x', '1.204 ms'],
    ['Оплата картой', 'Ελληνικά'],
    ['決済サービス（本番）', '中文 ｶﾀｶﾅ'],
    ['نظام الدفع', 'שרת ראשי'],
    ['भुगतान ชำระเงิน', '결제 🧪🛰️'],
    ['→ “API” – 5 € ½ ™', '≤ 10 ‰ …'],
  ])('%s: %s is as wide as that of badge-maker', (label, message) => {
    expect(difference(label, message)).toBeLessThanOrEqual(2)
  })

  test('is as wide as that of badge-maker for generated texts of every script', () => {
    const character = fc
      .oneof(
        fc.integer({ min: 0x20, max: 0x52f }),
        fc.integer({ min: 0x20, max: 0xffef }),
        fc.integer({ min: 0x1f300, max: 0x1faff }),
      )
      .map(code => String.fromCodePoint(code))
      // Characters that a badge leaves out, and halves of pairs.
      .filter(text => escapeHtml(text) !== '' && /^[^\p{C}\p{Z}]$/u.test(text.normalize('NFC')))
    const text = fc.array(character, { minLength: 1, maxLength: 40 }).map(letters => letters.join('').normalize('NFC'))
    fc.assert(fc.property(text, text, (label, message) => difference(label, message) <= 2))
  })

  test('says the state, the uptime, the response time and the days of the certificate', async () => {
    const { db } = database
    const monitor = await addMonitor(db, 'Loja')
    await addHours(db, monitor, [{ ok: 57, failed: 3, totalMs: 57 * 250 }])
    await db.query('update monitor set certificate_expires_at = $2 where id = $1', [
      monitor,
      new Date(+noon + 12.5 * dayMs),
    ])
    await addPage(db, [monitor], { language: 'en' })
    const { get } = startStatusPage(db)
    const badge = async (path: string) => JSON.parse((await get(`/status/acme/${path}`)).text)
    expect(await badge('state.json')).toEqual({
      ...{ schemaVersion: 1, label: 'Acme', message: 'operational', color: '2e7d32', cacheSeconds: 60 },
    })
    expect(await badge(`${monitor}/state.json?lang=pt-BR`)).toMatchObject({ label: 'Loja', message: 'funcionando' })
    expect(await badge(`${monitor}/uptime.json?range=24h`)).toMatchObject({ label: 'Loja · 24 hours', message: '95%' })
    expect(await badge('uptime.json')).toMatchObject({ label: 'Acme · 90 days', message: '95%', color: '8a5d00' })
    expect(await badge(`${monitor}/response.json`)).toMatchObject({ message: '250 ms' })
    expect(await badge(`${monitor}/certificate.json`)).toMatchObject({ message: '12 days', color: '8a5d00' })
    await db.query(`update monitor set state = 'down'`)
    const other = startStatusPage(db)
    expect(JSON.parse((await other.get('/status/acme/state.json')).text)).toMatchObject({ message: '1 of 1 down' })
  })

  test('is a picture with the texts as text, also of hostile names', async () => {
    const monitor = await addMonitor(database.db, hostile)
    await addPage(database.db, [monitor])
    const { get } = startStatusPage(database.db)
    const { text, headers } = await get(`/status/acme/${monitor}/state.svg`)
    expect(headers).toMatchObject({
      'content-type': 'image/svg+xml; charset=utf-8',
      'access-control-allow-origin': '*',
    })
    expect(headers['cache-control']).toMatch(/^public, max-age=60,/)
    expect(text).not.toContain('<script')
    expect(text).toContain('<title>&lt;/text&gt;')
  })

  test('that does not exist is not found, and neither is a badge of a secret page by its slug', async () => {
    const monitor = await addMonitor(database.db, 'Loja')
    const { secret } = await addPage(database.db, [monitor], { access: 'link' })
    const { get } = startStatusPage(database.db)
    for (const path of ['acme/state.svg', 'acme/feed.rss', `acme/${monitor}/state.svg`, `p/${secret}/certificate.svg`])
      expect((await get(`/status/${path}`)).status).toBe(404)
    for (const path of [
      `p/${secret}/state.png`,
      `p/${secret}/feed.xml`,
      `p/${secret}/${monitor}/feed.rss`,
      `p/${secret}/x.svg`,
    ])
      expect((await get(`/status/${path}`)).status).toBe(404)
    expect((await get(`/status/p/${secret}/state.svg`)).headers['cache-control']).toMatch(/^private,/)
  })
})
