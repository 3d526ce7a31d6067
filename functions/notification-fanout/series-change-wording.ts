import { type Html, html, joined } from '#functions/telegram/html.ts'
import { episodeName, sayEpisode, sayShow } from '#functions/wording/series.ts'
import type { NotifiableData } from './notifiable-event.ts'
import { type Recipient, sayWhen, type Texts, tvmazeButton, type Wording } from './shared-wording.ts'

type SeriesChange = NotifiableData<'series.changed'>

/**
 * The message that a show was moved to other dates, ended, was merged with another, returned, or disappeared from
 * TVmaze.
 */
export const seriesChanged = (event: SeriesChange, recipient: Recipient, now: Date): Wording => ({
  html: String(sayNews(event, recipient, now)),
  buttons: tvmazeButton(event.show.url),
})

/** The text of that message. */
export const sayNews = (event: SeriesChange, recipient: Recipient, now: Date): Html =>
  textsFor(event, recipient, now)[recipient.language]

const textsFor = (event: SeriesChange, recipient: Recipient, now: Date): Texts => {
  const { change, show, formerName } = event
  const name = sayShow(show, recipient.language)
  switch (change) {
    case 'moved':
      return moved(event, recipient, now)
    case 'ended':
      return ended(event, recipient, now)
    case 'cancelled':
      return {
        'pt-BR': html`🏁 ${name} não foi renovada: a série acabou.
Se um dia ela voltar, eu aviso.`,
        en: html`🏁 ${name} was not renewed: the series is over.
If it ever returns, I will tell you.`,
      }
    case 'renewed':
      return {
        'pt-BR': html`🎉 ${name} foi renovada! Quando a nova temporada sair, eu aviso.`,
        en: html`🎉 ${name} has been renewed! I will tell you when the new season is out.`,
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

const moved = ({ show, episode, before }: SeriesChange, recipient: Recipient, now: Date): Texts => {
  const { language } = recipient
  const name = sayShow(show, language)
  const which = episode && joined([sayEpisode(episode, language), episodeName(episode)], ' · ')
  const oldDate = before && sayWhen(before, recipient, now)
  if (episode?.airdate === '' && episode.airstamp === null) {
    return {
      'pt-BR': joined([
        html`📆 ${name}`,
        html`O episódio ${which} foi adiado, sem nova data`,
        oldDate && html`antes: <s>${oldDate}</s>`,
      ]),
      en: joined([
        html`📆 ${name}`,
        html`${which} was postponed and has no new date yet`,
        oldDate && html`was: <s>${oldDate}</s>`,
      ]),
    }
  }
  const newDate = episode && sayWhen(episode, recipient, now)
  return {
    'pt-BR': joined([
      html`📆 ${name} mudou de data`,
      which,
      oldDate && html`antes: <s>${oldDate}</s>`,
      newDate && html`agora: ${newDate}`,
    ]),
    en: joined([
      html`📆 ${name} has a new date`,
      which,
      oldDate && html`was: <s>${oldDate}</s>`,
      newDate && html`now: ${newDate}`,
    ]),
  }
}

const ended = ({ show, episode }: SeriesChange, recipient: Recipient, now: Date): Texts => {
  const { language } = recipient
  const name = sayShow(show, language)
  if (episode) {
    const which = joined([sayEpisode(episode, language), episodeName(episode)], ' · ')
    const when = sayWhen(episode, recipient, now)
    return {
      'pt-BR': joined([html`🏁 ${name} está acabando. O último episódio previsto é este:`, which, html`🗓 ${when}`]),
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
