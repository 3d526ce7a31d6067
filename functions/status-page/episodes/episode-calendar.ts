import type { Catalogue } from '#database/series/catalogue.ts'
import type { CalendarEntry, CalendarOwner, EpisodeCalendars } from '#database/series/episode-calendars.ts'
import type { NoticeSettings } from '#database/series/notice-settings.ts'
import type { Clock } from '#functions/host/clock.ts'
import { asError } from '#functions/host/errors.ts'
import type { Logger } from '#functions/host/log.ts'
import { withTimeout } from '#functions/host/timeout.ts'
import { type RenderedPage, rendered } from '../render.ts'
import type { Cache } from '../response-cache.ts'
import { entriesOf, inOrder } from './calendar-entries.ts'

/** What a calendar program asks for. */
export interface CalendarRequest {
  secret: string
  premieresOnly: boolean
}

/** Parses `/status/c/<secret>/episodes.ics` and `/status/c/<secret>/premieres.ics`; null for other paths. */
export const parseCalendarRequest = (path: string): CalendarRequest | null => {
  const [, secret, file] = /^\/status\/c\/([\w-]{32})\/(episodes|premieres)\.ics$/.exec(path) ?? []
  return secret === undefined ? null : { secret, premieresOnly: file === 'premieres' }
}

export interface CalendarDependencies {
  calendars: Pick<EpisodeCalendars, 'entriesOf' | 'keep' | 'ownerOf'>
  noticeSettings: Pick<NoticeSettings, 'ofFollows'>
  catalogue: Pick<Catalogue, 'shows'>
  calendarCache: Cache<RenderedPage>
  clock: Clock
}

/**
 * The calendar of a chat. Null if no calendar has this secret: it was revoked, or never existed. While the catalogue is
 * unavailable, the calendar says what it said last.
 */
export const episodeCalendar = async (
  { secret, premieresOnly }: CalendarRequest,
  dependencies: CalendarDependencies,
  log: Pick<Logger, 'warn'>,
): Promise<RenderedPage | null> => {
  // The owner is asked for each time, so that a revoked address opens nothing from that moment on.
  const owner = await dependencies.calendars.ownerOf(secret)
  if (owner === null) return null
  const { language, chatId } = owner
  return dependencies.calendarCache(JSON.stringify([chatId, secret, language, premieresOnly]), async () => {
    const entries = await currentEntries(owner, dependencies, log)
    const { calendarFile } = await import('./calendar-file.ts')
    const text = calendarFile(entries, { language, premieresOnly })
    return rendered(text, { type: 'text/calendar; charset=utf-8', isHidden: true })
  })
}

const catalogueTimeoutMs = 10_000
/** How many series are in memory at once. */
const showsPerQuery = 100

const currentEntries = async (
  owner: CalendarOwner,
  dependencies: CalendarDependencies,
  log: Pick<Logger, 'warn'>,
): Promise<CalendarEntry[]> => {
  const { calendars } = dependencies
  const known = await calendars.entriesOf(owner.chatId)
  try {
    const entries = await readEntries(owner, known, dependencies)
    const isSame = JSON.stringify(entries) === JSON.stringify(known)
    // Of two readings at once, the later one shows what the earlier one has stored.
    return isSame || (await calendars.keep(owner, entries)) ? entries : await calendars.entriesOf(owner.chatId)
  } catch (error) {
    if (known.length === 0) throw error
    log.warn({ error: asError(error) }, 'the catalogue is unavailable; a calendar says what it said last')
    return known
  }
}

const readEntries = async (
  { chatId }: CalendarOwner,
  known: readonly CalendarEntry[],
  { noticeSettings, catalogue, clock }: CalendarDependencies,
): Promise<CalendarEntry[]> => {
  const settings = [...(await noticeSettings.ofFollows(chatId))]
  const knownOf = Map.groupBy(known, ({ show }) => show.id)
  const entries: CalendarEntry[] = []
  for (let at = 0; at < settings.length; at += showsPerQuery) {
    const batch = settings.slice(at, at + showsPerQuery)
    const query = catalogue.shows(batch.map(([id]) => id))
    const shows = await withTimeout(catalogueTimeoutMs, 'the query to the catalogue', query)
    const showOf = new Map(shows.map(show => [show._id, show]))
    for (const [id, setting] of batch) {
      const [show, knownOfShow = []] = [showOf.get(id), knownOf.get(id)]
      // A series that the catalogue lacks at the moment keeps its entries.
      entries.push(...(show === undefined ? knownOfShow : entriesOf({ show, setting }, knownOfShow, clock())))
    }
  }
  return inOrder(entries)
}
