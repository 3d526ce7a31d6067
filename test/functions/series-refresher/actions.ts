import { chatsIn } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import { followsIn } from '#database/series/follows.ts'
import { rootCause } from '#events/event.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import type { NewEpisode, NewShow } from '#simulators/tvmaze.ts'
import { HOUR, later, MINUTE, now, setNow } from './clock.ts'
import { database, dependencies, simulator } from './support.ts'

let ticks = 0
export const refresh = () => seriesRefresher(rootCause(`refresh-${ticks++}`), dependencies())
export const check = () => episodeChecker(rootCause(`check-${ticks++}`), dependencies())
/** Advances the clock in steps, and runs a tick of series-refresher and one of episode-checker after each step. */
export const until = async (end: Date, stepMs = HOUR) => {
  while (now < end) {
    setNow(new Date(Math.min(end.getTime(), now.getTime() + stepMs)))
    await refresh()
    await check()
  }
}

export const chat = async (id: number, zone = 'America/Sao_Paulo', language: Language = 'pt-BR') => {
  await chatsIn(database.db).upsert({ id, kind: 'private', language })
  await chatsIn(database.db).setZone(id, zone)
}
export const follow = (id: number, show: number, since = new Date('2026-01-01T00:00:00Z')) =>
  followsIn(database.db).follow(id, `show/${show}`, since, 'Farol')
/** Adds to the catalogue a series that chat 1 has followed for a long time. */
export const series = async (episodes: NewEpisode[], more: Partial<NewShow> = {}) => {
  await chat(1)
  const show = simulator.addShow({ name: 'Farol', on: { br: 'Globo' }, episodes, ...more })
  await follow(1, show.id)
  await refresh()
  await check()
  later(MINUTE)
  return show
}
