import { showIdOf } from '#database/series/follows.ts'
import { airsIn, type Slot, slotsOf, titleOf } from '#functions/series/slots.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { capitalised, dayOf, instantOf, sayDate } from '#functions/wording/dates.ts'
import { distinctionsBetween, withDistinction } from '#functions/wording/namesakes.ts'
import { episodeName, sayEpisodes } from '#functions/wording/series.ts'
import { tellClockOfDay } from '#functions/wording/times.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import { type ChatContext, queryCatalogue } from './context.ts'
import { pageOf, pageRow } from './pages.ts'
import type { Button, View } from './reply.ts'
import { nothingFollowed } from './series.ts'

const slotsPerPage = 20

/** The numbers of days that can be shown. A forged button press with another number gets the short list. */
const shortListDays = 7
const longListDays = 30

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
  const clock = airstamp && tellClockOfDay(airstamp, chat)
  return html`${clock && html`${clock} `}<a href="${show.url}">${withDistinction(titleOf(show, chat), distinctions.get(show._id))}</a> ${sayEpisodes(episodes, chat.language)}${
    name && ` “${name}”`
  }${airstamp === null && html` <i>(${messages.hourUnknown})</i>`}`
}

const footer = ({ chat, messages }: ChatContext) => messages.zoneFooter(sayZoneTime(chat.zone, chat.language))

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
  const slots = slotsOf(known.found, airsIn(from, to, chat.zone), chat.zone)
  // If the catalogue lacks some of the followed shows, an empty list does not mean that nothing airs. Shows are missing
  // after a new follow, and after a restart if MongoDB keeps its data only in memory.
  return slots.length === 0 && known.found.length < ids.length ? 'catalogue filling' : slots
}

const noSlotsView = (context: ChatContext, reason: NoSlots, retryButton: Button): View => {
  const { messages } = context
  if (reason === 'catalogue down') return { html: messages.catalogueDown(), buttons: [[retryButton]] }
  if (reason === 'catalogue filling') return { html: messages.catalogueFilling(), buttons: [[retryButton]] }
  return { html: nothingFollowed(context) }
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
