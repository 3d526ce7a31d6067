import type { Chat } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import type { DataOf } from '#events/event.ts'
import { incidentEventId } from '#events/incident.ts'
import { MessageRequested } from '#events/message-requested.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { dayOf, sayDate, sayDuration, sayInstant, sayPeriod } from '#functions/wording/dates.ts'
import { distinctions } from '#functions/wording/namesakes.ts'
import { sayProbeError, sayProbeWarning } from '#functions/wording/probe-errors.ts'
import { episodeName, sayEpisode, sayEpisodes, sayShow } from '#functions/wording/series.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import type { News, NewsOf } from './news.ts'

/** Whom the words are for. */
export type Reader = Pick<Chat, 'id' | 'language' | 'zone'>

/** A message but for its address. */
export type Wording = Omit<DataOf<typeof MessageRequested>, 'chatId'>

type Words = Record<Language, Html>

/** What a reader is told of the news, in their language, by their clock. */
export const wording = (news: News, reader: Reader, now: Date): Wording => {
  switch (news.of) {
    case 'episode.due':
      return episodeDue(news.data, reader, now)
    case 'episode.missed':
      return episodeMissed(news.data, reader, now)
    case 'series.changed':
      return seriesChanged(news.data, reader, now)
    case 'monitor.down':
      return news.data.flapping ? flappingBegan(news.data, true, reader, now) : monitorDown(news.data, reader, now)
    case 'monitor.up':
      return news.data.flapping ? flappingBegan(news.data, false, reader, now) : monitorUp(news.data, reader, now)
    case 'monitor.steady':
      return monitorSteady(news.data, reader, now)
    case 'probe.finished':
      return probeFinished(news.data, reader)
    default:
      return news satisfies never
  }
}

// TVMaze's licence (CC BY-SA 4.0) asks for this link wherever its data is shown.
const tvmazeButton = (url: string) => [[{ text: 'TVmaze', url }]]

const checkButton = (monitor: number, language: Language) => [
  [{ text: { 'pt-BR': 'verificar agora', en: 'check now' }[language], data: encode({ act: 'check', monitor }) }],
]

/** When an episode comes: day and hour by the reader's clock, or only the date where nobody announced an hour. */
const sayWhen = (
  { airstamp, airdate }: Pick<EventEpisode, 'airstamp' | 'airdate'>,
  { language, zone }: Reader,
  now: Date,
): string => {
  if (airstamp !== null) return `${sayInstant(airstamp, { language, zone, now })} (${sayZoneTime(zone, language)})`
  if (airdate === '') return { 'pt-BR': 'ainda sem data', en: 'no date yet' }[language]
  const today = dayOf(now, zone)
  const near = sayDate(airdate, { language, today })
  const date = sayDate(airdate, { language })
  const day = airdate === today ? `${near} (${date})` : near
  return { 'pt-BR': `${day} · horário não divulgado`, en: `${day} · time not announced` }[language]
}

const oneIsOut = (which: Html, isToday: boolean): Words => ({
  'pt-BR': html`${isToday ? 'Sai hoje um episódio novo' : 'Saiu episódio novo'}: ${which}`,
  en: html`${isToday ? 'A new episode comes out today' : 'A new episode is out'}: ${which}`,
})

const severalAreOut = (which: Html, count: number, isToday: boolean): Words => ({
  'pt-BR': html`${isToday ? 'Saem hoje' : 'Saíram'} ${count} episódios novos: ${which}`,
  en: html`${count} new episodes ${isToday ? 'come out today' : 'are out'}: ${which}`,
})

const episodeDue = ({ show, episodes }: NewsOf<'episode.due'>, reader: Reader, now: Date): Wording => {
  const { language } = reader
  const [first] = episodes as [EventEpisode, ...EventEpisode[]]
  const opening = episodes.find(({ number }) => number === 1)
  const headline =
    opening === undefined
      ? null
      : opening.season === 1
        ? { 'pt-BR': html`🎬 Estreia da série`, en: html`🎬 Series premiere` }[language]
        : {
            // Some series number their seasons by the year.
            'pt-BR': html`🎬 Estreia da ${opening.season < 1000 ? `${opening.season}ª temporada` : `temporada ${opening.season}`}`,
            en: html`🎬 Premiere of season ${opening.season}`,
          }[language]
  const which = joined([sayEpisodes(episodes, language), episodes.length === 1 && episodeName(first)], ' · ')
  // Announced in the morning of a day without a known hour, the episode may still be to come.
  const isToday = first.airstamp === null && first.airdate === dayOf(now, reader.zone)
  const what =
    episodes.length === 1
      ? oneIsOut(which, isToday)[language]
      : severalAreOut(which, episodes.length, isToday)[language]
  return {
    html: String(
      joined([
        html`📺 ${sayShow(show, language)}`,
        what,
        headline,
        html`🗓 ${sayWhen(first, reader, now)}`,
        show.channel !== null && html`▶️ ${show.channel}`,
      ]),
    ),
    ...(show.image === null ? {} : { photo: show.image }),
    buttons: tvmazeButton(show.url),
  }
}

