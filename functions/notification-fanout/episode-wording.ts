import type { Language } from '#database/chats/language.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'
import { noticeButtons, numbersOf } from '#functions/notices/notice-buttons.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { capitalised, dayOf, sayDate } from '#functions/wording/dates.ts'
import { distinctionsBetween } from '#functions/wording/namesakes.ts'
import { episodeName, sayEpisodes, sayShow, showName } from '#functions/wording/series.ts'
import type { NotifiableData } from './notifiable-event.ts'
import { type Recipient, sayWhen, type Texts, type Wording } from './shared-wording.ts'

/** When episodes come out, seen from now: they are out, they come out today or tomorrow, or later. */
type When = 'out' | 'today' | 'tomorrow' | 'later'

const whenOf = ({ airstamp, airdate }: EventEpisode, { zone }: Recipient, now: Date): When => {
  if (airstamp !== null && Date.parse(airstamp) <= now.getTime()) return 'out'
  const today = dayOf(now, zone)
  const day = airstamp === null ? airdate : dayOf(airstamp, zone)
  // If the time is not known, the message is sent in the morning of that day, when the episode may not be out yet.
  if (day <= today) return airstamp === null && day < today ? 'out' : 'today'
  return day === Temporal.PlainDate.from(today).add({ days: 1 }).toString() ? 'tomorrow' : 'later'
}

const oneEpisode: Record<When, Record<Language, string>> = {
  out: { 'pt-BR': 'Saiu episódio novo', en: 'A new episode is out' },
  today: { 'pt-BR': 'Sai hoje um episódio novo', en: 'A new episode comes out today' },
  tomorrow: { 'pt-BR': 'Sai amanhã um episódio novo', en: 'A new episode comes out tomorrow' },
  later: { 'pt-BR': 'Vem aí um episódio novo', en: 'A new episode is coming' },
}

const severalEpisodes: Record<When, Record<Language, (count: number) => string>> = {
  out: { 'pt-BR': count => `Saíram ${count} episódios novos`, en: count => `${count} new episodes are out` },
  today: {
    'pt-BR': count => `Saem hoje ${count} episódios novos`,
    en: count => `${count} new episodes come out today`,
  },
  tomorrow: {
    'pt-BR': count => `Saem amanhã ${count} episódios novos`,
    en: count => `${count} new episodes come out tomorrow`,
  },
  later: { 'pt-BR': count => `Vêm aí ${count} episódios novos`, en: count => `${count} new episodes are coming` },
}

/** `2ª temporada`. Some series use years as season numbers. */
const saySeasonName = (season: number) => (season < 1000 ? `${season}ª temporada` : `temporada ${season}`)

/** That the season ends with these episodes; with the number of its episodes as soon as it is complete. */
const sayFinale = ({ season, episodes }: { season: number; episodes: number }, isOut: boolean): Texts =>
  isOut
    ? {
        'pt-BR': html`🏁 ${capitalised(saySeasonName(season))} completa: ${episodes} ${episodes === 1 ? 'episódio' : 'episódios'}`,
        en: html`🏁 Season ${season} is complete: ${episodes} ${episodes === 1 ? 'episode' : 'episodes'}`,
      }
    : { 'pt-BR': html`🏁 Último episódio da ${saySeasonName(season)}`, en: html`🏁 Last episode of season ${season}` }

/**
 * The message about episodes of one show that come out at the same instant. `botName` is the user name of the bot, for
 * the button that shares the show.
 */
export const episodeDue = (
  { show, episodes, finale, isReminder }: NotifiableData<'episode.due'>,
  recipient: Recipient,
  now: Date,
  botName: string | null,
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
            'pt-BR': html`🎬 Estreia da ${saySeasonName(firstOfSeason.season)}`,
            en: html`🎬 Premiere of season ${firstOfSeason.season}`,
          }[language]
  const which = joined([sayEpisodes(episodes, language), episodes.length === 1 && episodeName(first)], ' · ')
  const when = whenOf(first, recipient, now)
  const what = episodes.length === 1 ? oneEpisode[when][language] : severalEpisodes[when][language](episodes.length)
  return {
    html: String(
      joined([
        html`${isReminder === true && '⏰ '}📺 ${sayShow(show, language)}`,
        html`${what}: ${which}`,
        headline,
        finale !== undefined && sayFinale(finale, when === 'out')[language],
        html`🗓 ${sayWhen(first, recipient, now)}`,
        show.channel !== null && html`▶️ ${show.channel}`,
      ]),
    ),
    ...(show.image === null ? {} : { photo: show.image }),
    buttons: noticeButtons({ ...show, name: showName(show, language) }, numbersOf(episodes), { language, botName }).map(
      row => row.map(button => ('press' in button ? { text: button.text, data: encode(button.press) } : button)),
    ),
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
  const distinctions = distinctionsBetween(
    shows.map(({ show: { premiered = null, ...show } }) => ({ ...show, premiered })),
  )
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
