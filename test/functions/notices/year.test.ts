import { expect, test } from 'vitest'
import { defaultNoticeSetting, type NoticeSetting } from '#database/series/notice-settings.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { episodesAround, lookAt } from '#functions/notices/look.ts'
import { fateOfNews } from '#functions/notices/news.ts'
import { isFinale } from '#functions/notices/wanted.ts'
import { show } from '#test/support/catalogue-shows.ts'
import { clocksOfYear, toldAt, type ZoneClocks } from './year-model.ts'

// Clocks change on different days and by different steps; some zones have no summer time.
const zones = [
  ...['America/Sao_Paulo', 'America/Noronha', 'America/New_York', 'America/Los_Angeles', 'America/St_Johns'],
  ...['America/Anchorage', 'America/Havana', 'America/Santiago', 'America/Asuncion', 'Pacific/Honolulu'],
  ...['Europe/Lisbon', 'Europe/London', 'Europe/Berlin', 'Europe/Moscow', 'Atlantic/Azores', 'Africa/Casablanca'],
  ...['Africa/Cairo', 'Africa/Nairobi', 'Asia/Beirut', 'Asia/Tehran', 'Asia/Kolkata', 'Asia/Kathmandu'],
  ...['Asia/Shanghai', 'Asia/Tokyo', 'Australia/Adelaide', 'Australia/Lord_Howe', 'Pacific/Auckland'],
  ...['Pacific/Chatham', 'Pacific/Apia', 'Pacific/Kiritimati'],
]

const second = 1_000
const hour = 3_600_000
const day = 24 * hour
/** A leap year, with some days before and after it. */
const [begin, end] = [Date.UTC(2027, 11, 10), Date.UTC(2029, 0, 20)]
const followedAt = new Date(Date.UTC(2027, 11, 25))
const firstAiring = Date.UTC(2028, 0, 1)

/** Forty series with an episode each week, some at an instant and some only on a date, in seasons of 13. */
const shows: Show[] = Array.from({ length: 40 }, (_, index): Show => {
  const weekly = Array.from({ length: 52 }, (_, week) => firstAiring + week * 7 * day + (index % 7) * day)
  const hasHour = index % 4 !== 3
  const clock = ((index * 37) % 96) * (hour / 4)
  const special = {
    // The last second of the year where the series comes from, in two zones, and the leap day.
    0: Date.UTC(2028, 11, 31, 23, 59, 59),
    1: Date.UTC(2029, 0, 1, 2, 59, 59),
    2: Date.UTC(2028, 1, 29, 12),
    3: Date.UTC(2028, 1, 29),
  }[index]
  const times = [...weekly.map(at => at + (hasHour ? clock : 0)), ...(special === undefined ? [] : [special])].sort(
    (one, other) => one - other,
  )
  const episodes = times.map(
    (at, which): Episode => ({
      ...{ id: index * 100 + which + 1, name: `Episode ${which + 1}`, type: 'regular' },
      ...{ season: Math.floor(which / 13) + 1, number: (which % 13) + 1 },
      airdate: new Date(at).toISOString().slice(0, 10),
      airstamp: hasHour ? new Date(at).toISOString().replace('.000Z', 'Z') : null,
    }),
  )
  const seasons = [1, 2, 3, 4, 5].map(number => ({ number, episodes: 13 }))
  return { ...show(index + 1, `Show ${index + 1}`, episodes), seasons }
})

interface ModelChat {
  setting: NoticeSetting
  clocks: ZoneClocks
  show: Show
}

const settings: Partial<NoticeSetting>[] = [
  ...[{}, { timing: 'later' as const, laterHours: 5 }, { timing: 'hour' as const }, { timing: 'day' as const }],
  ...[
    { timing: 'daily' as const, digestHour: 18 },
    { timing: 'weekly' as const, digestHour: 7, digestWeekday: 3 },
  ],
  ...[{ episodes: 'premieres' as const }, { episodes: 'both' as const }, { episodes: 'finales' as const }],
  { mutedUntil: new Date('2028-03-26T01:00:00Z') },
]
const quietHours = [null, { from: 22 * 60, to: 8 * 60 }, { from: 60, to: 7 * 60 }, { from: 13 * 60, to: 15 * 60 + 30 }]

/** A thousand chats; the clocks of a zone are read once for all of them. */
const chatsOfYear = (): ModelChat[] => {
  const clocks = zones.map(zone => clocksOfYear(zone, begin, end))
  return Array.from({ length: 1_000 }, (_, index) => ({
    clocks: clocks[index % zones.length]!,
    show: shows[(index * 7) % shows.length]!,
    setting: {
      ...defaultNoticeSetting,
      ...settings[Math.floor(index / zones.length) % settings.length],
      quiet: quietHours[Math.floor(index / 7) % quietHours.length]!,
    },
  }))
}