const episodeMissed = ({ shows, why }: NewsOf<'episode.missed'>, reader: Reader, now: Date): Wording => {
  const { language, zone } = reader
  const today = dayOf(now, zone)
  const notes = distinctions(shows.map(({ show }) => ({ ...show, premiered: null })))
  const noteOn = ({ id }: EventShow) => notes.has(id) && html` (${notes.get(id)})`
  const lines = shows.flatMap(({ show, episodes }) =>
    [...Map.groupBy(episodes, episode => (episode.airstamp === null ? episode.airdate : dayOf(episode.airstamp, zone)))]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(
        ([day, sameDay]) =>
          html`• <a href="${show.url}">${sayShow(show, language)}</a>${noteOn(show)} ${sayEpisodes(sameDay, language)} · ${sayDate(day, { language, today })}`,
      ),
  )
  if (why === 'late') {
    const words: Words = {
      'pt-BR': html`⏳ <b>Saiu sem aviso</b>
O TVmaze só agora informou a data:

${joined(lines)}

<i>Dados: TVmaze</i>`,
      en: html`⏳ <b>Already out</b>
TVmaze has only just published the date, so I could not tell you in time:

${joined(lines)}

<i>Data: TVmaze</i>`,
    }
    return { html: String(words[language]) }
  }
  const words: Words = {
    'pt-BR': html`⏳ <b>Enquanto eu estava parado</b>
Fiquei um tempo sem funcionar e não avisei destes episódios:

${joined(lines)}

<i>Dados: TVmaze</i>`,
    en: html`⏳ <b>While I was away</b>
I was not running for a while, so I could not tell you when this came out:

${joined(lines)}

<i>Data: TVmaze</i>`,
  }
  return { html: String(words[language]) }
}

const seriesChanged = (
  { change, show, episode, before, formerName }: NewsOf<'series.changed'>,
  reader: Reader,
  now: Date,
): Wording => {
  const { language } = reader
  const name = sayShow(show, language)
  const words = (): Words => {
    switch (change) {
      case 'moved': {
        const which = episode && joined([sayEpisode(episode, language), episodeName(episode)], ' · ')
        const then = before && sayWhen(before, reader, now)
        if (episode?.airdate === '' && episode.airstamp === null) {
          return {
            'pt-BR': joined([
              html`📆 ${name}`,
              html`O episódio ${which} foi adiado, sem nova data`,
              then && html`antes: <s>${then}</s>`,
            ]),
            en: joined([
              html`📆 ${name}`,
              html`${which} was postponed and has no new date yet`,
              then && html`was: <s>${then}</s>`,
            ]),
          }
        }
        const next = episode && sayWhen(episode, reader, now)
        return {
          'pt-BR': joined([
            html`📆 ${name} mudou de data`,
            which,
            then && html`antes: <s>${then}</s>`,
            next && html`agora: ${next}`,
          ]),
          en: joined([
            html`📆 ${name} has a new date`,
            which,
            then && html`was: <s>${then}</s>`,
            next && html`now: ${next}`,
          ]),
        }
      }
      case 'ended': {
        if (episode) {
          const which = joined([sayEpisode(episode, language), episodeName(episode)], ' · ')
          const when = sayWhen(episode, reader, now)
          return {
            'pt-BR': joined([
              html`🏁 ${name} está acabando. O último episódio previsto é este:`,
              which,
              html`🗓 ${when}`,
            ]),
            en: joined([html`🏁 ${name} is ending. This is the last episode planned:`, which, html`🗓 ${when}`]),
          }
        }
        return {
          'pt-BR': html`🏁 ${name} acabou: não há mais episódios previstos.
Se um dia a série voltar, eu aviso.`,
          en: html`🏁 ${name} has ended: no more episodes are planned.
If it ever returns, I will tell you.`,
        }
      }
      case 'merged':
        return {
          'pt-BR': html`📺 ${name} é o novo nome de <b>${formerName}</b> no TVmaze. Você continua seguindo a série.`,
          en: html`📺 <b>${formerName}</b> is now called ${name} on TVmaze. You still follow it.`,
        }
      case 'returned':
        return {
          'pt-BR': html`🎉 ${name} voltou! Vêm aí novos episódios, e eu aviso quando saírem.`,
          en: html`🎉 ${name} is back! New episodes are coming, and I will tell you when they are out.`,
        }
      case 'gone':
        return {
          'pt-BR': html`❓ ${name} não está mais no TVmaze, de onde vêm as datas, então não tenho como avisar de novos episódios.
Você continua seguindo a série. Se ela aparecer lá com outro cadastro, é só buscar pelo nome e seguir de novo.`,
          en: html`❓ ${name} is no longer on TVmaze, where the dates come from, so I cannot tell you about new episodes.
You still follow it. If it appears there again, search for its name and follow it again.`,
        }
      default:
        return change satisfies never
    }
  }
  return { html: String(words()[language]), buttons: tvmazeButton(show.url) }
}

