import { html } from '#functions/telegram/html.ts'
import { sayProbeError, sayProbeWarning } from '#functions/wording/probe-errors.ts'
import { checkButton } from './monitor-wording.ts'
import type { NotifiableData } from './notifiable-event.ts'
import type { Recipient, Texts, Wording } from './shared-wording.ts'

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
