import type { EventEpisode, EventShow } from '#events/show.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { dayOf, sayDate } from '#functions/wording/dates.ts'
import { distinctionsBetween } from '#functions/wording/namesakes.ts'
import { episodeName, sayEpisodes, sayShow } from '#functions/wording/series.ts'
import type { NotifiableData } from './notifiable-event.ts'
import { type Recipient, sayWhen, type Texts, tvmazeButton, type Wording } from './shared-wording.ts'

const oneEpisodeOut = (which: Html, isToday: boolean): Texts => ({
  'pt-BR': html`${isToday ? 'Sai hoje um episódio novo' : 'Saiu episódio novo'}: ${which}`,
  en: html`${isToday ? 'A new episode comes out today' : 'A new episode is out'}: ${which}`,
})

const severalEpisodesOut = (which: Html, count: number, isToday: boolean): Texts => ({
  'pt-BR': html`${isToday ? 'Saem hoje' : 'Saíram'} ${count} episódios novos: ${which}`,
  en: html`${count} new episodes ${isToday ? 'come out today' : 'are out'}: ${which}`,
})

/** The message about episodes of one show that come out at the same instant. */
export const episodeDue = (
  { show, episodes }: NotifiableData<'episode.due'>,
  recipient: Recipient,
  now: Date,
): Wording => {
  const { language } = recipient
  const [first] = episodes as [EventEpisode, ...EventEpisode[]]
  const firstOfSeason = episodes.find(({ number }) => number === 1)
  const headline =
    firstOfSeason === undefined
      ? null
      : firstOfSeason.season === 1
        ? { 'pt-BR': html`🎬 Estreia da série`, en: html`🎬 Series premiere` }[language]
        : {
            // Some series use years as season numbers.
            'pt-BR': html`🎬 Estreia da ${firstOfSeason.season < 1000 ? `${firstOfSeason.season}ª temporada` : `temporada ${firstOfSeason.season}`}`,
            en: html`🎬 Premiere of season ${firstOfSeason.season}`,
          }[language]
  const which = joined([sayEpisodes(episodes, language), episodes.length === 1 && episodeName(first)], ' · ')
  // If the time is not known, the message is sent in the morning of that day, when the episode may not be out yet.
  const isToday = first.airstamp === null && first.airdate === dayOf(now, recipient.zone)
  const what =
    episodes.length === 1
      ? oneEpisodeOut(which, isToday)[language]
      : severalEpisodesOut(which, episodes.length, isToday)[language]
  return {
    html: String(
      joined([
        html`📺 ${sayShow(show, language)}`,
        what,
        headline,
        html`🗓 ${sayWhen(first, recipient, now)}`,
        show.channel !== null && html`▶️ ${show.channel}`,
      ]),
    ),
    ...(show.image === null ? {} : { photo: show.image }),
    buttons: tvmazeButton(show.url),
  }
}

/**
 * The message about episodes that came out without a message, because Vigia did not run or because TVmaze published the
 * date late.
 */
export const episodeMissed = (
  { shows, why }: NotifiableData<'episode.missed'>,
  recipient: Recipient,
  now: Date,
): Wording => {
  const { language, zone } = recipient
  const today = dayOf(now, zone)
  const distinctions = distinctionsBetween(shows.map(({ show }) => ({ ...show, premiered: null })))
  const distinctionOf = ({ id }: EventShow) => distinctions.has(id) && html` (${distinctions.get(id)})`
  const lines = shows.flatMap(({ show, episodes }) =>
    [...Map.groupBy(episodes, episode => (episode.airstamp === null ? episode.airdate : dayOf(episode.airstamp, zone)))]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(
        ([day, sameDay]) =>
          html`• <a href="${show.url}">${sayShow(show, language)}</a>${distinctionOf(show)} ${sayEpisodes(sameDay, language)} · ${sayDate(day, { language, today })}`,
      ),
  )
  if (why === 'late') {
    const texts: Texts = {
      'pt-BR': html`⏳ <b>Saiu sem aviso</b>
O TVmaze só agora informou a data:

${joined(lines)}

<i>Dados: TVmaze</i>`,
      en: html`⏳ <b>Already out</b>
TVmaze has only just published the date, so I could not tell you in time:

${joined(lines)}

<i>Data: TVmaze</i>`,
    }
    return { html: String(texts[language]) }
  }
  const texts: Texts = {
    'pt-BR': html`⏳ <b>Enquanto eu estava parado</b>
Fiquei um tempo sem funcionar e não avisei destes episódios:

${joined(lines)}

<i>Dados: TVmaze</i>`,
    en: html`⏳ <b>While I was away</b>
I was not running for a while, so I could not tell you when this came out:

${joined(lines)}

<i>Data: TVmaze</i>`,
  }
  return { html: String(texts[language]) }
}