const monitorDown = (
  { monitorId, name, url, since, sinceLate, status, error, lastOkAt }: NewsOf<'monitor.down'>,
  { language, zone }: Reader,
  now: Date,
): Wording => {
  const why = sayProbeError(error, language, status)
  const from = `${sayInstant(since, { language, zone, now })} (${sayZoneTime(zone, language)})`
  const lastOk = lastOkAt === null ? null : sayInstant(lastOkAt, { language, zone, now })
  const words: Words = {
    'pt-BR': joined([
      // What was never up has not gone down.
      html`🔴 <b>${name}</b> ${lastOk === null ? 'está fora do ar' : 'saiu do ar'}`,
      html`Motivo: ${why}`,
      sinceLate ? html`Detectado: ${from}; pode ter caído antes` : html`Desde: ${from}`,
      html`Última vez no ar: ${lastOk ?? 'nenhuma até agora'}`,
      html`<code>${url}</code>`,
    ]),
    en: joined([
      html`🔴 <b>${name}</b> is down`,
      html`Reason: ${why}`,
      sinceLate ? html`Seen down: ${from}; it may have gone down earlier` : html`Since: ${from}`,
      html`Last good answer: ${lastOk ?? 'none so far'}`,
      html`<code>${url}</code>`,
    ]),
  }
  return { html: String(words[language]), buttons: checkButton(monitorId, language) }
}

const monitorUp = (
  { incidentId, name, since, sinceLate, until, untilLate }: NewsOf<'monitor.up'>,
  { id, language, zone }: Reader,
  now: Date,
): Wording => {
  const duration = sayDuration(Date.parse(until) - Date.parse(since), language)
  const { from, to, sameDay } = sayPeriod(since, until, { language, zone, now })
  const at = (instant: string) => (sameDay ? `às ${instant}` : instant)
  const span = (one: string, between: string) => (from === to ? one : sameDay ? between : `${from} – ${to}`)
  // Of what began or ended while nobody looked only a bound of its length is known.
  const length = sinceLate ? (untilLate ? 'about' : 'least') : untilLate ? 'most' : 'exactly'
  const words: Words = {
    'pt-BR': html`🟢 <b>${name}</b> voltou ao ar
Ficou fora por ${{ exactly: '', least: 'pelo menos ', most: 'no máximo ', about: 'cerca de ' }[length]}${duration}: ${
      length === 'exactly'
        ? span(`às ${to}`, `das ${from} às ${to}`)
        : `${sinceLate ? 'visto fora do ar' : 'caiu'} ${at(from)}, ${untilLate ? 'visto no ar' : 'de volta'} ${at(to)}`
    }`,
    en: html`🟢 <b>${name}</b> is back up
It was down for ${{ exactly: '', least: 'at least ', most: 'at most ', about: 'about ' }[length]}${duration}: ${
      length === 'exactly'
        ? span(`at ${to}`, `from ${from} to ${to}`)
        : `${sinceLate ? 'seen down' : 'down since'} ${from}, ${untilLate ? 'seen up' : 'back'} ${to}`
    }`,
  }
  return {
    html: String(words[language]),
    // Whoever was woken by the bad news may sleep through the good one.
    silent: true,
    replyTo: MessageRequested.idFrom(incidentEventId(incidentId, 'monitor.down'), String(id)),
  }
}

/** From 1 % to 99 %, because a monitor that went down and up was neither up nor down all the time. */
const sayShare = (share: number, language: Language) =>
  new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(
    Math.min(Math.max(share, 0.01), 0.99),
  )

