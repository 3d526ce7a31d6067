import { html, joined } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { tellInstant } from '#functions/wording/times.ts'
import { sayMilliseconds } from '#functions/wording/uptime.ts'
import { slowRun } from './heartbeat-wording.ts'
import { checkButton } from './monitor-wording.ts'
import type { NotifiableData } from './notifiable-event.ts'
import type { Recipient, Texts, Wording } from './shared-wording.ts'

type Degraded = NotifiableData<'monitor.degraded'>

/** The message that a monitor is up but slow, or that its certificate expires soon; or that this is over. */
export const monitorDegraded = (data: Degraded, recipient: Recipient, now: Date): Wording => {
  if (data.run !== undefined) return slowRun(data, recipient, now)
  const texts = data.reason === 'slow' ? slow(data, recipient, now) : certificate(data, recipient, now)
  const text = String(texts[recipient.language])
  return data.state === 'began'
    ? { html: text, buttons: checkButton(data.monitorId, recipient.language) }
    : { html: text, silent: true }
}

const slow = ({ state, name, url, since, totalMs }: Degraded, { language, zone }: Recipient, now: Date): Texts => {
  if (state === 'ended') {
    const lasted = since === undefined ? '' : sayDuration(now.getTime() - Date.parse(since), language)
    return {
      'pt-BR': html`🟢 <b>${name}</b> voltou a responder a tempo${lasted && `, depois de ${lasted} de lentidão`}`,
      en: html`🟢 <b>${name}</b> answers in time again${lasted && `, after ${lasted} of slow answers`}`,
    }
  }
  const took = totalMs === undefined ? null : sayMilliseconds(totalMs, language)
  const from = since === undefined ? null : tellInstant(since, { language, zone, now })
  return {
    'pt-BR': joined([
      html`🟡 <b>${name}</b> está no ar, mas lento`,
      took && html`Última resposta: ${took}, acima do limite`,
      from && html`Desde: ${from}`,
      html`<code>${url}</code>`,
    ]),
    en: joined([
      html`🟡 <b>${name}</b> is up but slow`,
      took && html`Last answer: ${took}, above the limit`,
      from && html`Since: ${from}`,
      html`<code>${url}</code>`,
    ]),
  }
}

const certificate = ({ state, name, url, expiresAt }: Degraded, { language, zone }: Recipient, now: Date): Texts => {
  const at = expiresAt === undefined ? '' : tellInstant(expiresAt, { language, zone, now })
  if (state === 'ended') {
    return {
      'pt-BR': html`🟢 O certificado de <b>${name}</b> foi renovado: vale até ${at}`,
      en: html`🟢 The certificate of <b>${name}</b> was renewed: it is valid until ${at}`,
    }
  }
  const left = expiresAt === undefined ? '' : sayDuration(Date.parse(expiresAt) - now.getTime(), language)
  return {
    'pt-BR': joined([
      html`🟡 O certificado de <b>${name}</b> vence em ${left}`,
      html`Vence: ${at}`,
      html`<code>${url}</code>`,
    ]),
    en: joined([
      html`🟡 The certificate of <b>${name}</b> expires in ${left}`,
      html`Expires: ${at}`,
      html`<code>${url}</code>`,
    ]),
  }
}
