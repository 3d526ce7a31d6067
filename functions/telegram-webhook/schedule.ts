import { showIdOf } from '#database/series/follows.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { capitalised, dayOf, instantOf, sayClock, sayDate } from '#functions/wording/dates.ts'
import { distinctionsBetween, withDistinction } from '#functions/wording/namesakes.ts'
import { episodeName, sayEpisodes } from '#functions/wording/series.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import { type ChatContext, queryCatalogue } from './context.ts'
import { titleOf } from './episodes.ts'
import { pageOf, pageRow } from './pages.ts'
import type { Button, View } from './reply.ts'

const slotsPerPage = 20

/** The numbers of days that can be shown. A forged button press with another number gets the short list. */
const shortListDays = 7
const longListDays = 30

/** The episodes of one show at one time. They are one line of the list, even if a whole season comes out at once. */
interface Slot {
  show: Show
  episodes: Episode[]
  /** `YYYY-MM-DD` in the chat's zone. */
  day: string
  /** null if only the date is known. */
  airstamp: string | null
}

/** Whether the episode airs in [from, to). An episode without an hour belongs to its date in `zone`. */
const airsIn = (from: Date, to: Date, zone: string) => {
  const firstDay = dayOf(from, zone)
  const lastDay = dayOf(new Date(to.getTime() - 1), zone)
  return ({ airstamp, airdate }: Episode): boolean =>
    airstamp === null
      ? airdate >= firstDay && airdate <= lastDay
      : Date.parse(airstamp) >= from.getTime() && Date.parse(airstamp) < to.getTime()
}

const byNumber = (one: Episode, other: Episode) =>
  one.season - other.season || (one.number ?? Infinity) - (other.number ?? Infinity)

/** The slots of these shows in [from, to), by day, then by hour (without an hour first), then by name and number. */
export const slotsOf = (shows: readonly Show[], from: Date, to: Date, zone: string): Slot[] => {
  const slots = shows.flatMap(show => {
    const airing = show.episodes.filter(airsIn(from, to, zone)).sort(byNumber)
    return [...Map.groupBy(airing, ({ airstamp, airdate }) => airstamp ?? airdate).values()].map((episodes): Slot => {
      const { airstamp, airdate } = episodes[0]!
      return { show, episodes, day: airstamp === null ? airdate : dayOf(airstamp, zone), airstamp }
    })
  })
  return slots.sort(
    (one, other) =>
      one.day.localeCompare(other.day) ||
      (one.airstamp ?? '').localeCompare(other.airstamp ?? '') ||
      one.show.name.localeCompare(other.show.name) ||
      byNumber(one.episodes[0]!, other.episodes[0]!),
  )
}

/** The distinctions of shows with the same name. The keys are the ids of the shows. */
const distinctionsOf = (slots: readonly Slot[], { chat }: ChatContext) =>
  distinctionsBetween(slots.map(({ show }) => ({ ...show, id: show._id, name: titleOf(show, chat) })))

const line = (
  { chat, messages }: ChatContext,
  { show, episodes, airstamp }: Slot,
  distinctions: ReadonlyMap<number, string>,
): Html => {
  const [only] = episodes
  const name = episodes.length === 1 && only ? episodeName(only) : null
  const clock = airstamp && sayClock(airstamp, chat)
  return html`${clock && `${clock} `}<a href="${show.url}">${withDistinction(titleOf(show, chat), distinctions.get(show._id))}</a> ${sayEpisodes(episodes, chat.language)}${
    name && ` “${name}”`
  }${airstamp === null && html` <i>(${messages.hourUnknown})</i>`}`
}

const footer = ({ chat, messages }: ChatContext) =>
  messages.zoneFooter(capitalised(sayZoneTime(chat.zone, chat.language)))

/**
 * Why there are no slots to show: the chat follows nothing, MongoDB is unavailable, or shows are still to be fetched.
 */
type NoSlots = 'nothing followed' | 'catalogue down' | 'catalogue filling'

