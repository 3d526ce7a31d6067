import pino from 'pino'
import type { Postgres } from '#database/connect.ts'
import type { Mongo } from '#database/mongo.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { looksIn } from '#database/series/looks.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { seenIn } from '#database/series/seen.ts'
import { seriesNamesIn } from '#database/series/series-names.ts'
import type { Show } from '#database/series/show.ts'
import { type TvmazeCaller, tvmazeBudgetIn } from '#database/series/tvmaze-budget.ts'
import { rootCause } from '#events/event.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { TvmazeUnavailable } from '#functions/tvmaze/errors.ts'
import { startTvmaze, type TvmazeSimulator } from '#simulators/tvmaze.ts'
import { randomFrom } from '#test/journeys/kill-rounds.ts'
import { virtualTime } from './virtual-time.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const firstShowId = 1_000

export interface Load {
  followedSeries: number
  hours: number
  /** TVmaze's edits of followed series in a day. */
  editsPerDay: number
  /** The followed series with an episode in a day. */
  airingsPerDay: number
  searchesPerHour: number
  /** The persons who search within one second, once an hour. */
  burst: number
}

export interface Outcome {
  /** Calls in each hour, of the rounds and of searches. */
  callsPerHour: { rounds: number; searches: number }[]
  /** The highest number of calls in any ten seconds. */
  mostInTenSeconds: number
  /** The calls that TVmaze refused with 429. */
  refusedCalls: number
  edits: number
  /** From each edit at TVmaze until the catalogue has it, in minutes, ascending; edits that it lacks are not in it. */
  agesMinutes: number[]
  searches: number
  /** Searches that got no result, because the wait would have been too long. */
  unansweredSearches: number
  longestSearchWaitMs: number
}

/**
 * Runs series-refresher for some hours on a virtual clock, while TVmaze edits shows and persons search. TVmaze answers
 * from a cache of an hour, and refuses more than 20 calls in ten seconds.
 */
export const simulateRefresher = async (
  { db, mongo }: { db: Postgres; mongo: Mongo },
  load: Load,
  log: (line: string) => void = () => {},
): Promise<Outcome> => {
  const start = new Date('2026-11-21T18:02:00Z')
  const time = virtualTime(start)
  const random = randomFrom(14)
  const simulator = await startTvmaze({ clock: time.now, edgeCache: true })
  const ids = Array.from({ length: load.followedSeries }, (_, index) => firstShowId + index)
  const airingsPerSeries = load.airingsPerDay / load.followedSeries
  await fill(simulator, { db, mongo }, ids, airingsPerSeries, start, random)
  log(`${ids.length} series are followed`)

  const end = new Date(start.getTime() + load.hours * hourMs)
  const spread = (count: number, task: (at: Date) => void) => {
    for (let each = 0; each < count; each++)
      task(new Date(start.getTime() + Math.floor(random() * (end.getTime() - start.getTime()))))
  }

  const edits = new Map<number, number[]>()
  const agesMinutes: number[] = []
  const catalogue = catalogueIn(mongo)
  const keep = async (show: Show) => {
    await catalogue.keep(show)
    const known = (edits.get(show._id) ?? []).filter(atS => atS <= show.updated)
    agesMinutes.push(...known.map(atS => (time.now().getTime() / 1_000 - atS) / 60))
    edits.set(
      show._id,
      (edits.get(show._id) ?? []).filter(atS => atS > show.updated),
    )
  }
  let editCount = 0
  spread(Math.round((load.editsPerDay * load.hours) / 24), at =>
    time.startAt(at, async () => {
      const id = ids[Math.floor(random() * ids.length)]!
      simulator.editShow(id, { summary: `<p>${editCount++}</p>` })
      edits.set(id, [...(edits.get(id) ?? []), simulator.show(id)!.updated])
    }),
  )

  const clientFor = (caller: TvmazeCaller, longestWaitMs: number, attempts: number) => {
    const budget = tvmazeBudgetIn(db, time.now)
    return tvmaze(simulator.url, {
      ...{ clock: time.now, wait: time.wait, longestWaitMs, attempts },
      budget: { take: () => budget.take(caller), pause: budget.pause },
    })
  }
  const forRound = clientFor('round', 60_000, 3)
  const forPerson = clientFor('person', 5_500, 2)
  const dependencies = {
    ...{ tvmaze: forRound, catalogue: { ...catalogue, keep }, follows: followsIn(db), clock: time.now },
    ...{ announcements: announcementsIn(db), cursors: cursorsIn(db), looks: looksIn(db), seen: seenIn(db) },
    ...{ missingShows: missingShowsIn(db), noticeSettings: noticeSettingsIn(db), seriesNames: seriesNamesIn(db) },
    ...{ skippedRecords: skippedRecordsIn(db), publish: async () => {}, log: pino({ level: 'silent' }) },
  }
  for (let at = start.getTime() + 5 * minuteMs; at < end.getTime(); at += 10 * minuteMs)
    time.startAt(new Date(at), async () => {
      await seriesRefresher(rootCause(`tick-${at}`), dependencies)
      log(`${time.now().toISOString()}: ${simulator.calls().length} calls, ${agesMinutes.length} of ${editCount} edits`)
    })

  const waitsMs: number[] = []
  let unansweredSearches = 0
  const search = async () => {
    const began = time.now().getTime()
    try {
      // Every search has another name, so that none is answered from the cache.
      await forPerson.search(`series ${waitsMs.length} ${random()}`)
    } catch (error) {
      if (!(error instanceof TvmazeUnavailable)) throw error
      unansweredSearches++
    }
    waitsMs.push(time.now().getTime() - began)
  }
  spread(load.searchesPerHour * load.hours, at => time.startAt(at, search))
  for (let hour = 0; hour < load.hours; hour++)
    for (let person = 0; person < load.burst; person++)
      time.startAt(new Date(start.getTime() + hour * hourMs + 7 * minuteMs + person), search)

  try {
    await time.run()
  } finally {
    await simulator.stop()
  }
  const calls = simulator.calls()
  const callsPerHour = Array.from({ length: load.hours }, (_, hour) => {
    const inHour = calls.filter(({ at }) => Math.floor((at.getTime() - start.getTime()) / hourMs) === hour)
    const searches = inHour.filter(({ path }) => path.startsWith('/search')).length
    return { rounds: inHour.length - searches, searches }
  })
  const inTenSeconds = calls.map(({ at }, index) => {
    const from = calls.findIndex(call => call.at.getTime() > at.getTime() - 10_000)
    return index - from + 1
  })
  return {
    ...{ callsPerHour, agesMinutes: agesMinutes.sort((a, b) => a - b), edits: editCount, unansweredSearches },
    mostInTenSeconds: Math.max(0, ...inTenSeconds),
    refusedCalls: calls.filter(({ status }) => status === 429).length,
    searches: waitsMs.length,
    longestSearchWaitMs: Math.max(0, ...waitsMs),
  }
}