/** Told in place of the outage, or of its end, with which a monitor has changed too often. */
const flappingBegan = (
  { monitorId, name, url, status, error, flapping }: NewsOf<'monitor.down'> | NewsOf<'monitor.up'>,
  isDown: boolean,
  { language, zone }: Reader,
  now: Date,
): Wording => {
  const { since, changes } = flapping!
  const from = `${sayInstant(since, { language, zone, now })} (${sayZoneTime(zone, language)})`
  const why = sayProbeError(error, language, status)
  const words: Words = {
    'pt-BR': joined([
      html`🟠 <b>${name}</b> está oscilando: caiu ou voltou ${changes} vezes`,
      html`Desde: ${from}`,
      isDown ? html`Agora: fora do ar, ${why}` : html`Agora: no ar; última falha: ${why}`,
      html`Não vou avisar de cada mudança: aviso quando parar de oscilar.`,
      html`<code>${url}</code>`,
    ]),
    en: joined([
      html`🟠 <b>${name}</b> is flapping: it went down or came back ${changes} times`,
      html`Since: ${from}`,
      isDown ? html`Now: down, ${why}` : html`Now: up; last failure: ${why}`,
      html`I won't tell you about each change. I will tell you when it stops flapping.`,
      html`<code>${url}</code>`,
    ]),
  }
  return { html: String(words[language]), buttons: checkButton(monitorId, language) }
}

const monitorSteady = (
  { monitorId, name, url, since, changes, uptime, downSince, status, error }: NewsOf<'monitor.steady'>,
  { language, zone }: Reader,
  now: Date,
): Wording => {
  const [from, down] = [since, downSince].map(instant => instant && sayInstant(instant, { language, zone, now }))
  const why = sayProbeError(error, language, status)
  const share = sayShare(uptime, language)
  const isDown = downSince !== null
  const words: Words = {
    'pt-BR': joined([
      isDown
        ? html`🔴 <b>${name}</b> parou de oscilar e continua fora do ar`
        : html`🟢 <b>${name}</b> parou de oscilar e está no ar`,
      isDown && html`Motivo: ${why}`,
      isDown && html`Fora do ar desde: ${down}`,
      html`Caiu ou voltou ${changes} vezes desde ${from} (${sayZoneTime(zone, language)})`,
      html`Esteve no ar ${share} desse tempo`,
      isDown && html`<code>${url}</code>`,
    ]),
    en: joined([
      isDown
        ? html`🔴 <b>${name}</b> has stopped flapping and is still down`
        : html`🟢 <b>${name}</b> has stopped flapping and is up`,
      isDown && html`Reason: ${why}`,
      isDown && html`Down since: ${down}`,
      html`It went down or came back ${changes} times since ${from} (${sayZoneTime(zone, language)})`,
      html`It was up ${share} of that time`,
      isDown && html`<code>${url}</code>`,
    ]),
  }
  return {
    html: String(words[language]),
    ...(isDown ? { buttons: checkButton(monitorId, language) } : { silent: true }),
  }
}

const probeFinished = (
  { monitorId, name, url, reason, ok, status, error, totalMs, warning }: NewsOf<'probe.finished'>,
  { language }: Reader,
): Wording => {
  const took =
    totalMs < 1000 ? `${totalMs} ms` : `${(totalMs / 1000).toLocaleString(language, { maximumFractionDigits: 1 })} s`
  const why = error === null ? '' : sayProbeError(error, language, status)
  const answered = status === null ? '' : ` ${status}`
  const note =
    warning === undefined
      ? ''
      : html`
⚠️ ${sayProbeWarning(warning, language)}`
  const words = (): Words => {
    if (ok) {
      return {
        'pt-BR': html`🟢 <b>${name}</b> está no ar
Respondeu${answered} em ${took}${note}`,
        en: html`🟢 <b>${name}</b> is up
Answered${answered} in ${took}${note}`,
      }
    }
    if (error === 'not-checked') {
      return {
        'pt-BR': html`⚪ Não consegui verificar <b>${name}</b> agora, por um problema meu. Isso não diz nada sobre o site.`,
        en: html`⚪ I could not check <b>${name}</b> just now, because of a problem on my side. That says nothing about the site.`,
      }
    }
    if (reason === 'first') {
      return {
        'pt-BR': html`🟠 <b>${name}</b> não passou na primeira verificação: ${why}
Confira o endereço: <code>${url}</code>
Eu continuo vigiando.`,
        en: html`🟠 <b>${name}</b> did not pass its first check: ${why}
Please check the address: <code>${url}</code>
I will keep watching it.`,
      }
    }
    return {
      'pt-BR': html`🟠 <b>${name}</b> não passou na verificação: ${why}`,
      en: html`🟠 <b>${name}</b> did not pass the check: ${why}`,
    }
  }
  return { html: String(words()[language]), ...(ok ? {} : { buttons: checkButton(monitorId, language) }) }
}
