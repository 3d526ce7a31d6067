import type { Language } from '#database/chats/language.ts'
import { incidentEventId } from '#events/incident.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import { tellPeriod } from '#functions/wording/times.ts'
import { sayMilliseconds } from '#functions/wording/uptime.ts'
import { outageOf } from './monitor-wording.ts'
import type { NotifiableData } from './notifiable-event.ts'
import type { Recipient, Wording } from './shared-wording.ts'

type Recovery = NotifiableData<'monitor.up'>

/** The message that an outage ended. It replies to the message about the start of the outage. */
export const monitorUp = (data: Recovery, recipient: Recipient, now: Date): Wording => {
  const { incidentId, name, failedChecks, toldBy } = data
  const { id, language } = recipient
  const title = { 'pt-BR': html`🟢 <b>${name}</b> voltou ao ar`, en: html`🟢 <b>${name}</b> is back up` }[language]
  return {
    html: String(
      joined([
        title,
        sayOutage(data, recipient, now),
        failedChecks && sayFailedChecks(failedChecks, language),
        details(data, language),
      ]),
    ),
    // The message about the start of the outage may have woken the user; the message about its end need not.
    silent: true,
    endsOutage: outageOf(data),
    replyTo: MessageRequested.idFrom(toldBy ?? incidentEventId(incidentId, 'monitor.down'), String(id)),
  }
}

/** How long the outage was, and when. If its start or its end was seen late, only a bound of the duration is known. */
const sayOutage = (
  { since, sinceLate, until, untilLate, outages }: Recovery,
  { language, zone }: Recipient,
  now: Date,
): Html => {
  const downMs = outages?.downMs ?? Date.parse(until) - Date.parse(since)
  const duration = sayDuration(downMs, language)
  const { from, to, sameDay, isOneMinute } = tellPeriod(since, until, { language, zone, now })
  const at = (instant: Html) => (sameDay ? html`às ${instant}` : instant)
  const span = (instant: Html, period: Html) => (isOneMinute ? instant : sameDay ? period : html`${from} – ${to}`)
  const precision = sinceLate ? (untilLate ? 'about' : 'least') : untilLate ? 'most' : 'exactly'
  return {
    'pt-BR': html`Ficou fora por ${{ exactly: '', least: 'pelo menos ', most: 'no máximo ', about: 'cerca de ' }[precision]}${duration}${
      outages && `, em ${outages.count} quedas`
    }: ${
      precision === 'exactly'
        ? span(html`às ${to}`, html`das ${from} às ${to}`)
        : html`${sinceLate ? 'visto fora do ar' : 'caiu'} ${at(from)}, ${untilLate ? 'visto no ar' : 'de volta'} ${at(to)}`
    }`,
    en: html`It was down for ${{ exactly: '', least: 'at least ', most: 'at most ', about: 'about ' }[precision]}${duration}${
      outages && `, in ${outages.count} outages`
    }: ${
      precision === 'exactly'
        ? span(html`at ${to}`, html`from ${from} to ${to}`)
        : html`${sinceLate ? 'seen down' : 'down since'} ${from}, ${untilLate ? 'seen up' : 'back'} ${to}`
    }`,
  }[language]
}

const sayFailedChecks = (count: number, language: Language): Html =>
  ({
    'pt-BR': html`${count === 1 ? '1 verificação falhou' : `${count} verificações falharam`}`,
    en: html`${count === 1 ? '1 check' : `${count} checks`} failed`,
  })[language]

const phaseNames = {
  dnsMs: { 'pt-BR': 'DNS', en: 'DNS' },
  connectMs: { 'pt-BR': 'conexão', en: 'connection' },
  tlsMs: { 'pt-BR': 'TLS', en: 'TLS' },
  firstByteMs: { 'pt-BR': 'primeiro byte', en: 'first byte' },
  totalMs: { 'pt-BR': 'total', en: 'total' },
} as const

/** The first failed check: its error and the time of each phase that it reached. Telegram shows it when asked. */
const details = ({ phases, error, status }: Recovery, language: Language): Html | null => {
  if (phases === undefined) return null
  const reached = Object.entries(phaseNames).flatMap(([phase, names]) => {
    const ms = phases[phase as keyof typeof phaseNames]
    return ms === null ? [] : [`${names[language]}: ${sayMilliseconds(ms, language)}`]
  })
  const title = { 'pt-BR': 'Primeira verificação que falhou', en: 'The first check that failed' }[language]
  return html`<blockquote expandable>${joined([`${title}: ${sayProbeError(error, language, status)}`, ...reached])}</blockquote>`
}
