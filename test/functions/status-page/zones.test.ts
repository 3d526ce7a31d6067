import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { visitorZone } from '#functions/status-page/html/visitor-zone.ts'
import { browserPath, desktop, startBrowser } from '#test/support/browser.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { startPageServer } from './page-server.ts'
import { addMonitor, addPage, noon, startStatusPage } from './support.ts'

/*
 * The same times are written by the function, for a visitor who chose a zone, and by the script, for a browser in that
 * zone. Both say the same.
 */

/** The beginning and the end of outages. The page is read on 21 November, at noon in São Paulo. */
const outages = [
  { from: '2026-11-21T14:00:00Z', to: '2026-11-21T14:30:00Z' },
  // In New York the clocks are set back on 1 November at 06:00 UTC.
  { from: '2026-11-01T05:30:00Z', to: '2026-11-01T05:40:00Z' },
  { from: '2026-11-01T06:30:00Z', to: '2026-11-01T06:40:00Z' },
  { from: '2026-11-01T07:30:00Z', to: '2026-11-01T07:40:00Z' },
  // In Lisbon the clocks are set back on 25 October at 01:00 UTC.
  { from: '2026-10-25T00:10:00Z', to: '2026-10-25T00:20:00Z' },
  { from: '2026-10-25T01:10:00Z', to: '2026-10-25T01:20:00Z' },
]

const cases = [
  {
    ...{ zone: 'America/New_York', language: 'en' },
    said: ['today · 9:00 AM', 'Sun, Nov 1 · 1:30 AM *-4', 'Sun, Nov 1 · 1:30 AM *-5', 'Sun, Nov 1 · 2:30 AM'],
  },
  {
    ...{ zone: 'Europe/Lisbon', language: 'pt-BR' },
    said: ['hoje · 14:00', 'dom., 25 out · 01:10 *+1', 'dom., 25 out · 01:10 *+0'],
  },
  { zone: 'Asia/Calcutta', language: 'en', said: ['today · 7:30 PM', 'Sun, Oct 25 · 5:40 AM'] },
  { zone: 'Pacific/Auckland', language: 'en', said: ['today · 3:00 AM', 'Sun, Nov 1 · 6:30 PM'] },
  { zone: 'UTC', language: 'en', said: ['today · 2:00 PM'] },
]

/** Offsets as both writers name them: UTC-4 of the function is GMT-4 of the script, and UTC+0 is GMT. */
const plain = (text: string) =>
  text
    .replace(/(\d+) de (\S+?)\.?(?= ·)/, '$1 $2')
    .replace(/(?:UTC|GMT)(?=[+-])/, '*')
    .replace(/GMT$/, '*+0')

let database: TestDatabase
let server: Awaited<ReturnType<typeof startPageServer>>
let get: ReturnType<typeof startStatusPage>['get']
beforeAll(async () => {
  database = await freshDatabase()
  const { db } = database
  await db.query('insert into chat (id) values (7)')
  const monitor = await addMonitor(db, 'Loja')
  for (const { from, to } of outages)
    await db.query(
      `insert into incident (monitor_id, opened_at, opened_cause, error, closed_at, closed_cause)
       values ($1, $2, 'x', 'timeout', $3, 'y')`,
      [monitor, from, to],
    )
  await addPage(db, [monitor])
  const page = startStatusPage(db)
  get = page.get
  server = await startPageServer(page)
})
afterAll(async () => {
  await server?.stop()
  await database?.end()
})

const timesIn = (text: string) => [...text.matchAll(/<time[^>]*>([^<]+)</g)].map(([, said]) => plain(said!))

describe.each(cases)('a visitor in $zone', ({ zone, language, said }) => {
  test('who chooses the zone reads the times of that zone, also when the clocks are set back', async () => {
    const { text } = await get(`/status/acme?zone=${zone}&lang=${language}`)
    expect(timesIn(text)).toEqual(expect.arrayContaining(said))
    expect(text).not.toContain('<script')
    expect(text).toContain(`<option value="${zone}" selected>`)
    expect(text).toContain(`href="acme?range=24h&amp;lang=${language}&amp;zone=${encodeURIComponent(zone)}"`)
  })

  test.skipIf(browserPath === undefined)('with JavaScript reads the same without a choice', async () => {
    const context = await browser.newContext({ ...desktop, locale: language, timezoneId: zone })
    try {
      const page = await context.newPage()
      await page.clock.setFixedTime(noon)
      await page.goto(`${server.url}/status/acme`)
      const times = (await page.locator('time').allTextContents()).map(plain)
      expect(times).toEqual(expect.arrayContaining(said))
      const line = await page.locator('#zone').textContent()
      expect(line).toMatch(
        language === 'en' ? /^Time zone: yours \((.*Time|UTC)\)\.$/ : /^Fuso dos horários: o seu \(Horário/,
      )
      expect(await page.locator('#days').isVisible()).toBe(true)
    } finally {
      await context.close()
    }
  })

  let browser: Browser
  beforeAll(async () => {
    if (browserPath !== undefined) browser = await startBrowser()
  })
  afterAll(() => browser?.close())
})

test('without JavaScript the page names its zone, and a form asks for another one by the address', async () => {
  const { text } = await get('/status/acme?lang=en&range=7d')
  expect(text).toContain('Time zone: Brasília time.')
  expect(timesIn(text)).toContain('today · 11:00 AM')
  expect(text).toMatch(/<form class="zone"><label for="zones">/)
  expect(text).toContain('<input type="hidden" name="range" value="7d"><input type="hidden" name="lang" value="en">')
  expect(text).toContain('<option value="Europe/Lisbon">Lisbon</option>')
})

test.each(['Mars/Olympus', '+03:00', 'Europe/Lisbon"><script>', 'x'.repeat(200), ''])(
  'the zone %j does not exist, so the page has its own',
  async zone => {
    const { text } = await get(`/status/acme?zone=${encodeURIComponent(zone)}`)
    expect(text).toContain('Fuso dos horários: horário de Brasília.')
  },
)

test('the days of the history are those of the page in every zone, and those of UTC in a year', async () => {
  const daysIn = async (query: string) => (await get(`/status/acme?lang=en&${query}`)).text
  expect(await daysIn('zone=Asia/Tokyo')).toContain('those of another zone: Brasília time.')
  expect(await daysIn('zone=America/Sao_Paulo')).toContain('<span id="days" data-zone="America/Sao_Paulo" hidden>')
  expect(await daysIn('zone=America/Sao_Paulo&range=365d')).toContain('<span id="days" data-zone="UTC">')
})

test('the script has at most one kilobyte', () => {
  expect(Buffer.byteLength(visitorZone)).toBeLessThanOrEqual(1_024)
})
