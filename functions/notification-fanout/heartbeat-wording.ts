import { incidentEventId } from '#events/incident.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayHeartbeatFailure, sayHeartbeatSchedule } from '#functions/wording/heartbeats.ts'
import { tellInstant, tellInstantInZone } from '#functions/wording/times.ts'
import { outageButtons, outageOf, sayDependents } from './monitor-wording.ts'
import type { NotifiableData } from './notifiable-event.ts'
import type { Recipient, Texts, Wording } from './shared-wording.ts'

/** The message that the ping of a job is late or that the job failed, or that this still goes on. */
export const heartbeatDown = (data: NotifiableData<'monitor.down'>, recipient: Recipient, now: Date): Wording => {
  const { name, since, status, error, lastOkAt, dependents, reminder, heartbeat = {} } = data
  const { language, zone } = recipient
  const why = sayHeartbeatFailure(error, status, language)
  const from = tellInstantInZone(since, { language, zone, now })
  const lastOk = lastOkAt === null ? null : tellInstant(lastOkAt, { language, zone, now })
  const schedule = sayHeartbeatSchedule(heartbeat, language)
  const hasFailed = error === 'job-failed'
  const lasting = sayDuration(now.getTime() - Date.parse(since), language)
  const texts: Texts = {
    'pt-BR': joined([
      reminder === undefined
        ? html`🔴 <b>${name}</b> ${why}`
        : html`🔴 <b>${name}</b> ${why}, e continua assim há ${lasting}`,
      html`${hasFailed ? 'Quando' : 'Prazo'}: ${from}`,
      html`Último sinal bom: ${lastOk ?? 'nenhum até agora'}`,
      !hasFailed && html`Esperado: ${schedule}`,
      dependents && sayDependents(dependents, language),
    ]),
    en: joined([
      reminder === undefined
        ? html`🔴 <b>${name}</b> ${why}`
        : html`🔴 <b>${name}</b> ${why}, and nothing changed for ${lasting}`,
      html`${hasFailed ? 'When' : 'Deadline'}: ${from}`,
      error === 'no-ping'
        ? html`No ping since: ${lastOk ?? 'none so far'}`
        : html`Last good ping: ${lastOk ?? 'none so far'}`,
      !hasFailed && html`Expected: ${schedule}`,
      dependents && sayDependents(dependents, language),
    ]),
  }
  return { html: String(texts[language]), buttons: outageButtons(data, recipient), outage: outageOf(data) }
}

/**
 * The message that a job ended well but took much longer than usual, or that it takes its usual time again. There is
 * nothing to check.
 */
export const slowRun = (
  { state, name, since, totalMs, run = {} }: NotifiableData<'monitor.degraded'>,
  { language, zone }: Recipient,
  now: Date,
): Wording => {
  const took = totalMs === undefined ? null : sayDuration(totalMs, language)
  const usual = run.usualMs === undefined ? null : sayDuration(run.usualMs, language)
  const at = since === undefined ? null : tellInstant(since, { language, zone, now })
  const texts: Texts =
    state === 'ended'
      ? {
          'pt-BR': html`🟢 <b>${name}</b> voltou a terminar no tempo de costume`,
          en: html`🟢 <b>${name}</b> takes its usual time again`,
        }
      : {
          'pt-BR': joined([
            html`🟡 <b>${name}</b> terminou bem, mas demorou muito`,
            took && html`Duração: ${took}${usual && `; o normal é ${usual}`}`,
            at && html`Terminou: ${at}`,
          ]),
          en: joined([
            html`🟡 <b>${name}</b> finished well but took very long`,
            took && html`Duration: ${took}${usual && `; usually ${usual}`}`,
            at && html`Finished: ${at}`,
          ]),
        }
  return { html: String(texts[language]), ...(state === 'ended' && { silent: true }) }
}

/** The message that a job pings again. It replies to the message that its ping was late, or that it failed. */
export const heartbeatUp = (
  { monitorId, incidentId, name, since, until, toldBy }: NotifiableData<'monitor.up'>,
  { id, language, zone }: Recipient,
  now: Date,
): Wording => {
  const at = tellInstant(until, { language, zone, now })
  const later = sayDuration(Date.parse(until) - Date.parse(since), language)
  const texts: Texts = {
    'pt-BR': html`🟢 <b>${name}</b> deu sinal de novo
Sinal: ${at}, ${later} depois do problema`,
    en: html`🟢 <b>${name}</b> pings again
Ping: ${at}, ${later} after the problem`,
  }
  return {
    html: String(texts[language]),
    silent: true,
    endsOutage: outageOf({ monitorId }),
    replyTo: MessageRequested.idFrom(toldBy ?? incidentEventId(incidentId, 'monitor.down'), String(id)),
  }
}
