import type { Language } from '#database/chats/language.ts'
import { answerButtons } from '#functions/outages/answer-buttons.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import { tellInstant, tellInstantInZone } from '#functions/wording/times.ts'
import type { NotifiableData } from './notifiable-event.ts'
import type { Recipient, Texts, Wording } from './shared-wording.ts'

export const checkButton = (monitor: number, language: Language) => [
  [{ text: { 'pt-BR': 'verificar agora', en: 'check now' }[language], data: encode({ act: 'check', monitor }) }],
]

/** The subject of the outages of a monitor. */
export const outageOf = ({ monitorId }: { monitorId: number }): string => `monitor/${monitorId}`

/** The buttons to answer the message about an outage, and to check the monitor. A heartbeat cannot be checked. */
export const outageButtons = (
  { monitorId, incidentId, heartbeat }: { monitorId: number; incidentId: number; heartbeat?: unknown },
  { language, zone }: Recipient,
) => [
  ...answerButtons(incidentId, [], { language, zone }).map(row =>
    row.map(({ text, press }) => ({ text, data: encode(press) })),
  ),
  ...(heartbeat === undefined ? checkButton(monitorId, language) : []),
]

/** How many monitors depend on one that is down, and the first of their names. */
export const sayDependents = (
  { count, names }: NonNullable<NotifiableData<'monitor.down'>['dependents']>,
  language: Language,
): Html => {
  const more = count - names.length
  const list = `${names.join(', ')}${more > 0 ? { 'pt-BR': ` e mais ${more}`, en: ` and ${more} more` }[language] : ''}`
  return {
    'pt-BR': html`${count === 1 ? 'Depende dele 1 monitor' : `Dependem dele ${count} monitores`}: ${list}. Só aviso dos que continuarem fora do ar depois que ele voltar.`,
    en: html`${count === 1 ? '1 monitor depends' : `${count} monitors depend`} on it: ${list}. I will only report those that are still down after it is back.`,
  }[language]
}

/** The message that an outage began, or that it still goes on. */
export const monitorDown = (data: NotifiableData<'monitor.down'>, recipient: Recipient, now: Date): Wording => {
  const { name, url, since, sinceLate, status, error, lastOkAt, dependents, reminder } = data
  const { language, zone } = recipient
  const why = sayProbeError(error, language, status)
  const from = tellInstantInZone(since, { language, zone, now })
  const lastOk = lastOkAt === null ? null : tellInstant(lastOkAt, { language, zone, now })
  const isReminder = reminder !== undefined
  const lasting = sayDuration(now.getTime() - Date.parse(since), language)
  const texts: Texts = {
    'pt-BR': joined([
      isReminder
        ? html`🔴 <b>${name}</b> continua fora do ar há ${lasting}`
        : // A monitor that was never up did not go down.
          html`🔴 <b>${name}</b> ${lastOk === null ? 'está fora do ar' : 'saiu do ar'}`,
      html`Motivo: ${why}`,
      sinceLate ? html`Detectado: ${from}; pode ter caído antes` : html`Desde: ${from}`,
      !isReminder && html`Última vez no ar: ${lastOk ?? 'nenhuma até agora'}`,
      dependents && sayDependents(dependents, language),
      html`<code>${url}</code>`,
    ]),
    en: joined([
      isReminder ? html`🔴 <b>${name}</b> has been down for ${lasting}` : html`🔴 <b>${name}</b> is down`,
      html`Reason: ${why}`,
      sinceLate ? html`Seen down: ${from}; it may have gone down earlier` : html`Since: ${from}`,
      !isReminder && html`Last good answer: ${lastOk ?? 'none so far'}`,
      dependents && sayDependents(dependents, language),
      html`<code>${url}</code>`,
    ]),
  }
  return { html: String(texts[language]), buttons: outageButtons(data, recipient), outage: outageOf(data) }
}

/** The address of a monitor. A heartbeat has none: its URL is only a name. */
const shownUrl = (url: string): Html | null => (url.includes('://') ? html`<code>${url}</code>` : null)

/**
 * Writes a share as a percentage from 1 % to 99 %, because a monitor that changed was neither up nor down all the time.
 */
const sayShare = (share: number, language: Language) =>
  new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(
    Math.min(Math.max(share, 0.01), 0.99),
  )

/**
 * The message that a monitor is flapping. It replaces the message (monitorDown or monitorUp) about the change with
 * which the flapping began.
 */
export const flappingBegan = (
  data: NotifiableData<'monitor.down'> | NotifiableData<'monitor.up'>,
  isDown: boolean,
  recipient: Recipient,
  now: Date,
): Wording => {
  const { name, url, status, error, flapping } = data
  const { language, zone } = recipient
  const { since, changes } = flapping!
  const from = tellInstantInZone(since, { language, zone, now })
  const why = sayProbeError(error, language, status)
  const texts: Texts = {
    'pt-BR': joined([
      html`🟠 <b>${name}</b> está oscilando: caiu ou voltou ${changes} vezes`,
      html`Desde: ${from}`,
      isDown ? html`Agora: fora do ar, ${why}` : html`Agora: no ar; última falha: ${why}`,
      html`Não vou avisar de cada mudança: aviso quando parar de oscilar.`,
      shownUrl(url),
    ]),
    en: joined([
      html`🟠 <b>${name}</b> is flapping: it went down or came back ${changes} times`,
      html`Since: ${from}`,
      isDown ? html`Now: down, ${why}` : html`Now: up; last failure: ${why}`,
      html`I won't tell you about each change. I will tell you when it stops flapping.`,
      shownUrl(url),
    ]),
  }
  // The buttons of earlier messages answer an earlier outage.
  return {
    html: String(texts[language]),
    buttons: outageButtons(data, recipient),
    outage: outageOf(data),
    endsOutage: outageOf(data),
  }
}

/** The message that a monitor stopped flapping, and whether it is now up or down. */
export const monitorSteady = (data: NotifiableData<'monitor.steady'>, recipient: Recipient, now: Date): Wording => {
  const { monitorId, name, url, since, changes, uptime, downSince, downIncidentId, status, error } = data
  const { language, zone } = recipient
  const from = tellInstantInZone(since, { language, zone, now })
  const down = downSince && tellInstant(downSince, { language, zone, now })
  const why = sayProbeError(error, language, status)
  const share = sayShare(uptime, language)
  const isDown = downSince !== null
  const texts: Texts = {
    'pt-BR': joined([
      isDown
        ? html`🔴 <b>${name}</b> parou de oscilar e continua fora do ar`
        : html`🟢 <b>${name}</b> parou de oscilar e está no ar`,
      isDown && html`Motivo: ${why}`,
      isDown && html`Fora do ar desde: ${down}`,
      html`Caiu ou voltou ${changes} vezes desde ${from}`,
      html`Esteve no ar ${share} desse tempo`,
      isDown && shownUrl(url),
    ]),
    en: joined([
      isDown
        ? html`🔴 <b>${name}</b> has stopped flapping and is still down`
        : html`🟢 <b>${name}</b> has stopped flapping and is up`,
      isDown && html`Reason: ${why}`,
      isDown && html`Down since: ${down}`,
      html`It went down or came back ${changes} times since ${from}`,
      html`It was up ${share} of that time`,
      isDown && shownUrl(url),
    ]),
  }
  return {
    html: String(texts[language]),
    endsOutage: outageOf(data),
    ...(downIncidentId === undefined
      ? { silent: true }
      : { buttons: outageButtons({ monitorId, incidentId: downIncidentId }, recipient), outage: outageOf(data) }),
  }
}
