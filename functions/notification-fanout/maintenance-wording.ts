import type { Language } from '#database/chats/language.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { sayInstant, sayPeriod } from '#functions/wording/dates.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import type { NotifiableData } from './notifiable-event.ts'
import type { Recipient, Texts, Wording } from './shared-wording.ts'

type Maintenance = NotifiableData<'maintenance.changed'>

/** The message that maintenance will start, has started or has ended. It makes no sound, because it was planned. */
export const maintenanceChanged = (data: Maintenance, recipient: Recipient, now: Date): Wording => {
  const { phase, title, startsAt, endsAt } = data
  const { language, zone } = recipient
  const reader = { language, zone, now }
  const named = title === '' ? null : html` <b>${title}</b>`
  const { from, to, sameDay } = sayPeriod(startsAt, endsAt, reader)
  const period = `${sameDay ? sayInstant(startsAt, reader) : from} – ${to} (${sayZoneTime(zone, language)})`
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

/** The monitors that the maintenance concerns. */
const sayScope = ({ scope, group, monitors: { count, names } }: Maintenance, language: Language): Html => {
  const more = count - names.length
  const list = `${names.join(', ')}${more > 0 ? { 'pt-BR': ` e mais ${more}`, en: ` and ${more} more` }[language] : ''}`
  if (scope === 'monitor') return html`Monitor: ${list}`
  if (scope === 'group')
    return { 'pt-BR': html`Grupo ${group} (${count}): ${list}`, en: html`Group ${group} (${count}): ${list}` }[language]
  return {
    'pt-BR': html`Todos os monitores (${count}): ${list}`,
    en: html`All monitors (${count}): ${list}`,
  }[language]
}
