import type { Language } from '#database/chats/language.ts'
import type { Subscriber } from '#database/pages/subscribers.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { tellWindow } from '#functions/wording/times.ts'
import type { NotifiableData } from './notifiable-event.ts'
import { unsubscribeButton } from './page-post-wording.ts'
import type { Recipient, Texts, Wording } from './shared-wording.ts'

type Maintenance = NotifiableData<'maintenance.changed'>

/** The message that maintenance will start, has started or has ended. It makes no sound, because it was planned. */
export const maintenanceChanged = (data: Maintenance, recipient: Recipient, now: Date): Wording => {
  const { phase, title, startsAt, endsAt } = data
  const { language, zone } = recipient
  const named = title === '' ? null : html` <b>${title}</b>`
  const period = tellWindow(startsAt, endsAt, { language, zone, now })
  const texts: Record<Maintenance['phase'], Texts> = {
    announced: {
      'pt-BR': joined([
        html`🛠 Manutenção${named} marcada: ${period}`,
        sayScope(data, language),
        html`Durante a manutenção não aviso de quedas.`,
      ]),
      en: joined([
        html`🛠 Maintenance${named} is planned: ${period}`,
        sayScope(data, language),
        html`I won't report outages during maintenance.`,
      ]),
    },
    started: {
      'pt-BR': joined([
        html`🛠 Começou a manutenção${named}: ${period}`,
        sayScope(data, language),
        html`Até lá não aviso de quedas.`,
      ]),
      en: joined([
        html`🛠 Maintenance${named} has started: ${period}`,
        sayScope(data, language),
        html`I won't report outages until it ends.`,
      ]),
    },
    ended: {
      'pt-BR': joined([
        html`🛠 Terminou a manutenção${named}`,
        sayScope(data, language),
        html`Volto a avisar de quedas. O que continuar fora do ar, aviso em seguida.`,
      ]),
      en: joined([
        html`🛠 Maintenance${named} has ended`,
        sayScope(data, language),
        html`I report outages again, and next what is still down.`,
      ]),
    },
  }
  return { html: String(texts[phase][language]), silent: true }
}

/** The same for the subscribers of a page, with the names that the page gives the services. */
export const subscriberMaintenance = (data: Maintenance, subscriber: Subscriber, now: Date): Wording => {
  const { language, pageTitle, names, count } = subscriber
  const named = data.title === '' ? null : html` <b>${data.title}</b>`
  const period = tellWindow(data.startsAt, data.endsAt, { ...subscriber, now })
  const texts: Record<Maintenance['phase'], Texts> = {
    announced: {
      'pt-BR': html`🛠 Manutenção${named} marcada: ${period}`,
      en: html`🛠 Maintenance${named} is planned: ${period}`,
    },
    started: {
      'pt-BR': html`🛠 Começou a manutenção${named}: ${period}`,
      en: html`🛠 Maintenance${named} has started: ${period}`,
    },
    ended: {
      'pt-BR': html`🛠 Terminou a manutenção${named}`,
      en: html`🛠 Maintenance${named} has ended`,
    },
  }
  const services = {
    'pt-BR': html`${count === 1 ? 'Serviço' : 'Serviços'}: ${listed(names, count, language)}`,
    en: html`${count === 1 ? 'Service' : 'Services'}: ${listed(names, count, language)}`,
  }[language]
  return {
    html: String(joined([html`<b>${pageTitle}</b>`, texts[data.phase][language], services])),
    silent: true,
    buttons: [[unsubscribeButton(subscriber)]],
  }
}

/** The first names of a list, and how many others there are. */
const listed = (names: readonly string[], count: number, language: Language): string => {
  const more = count - names.length
  return `${names.join(', ')}${more > 0 ? { 'pt-BR': ` e mais ${more}`, en: ` and ${more} more` }[language] : ''}`
}

/** The monitors that the maintenance concerns. */
const sayScope = ({ scope, group, monitors: { count, names } }: Maintenance, language: Language): Html => {
  const list = listed(names, count, language)
  if (scope === 'monitor') return html`Monitor: ${list}`
  if (scope === 'group')
    return { 'pt-BR': html`Grupo ${group} (${count}): ${list}`, en: html`Group ${group} (${count}): ${list}` }[language]
  return {
    'pt-BR': html`Todos os monitores (${count}): ${list}`,
    en: html`All monitors (${count}): ${list}`,
  }[language]
}