/** Fills TVmaze, the catalogue and the follows with the same series. Half of them have ended. */
const fill = async (
  simulator: TvmazeSimulator,
  { db, mongo }: { db: Postgres; mongo: Mongo },
  ids: readonly number[],
  airingsPerSeries: number,
  start: Date,
  random: () => number,
) => {
  const shows = await mongo.collection<Show>('show')
  const updated = Math.floor(start.getTime() / 1_000) - 86_400
  const documents = ids.map((id): Show => {
    const status = id % 2 === 0 ? 'Ended' : 'Running'
    const at = new Date(start.getTime() + Math.floor(random() * dayMs))
    const isAiring = status === 'Running' && random() < 2 * airingsPerSeries
    const { name, episodes } = simulator.addShow({
      ...{ id, name: `Série ${id}`, on: { br: 'Globo' }, status, updated },
      episodes: isAiring ? [{ airs: { at } }] : [],
    })
    const airs = episodes.map(({ airstamp }) => new Date(airstamp!).toISOString().replace('.000Z', 'Z'))
    return {
      ...{ _id: id, name, url: `https://www.tvmaze.com/shows/${id}`, image: null, channel: 'Globo', premiered: null },
      ...{ status, updated, imdb: null, thetvdb: null, names: { pt: null }, seasons: [], airs },
      episodes: episodes.map(({ id, name, season, number, type, airdate }, index) => ({
        ...{ id, name, season, number, type, airdate, airstamp: airs[index]! },
      })),
      // The last fetches were at any time of the longest time without an edit.
      fetchedAt: new Date(
        start.getTime() - Math.floor(random() * (status === 'Ended' ? 90 : 30) * dayMs),
      ).toISOString(),
    }
  })
  for (let at = 0; at < documents.length; at += 1_000) await shows.insertMany(documents.slice(at, at + 1_000))
  await db.query(`insert into chat (id) select generate_series(1, 100)`)
  await db.query(
    `insert into follow (chat_id, subject, followed_at)
     select 1 + id % 100, 'show/' || id, $2 from unnest($1::integer[]) id`,
    [ids, new Date(start.getTime() - dayMs)],
  )
  // The lists of the last hour and of the last week are known.
  const listAt = new Date(start.getTime() - hourMs).toISOString()
  await cursorsIn(db).advance('series-refresher', start, {
    ...{ listAt, completeTo: listAt, fullListAt: new Date(start.getTime() - dayMs).toISOString() },
  })
}
