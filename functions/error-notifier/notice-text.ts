import type { Language } from '#database/chats/language.ts'
import type { NoticeContent, OperatorNotice } from '#database/operations/operator-notices.ts'
import { cut, html, joined } from '#functions/telegram/html.ts'
import { maxTextLength } from '#functions/telegram/message.ts'
import { sayInstant } from '#functions/wording/dates.ts'

export interface TextSettings {
  language: Language
  zone: string
  /** The command that lists and replays dead letters in this installation (DEAD_LETTERS_COMMAND). */
  command?: string | undefined
}

const texts = {
  'pt-BR': {
    occurrences: (count: number, first: string, last: string) => html`${count} vezes desde ${first}, a última ${last}`,
    stillHappening: 'Continua acontecendo.',
    heldBack: (count: number) =>
      count === 1
        ? html`⚠️ Mais um tipo de falha na última hora; não mostro aqui para não lotar este chat.`
        : html`⚠️ Mais ${count} tipos de falha na última hora; não mostro um por um para não lotar este chat.`,
    seeAndReplay: 'ver e reenviar:',
    seeAndReplayAll: (command: string) => html`Para ver e reenviar tudo: <code>${command}</code>`,
    noReason: 'não respondeu ou não disse o motivo',
  },
  en: {
    occurrences: (count: number, first: string, last: string) => html`${count} times since ${first}, last ${last}`,
    stillHappening: 'Still happening.',
    heldBack: (count: number) =>
      count === 1
        ? html`⚠️ One more kind of failure in the last hour is not listed here, to avoid flooding this chat.`
        : html`⚠️ ${count} more kinds of failure in the last hour are not listed here, to avoid flooding this chat.`,
    seeAndReplay: 'see and replay:',
    seeAndReplayAll: (command: string) => html`See and replay failed deliveries: <code>${command}</code>`,
    noReason: 'no reason given',
  },
} as const

const maxReasonLength = 600

/**
 * The titles of notices that have no dead letter: a message that Telegram refused, and a record that cannot be used.
 */
export const refusedTitle = 'message.refused'
export const skippedTitle = 'record.skipped'

const hasDeadLetter = ({ title }: NoticeContent) => title !== refusedTitle && title !== skippedTitle

/** The message about one kind of fault, as Telegram HTML. */
export const noticeText = (notice: OperatorNotice, settings: TextSettings, now: Date): string => {
  const text = texts[settings.language]
  const at = (instant: Date) => sayInstant(instant, { ...settings, now })
  const { content, count, firstAt, lastAt, notifiedAt, notifiedCount } = notice
  const wasSentInThisOutbreak = notifiedAt !== null && notifiedAt >= firstAt && notifiedCount > 0
  const { command } = settings
  return String(
    joined([
      html`⚠️ <b>${content.title}</b>`,
      html`${content.subject}`,
      html`<code>${reasonOf(content, settings)}</code>`,
      count === 1 ? at(lastAt) : text.occurrences(count, at(firstAt), at(lastAt)),
      wasSentInThisOutbreak && text.stillHappening,
      joined(
        [
          html`#${notice.fingerprint}`,
          hasDeadLetter(content) && command !== undefined && html`${text.seeAndReplay} <code>${command}</code>`,
        ],
        ' · ',
      ),
    ]),
  )
}

const reasonOf = ({ code, reason }: NoticeContent, { language }: TextSettings): string => {
  const text = reason.trim() || texts[language].noReason
  const short = text.length > maxReasonLength ? `${text.slice(0, maxReasonLength)}…` : text
  return code === null ? short : `${code} ${short}`
}

/** The digest: how many kinds of fault were held back in this hour. */
export const digestText = (count: number, { language, command }: TextSettings): string => {
  const { heldBack, seeAndReplayAll } = texts[language]
  return cut(joined([heldBack(count), command !== undefined && seeAndReplayAll(command)]), maxTextLength)
}