const slotsOfChat = async ({ deps, chat }: ChatContext, from: Date, to: Date): Promise<Slot[] | NoSlots> => {
  const follows = await deps.follows.of(chat.id, 'show/')
  if (follows.length === 0) return 'nothing followed'
  const ids = follows.flatMap(({ subject }) => showIdOf(subject) ?? [])
  const known = await queryCatalogue(deps, catalogue => catalogue.shows(ids))
  if (known === null) return 'catalogue down'
  const slots = slotsOf(known.found, from, to, chat.zone)
  // If the catalogue lacks some of the followed shows, an empty list does not mean that nothing airs. Shows are missing
  // after a new follow, and after a restart if MongoDB keeps its data only in memory.
  return slots.length === 0 && known.found.length < ids.length ? 'catalogue filling' : slots
}

const noSlotsView = ({ chat, messages }: ChatContext, reason: NoSlots, retryButton: Button): View => {
  if (reason === 'catalogue down') return { html: messages.catalogueDown(), buttons: [[retryButton]] }
  if (reason === 'catalogue filling') return { html: messages.catalogueFilling(), buttons: [[retryButton]] }
  return { html: chat.kind === 'private' ? messages.seriesNone() : messages.seriesNoneInGroup() }
}

/** The episodes of the next 7 or 30 days, by day. */
export const upcoming = async (context: ChatContext, wantedDays: number, page: number): Promise<View> => {
  const { deps, chat, messages } = context
  const days = wantedDays === longListDays ? longListDays : shortListDays
  const now = deps.clock()
  const slots = await slotsOfChat(context, now, new Date(now.getTime() + days * 86_400_000))
  if (typeof slots === 'string')
    return noSlotsView(context, slots, { text: messages.tryAgain, press: { act: 'upcoming', days, page } })
  const { items, at, pages } = pageOf(slots, page, slotsPerPage)
  const other = days === shortListDays ? longListDays : shortListDays
  const buttons: Button[][] = [
    ...pageRow(at, pages, to => ({ act: 'upcoming', days, page: to })),
    [{ text: messages.showDays(other), press: { act: 'upcoming', days: other, page: 0 } }],
  ]
  if (items.length === 0) return { html: messages.upcomingNone(days), buttons }
  const today = dayOf(now, chat.zone)
  const distinctions = distinctionsOf(slots, context)
  const byDay = Map.groupBy(items, ({ day }) => day)
  return {
    html: joined(
      [
        messages.upcomingTitle(days),
        ...[...byDay].map(([day, slotsOfDay]) =>
          joined([
            html`<b>${capitalised(sayDate(day, { language: chat.language, today }))}</b>`,
            ...slotsOfDay.map(slot => line(context, slot, distinctions)),
          ]),
        ),
        footer(context),
      ],
      '\n\n',
    ),
    buttons,
  }
}

/** The episodes of today in the chat's zone, also those that are out already. */
export const today = async (context: ChatContext): Promise<View> => {
  const { deps, chat, messages } = context
  const day = dayOf(deps.clock(), chat.zone)
  const tomorrow = Temporal.PlainDate.from(day).add({ days: 1 }).toString()
  const slots = await slotsOfChat(context, instantOf(day, '00:00', chat.zone), instantOf(tomorrow, '00:00', chat.zone))
  if (typeof slots === 'string')
    return noSlotsView(context, slots, { text: messages.tryAgain, press: { act: 'today' } })
  const buttons: Button[][] = [
    [{ text: messages.showDays(shortListDays), press: { act: 'upcoming', days: shortListDays, page: 0 } }],
  ]
  if (slots.length === 0) return { html: messages.todayNone(), buttons }
  const items = slots.slice(0, 2 * slotsPerPage)
  const rest = slots.length - items.length
  const distinctions = distinctionsOf(slots, context)
  return {
    html: joined(
      [
        messages.todayTitle(sayDate(day, { language: chat.language })),
        joined([...items.map(slot => line(context, slot, distinctions)), rest > 0 && messages.andMore(rest)]),
        footer(context),
      ],
      '\n\n',
    ),
    buttons,
  }
}
