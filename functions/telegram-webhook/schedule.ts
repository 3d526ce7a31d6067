import type { Upcoming } from '#database/series/catalogue.ts'
import { showIdOf } from '#database/series/follows.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { capitalised, dayOf, instantOf, sayClock, sayDate, sayZoneTime } from '#functions/wording/dates.ts'
import { distinctions, withNote } from '#functions/wording/namesakes.ts'
import { episodeName, sayEpisodes } from '#functions/wording/words.ts'
import type { Button, View } from './bot.ts'
import { fromCatalogue, type Turn } from './context.ts'
import { titleOf } from './episodes.ts'
import { pageOf, pageRow } from './pages.ts'

const A_PAGE = 20

/** The spans one can ask for; a button may say anything. */
const SHORT = 7
const LONG = 30

/** Episodes of one show at one time: a drop is one line. */
interface Slot {
  show: Upcoming['show']
  episodes: Upcoming['episode'][]
  /** `YYYY-MM-DD` in the chat's zone. */
  day: string
  /** null where only the date is known. */
  airstamp: string | null
}

/** By day and within it by hour, those without an hour first. */
const slotsOf = (found: readonly Upcoming[], zone: string): Slot[] => {
  const slots = new Map<string, Slot>()
  for (const { show, episode } of found) {
    const { airstamp, airdate } = episode
    const day = airstamp === null ? airdate : dayOf(airstamp, zone)
    const key = `${show._id} ${airstamp ?? airdate}`
    const slot = slots.get(key) ?? { show, episodes: [], day, airstamp }
    slot.episodes.push(episode)
    slots.set(key, slot)
  }
  return [...slots.values()].sort(
    (one, other) =>
      one.day.localeCompare(other.day) ||
      (one.airstamp ?? '').localeCompare(other.airstamp ?? '') ||
      one.show.name.localeCompare(other.show.name),
  )
}

/** What tells the shows of one name apart, by their ids. */
const notesOf = (slots: readonly Slot[], { chat }: Turn) =>
  distinctions(slots.map(({ show }) => ({ ...show, id: show._id, name: titleOf(show, chat) })))

const line = ({ chat, words }: Turn, { show, episodes, airstamp }: Slot, notes: Map<number, string>): Html => {
  const [only] = episodes
  const name = episodes.length === 1 && only ? episodeName(only) : null
  const clock = airstamp && sayClock(airstamp, chat)
  return html`${clock && `${clock} `}<a href="${show.url}">${withNote(titleOf(show, chat), notes.get(show._id))}</a> ${sayEpisodes(episodes, chat.language)}${
    name && ` “${name}”`
  }${airstamp === null && html` <i>(${words.hourUnknown})</i>`}`
}

const footer = ({ chat, words }: Turn) => words.zoneFooter(capitalised(sayZoneTime(chat.zone, chat.language)))

type Nothing = 'nothing followed' | 'catalogue down' | 'catalogue filling'

const found = async ({ desk, chat }: Turn, from: Date, to: Date): Promise<Slot[] | Nothing> => {
  const follows = await desk.follows.of(chat.id, 'show/')
  if (follows.length === 0) return 'nothing followed'
  const ids = follows.flatMap(({ subject }) => showIdOf(subject) ?? [])
  const answer = await fromCatalogue(desk, catalogue => catalogue.upcoming(ids, from, to, chat.zone))
  if (answer === null) return 'catalogue down'
  if (answer.found.length > 0) return slotsOf(answer.found, chat.zone)
  // Nothing is on, or nothing is known yet: a series just followed, a catalogue in memory after a start.
  const known = await fromCatalogue(desk, catalogue => catalogue.shows(ids))
  return (known?.found.length ?? 0) < ids.length ? 'catalogue filling' : []
}

const nothingToShow = ({ chat, words }: Turn, why: Nothing, again: Button): View => {
  if (why === 'catalogue down') return { html: words.catalogueDown(), buttons: [[again]] }
  if (why === 'catalogue filling') return { html: words.catalogueFilling(), buttons: [[again]] }
  return { html: chat.kind === 'private' ? words.seriesNone() : words.seriesNoneInGroup() }
}

/** What comes in the next 7 or 30 days, by day. */
export const upcoming = async (turn: Turn, asked: number, page: number): Promise<View> => {
  const { desk, chat, words } = turn
  const days = asked === LONG ? LONG : SHORT
  const now = desk.clock()
  const slots = await found(turn, now, new Date(now.getTime() + days * 86_400_000))
  if (typeof slots === 'string')
    return nothingToShow(turn, slots, { text: words.tryAgain, press: { act: 'upcoming', days, page } })
  const { items, at, pages } = pageOf(slots, page, A_PAGE)
  const other = days === SHORT ? LONG : SHORT
  const buttons: Button[][] = [
    ...pageRow(at, pages, to => ({ act: 'upcoming', days, page: to })),
    [{ text: words.showDays(other), press: { act: 'upcoming', days: other, page: 0 } }],
  ]
  if (items.length === 0) return { html: words.upcomingNone(days), buttons }
  const today = dayOf(now, chat.zone)
  const notes = notesOf(slots, turn)
  const byDay = Map.groupBy(items, ({ day }) => day)
  return {
    html: joined(
      [
        words.upcomingTitle(days),
        ...[...byDay].map(([day, those]) =>
          joined([
            html`<b>${capitalised(sayDate(day, { language: chat.language, today }))}</b>`,
            ...those.map(slot => line(turn, slot, notes)),
          ]),
        ),
        footer(turn),
      ],
      '\n\n',
    ),
    buttons,
  }
}

/** What is out today, by the chat's calendar: what was out this morning, too. */
export const today = async (turn: Turn): Promise<View> => {
  const { desk, chat, words } = turn
  const day = dayOf(desk.clock(), chat.zone)
  const tomorrow = Temporal.PlainDate.from(day).add({ days: 1 }).toString()
  const slots = await found(turn, instantOf(day, '00:00', chat.zone), instantOf(tomorrow, '00:00', chat.zone))
  if (typeof slots === 'string') return nothingToShow(turn, slots, { text: words.tryAgain, press: { act: 'today' } })
  const buttons: Button[][] = [[{ text: words.showDays(SHORT), press: { act: 'upcoming', days: SHORT, page: 0 } }]]
  if (slots.length === 0) return { html: words.todayNone(), buttons }
  const items = slots.slice(0, 2 * A_PAGE)
  const rest = slots.length - items.length
  const notes = notesOf(slots, turn)
  return {
    html: joined(
      [
        words.todayTitle(sayDate(day, { language: chat.language })),
        joined([...items.map(slot => line(turn, slot, notes)), rest > 0 && words.andMore(rest)]),
        footer(turn),
      ],
      '\n\n',
    ),
    buttons,
  }
}
