import type { Language } from '#database/chats/language.ts'
import type { AlertGroup, AlertStatus, GroupedAlert, OperatorNotice } from '#database/operations/operator-notices.ts'
import { cut, type Html, html, joined } from '#functions/telegram/html.ts'
import { maxTextLength } from '#functions/telegram/message.ts'
import { sayDuration, sayInstant } from '#functions/wording/dates.ts'
import type { TextSettings } from './notice-text.ts'

const texts = {
  'pt-BR': {
    severities: { critical: 'crítico', warning: 'atenção', info: 'informação' },
    resolved: 'resolvido',
    alerts: (count: number) => `${count} alertas`,
    since: (start: string) => `desde ${start}`,
    lasted: (start: string, duration: string) => `${start}, durou ${duration}`,
    more: (count: number) => (count === 1 ? 'e mais 1' : `e mais ${count}`),
    runbook: 'o que fazer',
    dashboard: 'painel',
    stillFiring: 'Continua acontecendo.',
  },
  en: {
    severities: { critical: 'critical', warning: 'warning', info: 'information' },
    resolved: 'resolved',
    alerts: (count: number) => `${count} alerts`,
    since: (start: string) => `since ${start}`,
    lasted: (start: string, duration: string) => `${start}, for ${duration}`,
    more: (count: number) => `and ${count} more`,
    runbook: 'what to do',
    dashboard: 'dashboard',
    stillFiring: 'Still happening.',
  },
} as const

type Say = (instant: string) => string

/** The message about a group of alerts, as Telegram HTML. */
export const alertText = (
  { content, fingerprint, firstAt, notifiedAt, notifiedCount, newMessageFrom }: OperatorNotice,
  group: AlertGroup,
  settings: TextSettings,
  now: Date,
): string => {
  const { language } = settings
  const text = texts[language]
  const { status, severity, shown, more } = group
  const wasSent = notifiedAt !== null && notifiedAt >= firstAt && notifiedCount > 0
  const isReminder = status === 'firing' && wasSent && notifiedCount < (newMessageFrom ?? 0)
  const say: Say = instant => sayInstant(instant, { ...settings, now })
  const count = shown.length + more
  const alerts: (string | Html | false)[] =
    count === 1
      ? [shown[0]!.summary[language], labelsOf(shown[0]!), periodOf(shown[0]!, language, say)]
      : shown.map(alert => lineOf(alert, language, say))
  return cut(
    joined([
      joined(
        [
          html`${sign(status, severity)} <b>${content.title}</b>`,
          status === 'resolved' ? text.resolved : sayWord(text.severities, severity),
          count > 1 && text.alerts(count),
        ],
        ' · ',
      ),
      ...alerts,
      more > 0 && text.more(more),
      isReminder && text.stillFiring,
      joined([...linksOf(shown[0], language), html`#${fingerprint}`], ' · '),
    ]),
    maxTextLength,
  )
}

const sign = (status: AlertStatus, severity: string) => {
  if (status === 'resolved') return '✅'
  return severity === 'critical' ? '🔴' : '🟠'
}

/** The translation of a word, or the word itself if it has none. */
const sayWord = (translations: Record<string, string>, word: string) =>
  Object.hasOwn(translations, word) ? translations[word] : word

const labelsOf = ({ labels }: GroupedAlert): Html | false => labels !== '' && html`<code>${labels}</code>`

const lineOf = (alert: GroupedAlert, language: Language, say: Say): Html => {
  const { status, summary } = alert
  const what = joined([labelsOf(alert), summary[language]], ' ')
  return html`${status === 'resolved' ? '✅' : '•'} ${joined([what, periodOf(alert, language, say)], ' · ')}`
}

const periodOf = ({ startedAt, endedAt }: GroupedAlert, language: Language, say: Say): string | false => {
  if (startedAt === null) return false
  const { since, lasted } = texts[language]
  if (endedAt === null) return since(say(startedAt))
  return lasted(say(startedAt), sayDuration(Date.parse(endedAt) - Date.parse(startedAt), language))
}

const linksOf = (alert: GroupedAlert | undefined, language: Language): (Html | null | undefined | '')[] => {
  const link = (url: string | null | undefined, text: string) => url && html`<a href="${url}">${text}</a>`
  return [link(alert?.runbook, texts[language].runbook), link(alert?.dashboard, texts[language].dashboard)]
}
