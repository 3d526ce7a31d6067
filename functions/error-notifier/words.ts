import type { Language } from '#database/chats/language.ts'
import type { NoticeContent, OperatorNotice } from '#database/operations/operator-notices.ts'
import { cut, html, joined } from '#functions/telegram/html.ts'
import { maxTextLength } from '#functions/telegram/message.ts'
import { sayInstant } from '#functions/wording/dates.ts'

/** How the operators read: their chat's language and zone, where it is one of ours, else Brazil's. */
export interface Reader {
  language: Language
  zone: string
  /** How dead letters are seen and replayed where this runs; DEAD_LETTERS_COMMAND. */
  command?: string | undefined
}

const words = {
  'pt-BR': {
    gaveUp: (title: string) => html`⚠️ <b>${title}</b>`,
    once: (at: string) => html`${at}`,
    often: (count: number, first: string, last: string) => html`${count} vezes desde ${first}, a última ${last}`,
    goesOn: 'Continua acontecendo.',
    heldBack: (count: number) =>
      count === 1
        ? html`⚠️ Mais um tipo de falha na última hora; não mostro aqui para não lotar este chat.`
        : html`⚠️ Mais ${count} tipos de falha na última hora; não mostro um por um para não lotar este chat.`,
    lookAt: 'ver e reenviar:',
    where: (command: string) => html`Para ver e reenviar tudo: <code>${command}</code>`,
    noReason: 'não respondeu ou não disse o motivo',
  },
  en: {
    gaveUp: (title: string) => html`⚠️ <b>${title}</b>`,
    once: (at: string) => html`${at}`,
    often: (count: number, first: string, last: string) => html`${count} times since ${first}, last ${last}`,
    goesOn: 'Still happening.',
    heldBack: (count: number) =>
      count === 1
        ? html`⚠️ One more kind of failure in the last hour is not listed here, to avoid flooding this chat.`
        : html`⚠️ ${count} more kinds of failure in the last hour are not listed here, to avoid flooding this chat.`,
    lookAt: 'see and replay:',
    where: (command: string) => html`See and replay failed deliveries: <code>${command}</code>`,
    noReason: 'no reason given',
  },
} as const

const longestReason = 600

/** The title of news that no dead letter belongs to: Telegram would not have a message. */
export const REFUSED = 'message.refused'

/** The title of news about a record that cannot be used. */
export const SKIPPED = 'record.skipped'

/** The message about one kind of fault. */
export const noticeText = (notice: OperatorNotice, reader: Reader, now: Date): string => {
  const say = words[reader.language]
  const at = (instant: Date) => sayInstant(instant, { ...reader, now })
  const { content, count, firstAt, lastAt, notifiedAt } = notice
  return String(
    joined([
      say.gaveUp(content.title),
      html`${content.subject}`,
      html`<code>${reasonOf(content, reader)}</code>`,
      count === 1 ? say.once(at(lastAt)) : say.often(count, at(firstAt), at(lastAt)),
      notifiedAt !== null && notifiedAt >= firstAt && say.goesOn,
      joined(
        [
          html`#${notice.fingerprint}`,
          hasLetter(content) && reader.command !== undefined && html`${say.lookAt} <code>${reader.command}</code>`,
        ],
        ' · ',
      ),
    ]),
  )
}

const hasLetter = ({ title }: NoticeContent) => title !== REFUSED && title !== SKIPPED

const reasonOf = ({ code, reason }: NoticeContent, { language }: Reader): string => {
  const text = reason.trim() || words[language].noReason
  const short = text.length > longestReason ? `${text.slice(0, longestReason)}…` : text
  return code === null ? short : `${code} ${short}`
}

/** The message that stands for all that were held back in this hour. */
export const digestText = (count: number, { language, command }: Reader): string => {
  const { heldBack, where } = words[language]
  return cut(joined([heldBack(count), command !== undefined && where(command)]), maxTextLength)
}
