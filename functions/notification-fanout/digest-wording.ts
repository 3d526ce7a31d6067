import type { Language } from '#database/chats/language.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { capitalised, dayOf, sayDate } from '#functions/wording/dates.ts'
import { distinctionsBetween } from '#functions/wording/namesakes.ts'
import { episodeName, sayEpisodes, sayShow } from '#functions/wording/series.ts'
import { tellClockOfDay } from '#functions/wording/times.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import type { NotifiableData } from './notifiable-event.ts'
import { sayNews } from './series-change-wording.ts'
import type { Recipient, Wording } from './shared-wording.ts'

type Digest = NotifiableData<'episode.digest'>

const titles: Record<Digest['why'], Record<Language, string>> = {
  daily: { 'pt-BR': '🗓 Seu resumo do dia', en: '🗓 Your day in series' },
  weekly: { 'pt-BR': '🗓 Seu resumo da semana', en: '🗓 Your week in series' },
  quiet: { 'pt-BR': '🌙 Enquanto você descansava', en: '🌙 While it was quiet' },
}

const words: Record<Language, { hourUnknown: string; more: (count: number) => string; days: string; data: string }> = {
  'pt-BR': {
    hourUnknown: 'horário não divulgado',
    more: count => `… e mais ${count}`,
    days: 'Dias',
    data: 'Dados: TVmaze',
  },
  en: { hourUnknown: 'time not announced', more: count => `… and ${count} more`, days: 'Days', data: 'Data: TVmaze' },
}

/** Telegram formats about 100 pieces of a message, and a line has three of them: the time, the link, the bold name. */
const maxLines = 30

/** The message about everything that a chat is told at once, by day, with the news of the quiet hours. */
export const episodeDigest = ({ why, shows, news = [] }: Digest, recipient: Recipient, now: Date): Wording => {
  const { language, zone } = recipient
  const today = dayOf(now, zone)
  const distinctions = distinctionsBetween(
    shows.map(({ show: { premiered = null, ...show } }) => ({ ...show, premiered })),
  )
  const listed = shows.slice(0, maxLines)
  const byDay = Map.groupBy(listed, ({ episodes: [first] }) => dayOfEpisode(first!, zone))
  const days = [...byDay]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([day, ofDay]) =>
      joined([
        html`<b>${capitalised(sayDate(day, { language, today }))}</b>`,
        ...ofDay.map(each => line(each, recipient, distinctions)),
      ]),
    )
  return {
    html: String(
      joined(
        [
          html`<b>${titles[why][language]}</b>`,
          ...days,
          ...news.map(each => sayNews(each, recipient, now)),
          shows.length > listed.length && words[language].more(shows.length - listed.length),
          html`<i>${words[language].days}: ${sayZoneTime(zone, language)}. ${words[language].data}</i>`,
        ],
        '\n\n',
      ),
    ),
  }
}

const dayOfEpisode = ({ airstamp, airdate }: EventEpisode, zone: string) =>
  airstamp === null ? airdate : dayOf(airstamp, zone)

const line = (
  { show, episodes }: { show: EventShow; episodes: EventEpisode[] },
  { language, zone }: Recipient,
  distinctions: ReadonlyMap<number, string>,
): Html => {
  const [first] = episodes
  const name = episodes.length === 1 ? episodeName(first!) : null
  const distinction = distinctions.get(show.id)
  const hour = first!.airstamp === null ? null : tellClockOfDay(first!.airstamp, { language, zone })
  return html`• ${hour && html`${hour} `}<a href="${show.url}">${sayShow(show, language)}</a>${distinction && ` (${distinction})`} ${sayEpisodes(episodes, language)}${name && ` “${name}”`}${hour === null && html` <i>(${words[language].hourUnknown})</i>`}`
}