const chats = chatsOfYear()

/** What the model says that the chat is told, by time. */
const expectedOf = ({ show, setting, clocks }: ModelChat): [number, number[]][] => {
  const told = show.episodes.flatMap(episode => {
    const at = toldAt(show, episode, setting, clocks)
    return at === null ? [] : [{ at, id: episode.id }]
  })
  return [...Map.groupBy(told, ({ at }) => at)]
    .map(([at, group]): [number, number[]] => [at, group.map(({ id }) => id)])
    .sort(([one], [other]) => one - other)
}

test('in a leap year 1,000 chats in 30 zones are told each episode once, at the second of the model', () => {
  const told = new Map<number, number>()
  const expected: number[] = []
  const wrong: string[] = []
  let finales = 0
  for (const chat of chats) {
    const { show, setting, clocks } = chat
    const known = new Set<number>()
    let [lastLook, toldUntil] = [followedAt, followedAt]
    const look = (at: number) => {
      const now = new Date(at)
      const follow = { zone: clocks.zone, followedAt, toldUntil, setting }
      const around = episodesAround(show, now)
      const found = lookAt(follow, { show, around }, ({ id }) => known.has(id), now, lastLook)
      for (const { episode } of found.due) {
        known.add(episode.id)
        told.set(episode.id, (told.get(episode.id) ?? 0) + 1)
        if (isFinale(show, episode)) finales++
      }
      toldUntil = found.toldUntil
      lastLook = now
      return { ids: found.due.map(({ episode }) => episode.id), missed: found.missed, nextAt: found.nextAt.getTime() }
    }
    const differs = (at: number, what: unknown) =>
      wrong.push(`${clocks.zone} ${new Date(at).toISOString()} ${JSON.stringify({ setting, what })}`)
    for (const [at, ids] of expectedOf(chat)) {
      expected.push(...ids)
      if (at - second > lastLook.getTime()) {
        const early = look(at - second)
        if (early.ids.length + early.missed.length > 0 || early.nextAt > at) differs(at - second, early)
      }
      const found = look(at)
      const isSame = found.ids.toSorted((one, other) => one - other).join() === ids.join()
      if (!isSame || found.missed.length > 0) differs(at, { found, ids })
    }
    expect(look(end - day).ids, 'nothing is left').toEqual([])
  }
  expect(wrong).toEqual([])
  expect([...told.values()].reduce((sum, count) => sum + count, 0)).toBe(expected.length)
  expect(expected.length).toBeGreaterThan(30_000)
  // Each season that is complete is said once to each chat that is told about its last episode.
  const isLast = new Set(
    shows.flatMap(({ episodes }) => episodes.filter(({ number }) => number === 13).map(({ id }) => id)),
  )
  expect(finales).toBe(expected.filter(id => isLast.has(id)).length)
  const dated = (date: string) => shows.flatMap(({ episodes }) => episodes.filter(({ airdate }) => airdate === date))
  for (const date of ['2028-02-29', '2028-12-31'])
    expect(
      dated(date).some(({ id }) => told.has(id)),
      date,
    ).toBe(true)
}, 300_000)

test('the news of the year is told once to each chat, after its quiet hours, and not while the series is muted', () => {
  const news = Array.from({ length: 24 }, (_, index) => firstAiring + index * 15 * day + index * 3 * hour)
  const counts = { told: 0, waited: 0, dropped: 0 }
  const expected = { told: 0, waited: 0, dropped: 0 }
  for (const { setting, clocks } of chats)
    for (const at of news) {
      const fateAt = (now: number) =>
        fateOfNews(setting, clocks.zone, new Date(now), { movedEpisode: null, schedules: [] })
      const isMuted = setting.mutedUntil !== null && at < setting.mutedUntil.getTime()
      const told = clocks.afterQuiet(at, setting.quiet)
      expected[isMuted ? 'dropped' : told === at ? 'told' : 'waited']++
      const fate = fateAt(at)
      if (typeof fate === 'string') counts[fate === 'tell' ? 'told' : 'dropped']++
      else {
        expect(fate.wait.getTime(), `${clocks.zone} ${new Date(at).toISOString()}`).toBe(told)
        expect(fateAt(told)).toBe('tell')
        counts.waited++
      }
    }
  expect(counts).toEqual(expected)
  expect(counts.waited).toBeGreaterThan(4_000)
}, 300_000)
