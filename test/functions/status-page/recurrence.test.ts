import ICAL from 'ical.js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { planWindows } from '#functions/outages/maintenance-windows.ts'
import { nextStart } from '#functions/outages/next-start.ts'
import { ruleOfCron } from '#functions/status-page/files/recurrence.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { addMonitor, addPage, chatId, dayMs, noon, startStatusPage } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7)')
})
afterAll(() => database.end())
beforeEach(() => database.db.query('truncate status_page, monitor, maintenance restart identity cascade'))

/** The calendar of a page with maintenance that repeats, as ical.js reads it. */
const calendarWith = async (cron: string, zone: string, now = noon) => {
  const { db } = database
  await addPage(db, [await addMonitor(db, 'Loja')])
  const plan = { chatId, monitorId: null, groupName: null, title: 'Backup', cron, zone, durationS: 5_400 }
  await maintenanceIn(db).add(plan, now)
  await planWindows(db, now)
  const page = startStatusPage(db)
  page.time.now = now
  const { text } = await page.get('/status/acme/maintenance.ics?lang=en')
  const calendar = new ICAL.Component(ICAL.parse(text))
  for (const component of calendar.getAllSubcomponents('vtimezone'))
    ICAL.TimezoneService.register(new ICAL.Timezone(component))
  return { text, events: calendar.getAllSubcomponents('vevent').map(each => new ICAL.Event(each)) }
}

/** The times of all events before a limit, as a calendar program computes them. */
const startsOf = (events: ICAL.Event[], before: Date): string[] => {
  const starts: string[] = []
  for (const event of events) {
    const times = event.iterator()
    for (let at = times.next(); at && at.toJSDate() < before; at = times.next())
      starts.push(at.toJSDate().toISOString())
  }
  return starts.toSorted()
}

const startsByCron = (cron: string, zone: string, before: Date): string[] => {
  const starts: string[] = []
  for (let at = nextStart({ cron, zone }, noon); at !== null && at < before; at = nextStart({ cron, zone }, at))
    starts.push(at.toISOString())
  return starts
}

describe('maintenance that repeats', () => {
  test.each([
    ['0 3 * * 2', 'America/Sao_Paulo', 'FREQ=WEEKLY;BYDAY=TU;BYHOUR=3;BYMINUTE=0'],
    ['30 22 * * *', 'America/New_York', 'FREQ=DAILY;BYHOUR=22;BYMINUTE=30'],
    ['0 4 1,15 * *', 'Europe/Lisbon', 'FREQ=MONTHLY;BYMONTHDAY=1,15;BYHOUR=4;BYMINUTE=0'],
    [
      '15,45 1 * 1-3 MON-FRI',
      'Pacific/Auckland',
      'FREQ=WEEKLY;BYMONTH=1,2,3;BYDAY=MO,TU,WE,TH,FR;BYHOUR=1;BYMINUTE=15,45',
    ],
    ['0 */6 * * 0,7', 'UTC', 'FREQ=WEEKLY;BYDAY=SU;BYHOUR=0,6,12,18;BYMINUTE=0'],
    ['0 5 31 * *', 'Asia/Kolkata', 'FREQ=MONTHLY;BYMONTHDAY=31;BYHOUR=5;BYMINUTE=0'],
  ])(
    'by %s in %s is one event with a rule that has the same times, also when clocks change',
    async (cron, zone, rule) => {
      const { text, events } = await calendarWith(cron, zone)
      expect(events).toHaveLength(1)
      expect(text.replaceAll(/\r\n /g, '')).toContain(`RRULE:${rule}\r\n`)
      expect(text).toMatch(zone === 'UTC' ? /DTSTART:\d+T\d+Z/ : new RegExp(`DTSTART;TZID=${zone}:`))
      const inThreeYears = new Date(+noon + 3 * 366 * dayMs)
      expect(startsOf(events, inThreeYears)).toEqual(startsByCron(cron, zone, inThreeYears))
      expect(events[0]!.duration.toSeconds()).toBe(5_400)
    },
  )

  test.each([
    // Cron takes the days of either field.
    '0 3 13 * 5',
    '0 3 L * *',
    '0 3 * * 5#2',
  ])('by %s, for which iCalendar has no single rule, has its next times as events', async cron => {
    expect(ruleOfCron(cron)).toBeNull()
    const { text, events } = await calendarWith(cron, 'America/Sao_Paulo')
    expect(text).not.toContain('RRULE')
    const times = startsOf(events, new Date(8.64e15))
    expect(times).toHaveLength(10)
    expect(times).toEqual(startsByCron(cron, 'America/Sao_Paulo', new Date(Date.parse(times[9]!) + 1)))
    expect(new Set(events.map(({ uid }) => uid)).size).toBe(10)
  })

  test('that begins at a time which the clocks skip has its next times as events', async () => {
    const before = new Date('2027-03-14T03:00:00Z')
    const { text, events } = await calendarWith('30 2 * * *', 'America/New_York', before)
    expect(text).not.toContain('RRULE')
    expect(events[0]!.startDate.toJSDate()).toEqual(nextStart({ cron: '30 2 * * *', zone: 'America/New_York' }, before))
  })

  test('keeps the time that was, and the rule begins with the next one', async () => {
    const cron = '0 11 * * *'
    const began = new Date('2026-11-21T13:30:00Z')
    await calendarWith(cron, 'America/Sao_Paulo', began)
    await planWindows(database.db, noon)
    const { text } = await startStatusPage(database.db).get('/status/acme/maintenance.ics')
    const events = new ICAL.Component(ICAL.parse(text)).getAllSubcomponents('vevent').map(each => new ICAL.Event(each))
    expect(events.map(event => [event.isRecurring(), event.startDate.toString()])).toEqual([
      [false, '2026-11-21T14:00:00Z'],
      [true, '2026-11-22T11:00:00'],
    ])
  })
})

test.each([
  '',
  '* * *',
  '0 3 * * * *',
  '60 3 * * *',
  '0 24 * * *',
  '0 3 0 * *',
  '5-1 3 * * *',
  '0 3 15W * *',
  'a 3 * * *',
])('the schedule "%s" has no rule', cron => {
  expect(ruleOfCron(cron)).toBeNull()
})
