import type { Language } from '#database/chats/language.ts'
import { incidentEventId } from '#events/incident.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { sayDuration, sayInstant, sayPeriod } from '#functions/wording/dates.ts'
import { sayProbeError, sayProbeWarning } from '#functions/wording/probe-errors.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import type { NotifiableData } from './notifiable-event.ts'
import type { Recipient, Texts, Wording } from './shared-wording.ts'

const checkButton = (monitor: number, language: Language) => [
  [{ text: { 'pt-BR': 'verificar agora', en: 'check now' }[language], data: encode({ act: 'check', monitor }) }],
]

/** The message that an outage began. */
export const monitorDown = (
  { monitorId, name, url, since, sinceLate, status, error, lastOkAt }: NotifiableData<'monitor.down'>,
  { language, zone }: Recipient,
  now: Date,
): Wording => {
  const why = sayProbeError(error, language, status)
  const from = `${sayInstant(since, { language, zone, now })} (${sayZoneTime(zone, language)})`
  const lastOk = lastOkAt === null ? null : sayInstant(lastOkAt, { language, zone, now })
  const texts: Texts = {
    'pt-BR': joined([
      // A monitor that was never up did not go down.
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
  return { html: String(texts[language]), buttons: checkButton(monitorId, language) }
}

/** The message that an outage ended. It replies to the message about the start of the outage. */
export const monitorUp = (
  { incidentId, name, since, sinceLate, until, untilLate }: NotifiableData<'monitor.up'>,
  { id, language, zone }: Recipient,
  now: Date,
): Wording => {
  const duration = sayDuration(Date.parse(until) - Date.parse(since), language)
  const { from, to, sameDay } = sayPeriod(since, until, { language, zone, now })
  const at = (instant: string) => (sameDay ? `às ${instant}` : instant)
  const span = (instant: string, period: string) => (from === to ? instant : sameDay ? period : `${from} – ${to}`)
  // If the start or the end was seen late, only a bound of the duration is known.
  const precision = sinceLate ? (untilLate ? 'about' : 'least') : untilLate ? 'most' : 'exactly'
  const texts: Texts = {
    'pt-BR': html`🟢 <b>${name}</b> voltou ao ar
Ficou fora por ${{ exactly: '', least: 'pelo menos ', most: 'no máximo ', about: 'cerca de ' }[precision]}${duration}: ${
      precision === 'exactly'
        ? span(`às ${to}`, `das ${from} às ${to}`)
        : `${sinceLate ? 'visto fora do ar' : 'caiu'} ${at(from)}, ${untilLate ? 'visto no ar' : 'de volta'} ${at(to)}`
    }`,
    en: html`🟢 <b>${name}</b> is back up
It was down for ${{ exactly: '', least: 'at least ', most: 'at most ', about: 'about ' }[precision]}${duration}: ${
      precision === 'exactly'
        ? span(`at ${to}`, `from ${from} to ${to}`)
        : `${sinceLate ? 'seen down' : 'down since'} ${from}, ${untilLate ? 'seen up' : 'back'} ${to}`
    }`,
  }
  return {
    html: String(texts[language]),
    // The message about the start of the outage may have woken the user; the message about its end need not.
    silent: true,
    replyTo: MessageRequested.idFrom(incidentEventId(incidentId, 'monitor.down'), String(id)),
  }
}

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
  { monitorId, name, url, status, error, flapping }: NotifiableData<'monitor.down'> | NotifiableData<'monitor.up'>,
  isDown: boolean,
  { language, zone }: Recipient,
  now: Date,
): Wording => {
  const { since, changes } = flapping!
  const from = `${sayInstant(since, { language, zone, now })} (${sayZoneTime(zone, language)})`
  const why = sayProbeError(error, language, status)
  const texts: Texts = {
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
  return { html: String(texts[language]), buttons: checkButton(monitorId, language) }
}

/** The message that a monitor stopped flapping, and whether it is now up or down. */
export const monitorSteady = (
  { monitorId, name, url, since, changes, uptime, downSince, status, error }: NotifiableData<'monitor.steady'>,
  { language, zone }: Recipient,
  now: Date,
): Wording => {
  const [from, down] = [since, downSince].map(instant => instant && sayInstant(instant, { language, zone, now }))
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
    html: String(texts[language]),
    ...(isDown ? { buttons: checkButton(monitorId, language) } : { silent: true }),
  }
}

/** The message about the result of a new monitor's first check, or of a check that a user asked for. */
export const probeFinished = (
  { monitorId, name, url, reason, ok, status, error, totalMs, warning }: NotifiableData<'probe.finished'>,
  { language }: Recipient,
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
  const texts = (): Texts => {
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
  return { html: String(texts()[language]), ...(ok ? {} : { buttons: checkButton(monitorId, language) }) }
}
