import { beforeEach, describe, expect, test } from 'vitest'
import type { Figures } from '#database/operations/figures.ts'
import { databaseMetrics } from '#functions/database-metrics/database-metrics.ts'
import { readExposition } from '#test/support/exposition.ts'
import { noFigures, someFigures } from '#test/support/sample-figures.ts'

const start = Date.parse('2026-11-21T12:00:00Z')

let now: number
let reads: PromiseWithResolvers<Figures>[]
let pauses: PromiseWithResolvers<undefined>[]
let pausesMs: number[]
let failures: unknown[]
let scrape: () => Promise<string>

beforeEach(() => {
  now = start
  reads = []
  pauses = []
  pausesMs = []
  failures = []
  const pushed = <T>(list: PromiseWithResolvers<T>[]) => {
    const one = Promise.withResolvers<T>()
    list.push(one)
    return one.promise
  }
  scrape = databaseMetrics({
    figures: () => pushed(reads),
    clock: () => new Date(now),
    pause: ms => {
      pausesMs.push(ms)
      return pushed(pauses)
    },
    failed: error => failures.push(error),
  })
})

/** The values of a scrape, by metric and then by labels. */
const valuesIn = (text: string) =>
  Object.fromEntries([...readExposition(text)].map(([name, { samples }]) => [name, Object.fromEntries(samples)]))

/** Scrapes while PostgreSQL answers with these figures. */
const scrapeWith = async (found: Figures) => {
  const text = scrape()
  reads.at(-1)!.resolve(found)
  return text
}
const down = { vigia_database_up: { '': 0 } }

describe('a scrape', () => {
  test('gives every figure as a gauge', async () => {
    const text = await scrapeWith(someFigures)
    expect(valuesIn(text)).toEqual({
      vigia_database_up: { '': 1 },
      vigia_monitors: { 'state="new"': 1, 'state="up"': 5, 'state="down"': 3, 'state="paused"': 2 },
      vigia_sampled_checks: {
        'outcome="ok"': 90,
        'outcome="failed"': 8,
        'outcome="unknown"': 2,
        'outcome="missed"': 1,
      },
      vigia_sampled_late_checks: { '': 4 },
      vigia_check_lateness_seconds: {
        'percentile="50"': 0.02,
        'percentile="95"': 0.5,
        'percentile="99"': 0.9,
        'percentile="100"': 12.5,
      },
      vigia_missed_checks: { '': 9 },
      vigia_open_incidents: { '': 2 },
      vigia_outbox_messages: { 'state="waiting"': 4, 'state="sending"': 1 },
      vigia_outbox_oldest_message_age_seconds: { '': 90.5 },
      vigia_recent_messages: { 'outcome="in_time"': 12, 'outcome="late"': 2 },
      vigia_dead_letters: {
        'fingerprint="ab12cd34",trigger="a \\"quoted\\"\\\\name\\nof two lines"': 7,
        'fingerprint="other",trigger="other"': 3,
      },
      vigia_job_reached_timestamp_seconds: { 'job="probe-scheduler"': 1_795_262_422 },
      vigia_broker_unfinished_deliveries: { '': 6 },
      vigia_broker_oldest_delivery_age_seconds: { '': 3 },
    })
    expect([...readExposition(text).values()].map(({ type }) => type)).toEqual(Array(14).fill('gauge'))
  })

  test('of an empty database on a cluster gives zeros, and neither jobs nor deliveries', async () => {
    const values = valuesIn(await scrapeWith({ ...noFigures, deliveries: null }))
    const { vigia_database_up, ...others } = values
    expect(vigia_database_up).toEqual({ '': 1 })
    expect(Object.keys(others)).toHaveLength(10)
    for (const samples of Object.values(others)) expect(new Set(Object.values(samples))).toEqual(new Set([0]))
  })

  test('gives the age 0 if the clock of another machine is ahead', async () => {
    const oldestAt = new Date(start + 5_000)
    const values = valuesIn(await scrapeWith({ ...someFigures, outbox: { waiting: 1, sending: 0, oldestAt } }))
    expect(values.vigia_outbox_oldest_message_age_seconds).toEqual({ '': 0 })
  })
})

describe('PostgreSQL is read', () => {
  test('once for scrapes at the same time', async () => {
    const texts = Promise.all([scrape(), scrape(), scrape()])
    expect(reads).toHaveLength(1)
    reads[0]!.resolve(someFigures)
    expect(new Set(await texts).size).toBe(1)
  })

  test('not again within 30 seconds, and then again', async () => {
    const first = await scrapeWith(someFigures)
    now += 29_999
    expect(await scrape()).toBe(first)
    expect(reads).toHaveLength(1)
    now += 1
    expect(valuesIn(await scrapeWith({ ...someFigures, openIncidents: 5 })).vigia_open_incidents).toEqual({ '': 5 })
    expect(reads).toHaveLength(2)
  })

  test('again after the clock was set back by more than ten seconds', async () => {
    await scrapeWith(someFigures)
    now -= 60_000
    await scrapeWith(someFigures)
    expect(reads).toHaveLength(2)
  })
})

describe('while PostgreSQL is unavailable', () => {
  const scrapeFailing = (error: Error) => {
    const text = scrape()
    reads.at(-1)!.reject(error)
    return text
  }

  test('a scrape says only that, and no old figures', async () => {
    await scrapeWith(someFigures)
    now += 30_000
    expect(valuesIn(await scrapeFailing(new Error('ECONNREFUSED')))).toEqual(down)
  })

  test('PostgreSQL is not read more often, and its return is noticed after ten seconds', async () => {
    await scrapeFailing(new Error('ECONNREFUSED'))
    now += 9_999
    expect(valuesIn(await scrape())).toEqual(down)
    expect(reads).toHaveLength(1)
    now += 1
    expect(valuesIn(await scrapeWith(someFigures)).vigia_database_up).toEqual({ '': 1 })
  })

  test('only the first failure of an outage is reported', async () => {
    for (const word of ['first', 'second']) {
      await scrapeFailing(new Error(word))
      now += 10_000
    }
    await scrapeWith(someFigures)
    now += 30_000
    await scrapeFailing(new Error('third'))
    expect(failures).toEqual([new Error('first'), new Error('third')])
  })
})

test('a scrape waits less than two seconds for a slow PostgreSQL, and a later scrape gets the result without a second read', async () => {
  const slow = scrape()
  const impatient = scrape()
  for (const { resolve } of pauses) resolve(undefined)
  expect([valuesIn(await slow), valuesIn(await impatient)]).toEqual([down, down])
  for (const ms of pausesMs) expect(ms).toBeLessThan(2_000)
  const later = scrape()
  reads[0]!.resolve(someFigures)
  expect(valuesIn(await later).vigia_database_up).toEqual({ '': 1 })
  expect(reads).toHaveLength(1)
})
