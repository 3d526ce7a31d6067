import type { Language } from '#database/chats/language.ts'
import type { Answer, GivenAnswer } from '#database/uptime/incident-answers.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { instantOf, sayClock } from '#functions/wording/dates.ts'

/** The local time until which the button "until 08:00" asks for silence. */
export const morning = '08:00'

const hourMs = 3_600_000

/** Until when an answer asks for silence: null for an acknowledgement, `recovery` for as long as the outage lasts. */
export const silenceOf = (answer: Answer, now: Date, zone: string): Date | 'recovery' | null => {
  if (answer === 'acknowledge') return null
  if (answer === 'recovery') return 'recovery'
  return answer === 'hour' ? new Date(now.getTime() + hourMs) : nextMorning(now, zone)
}

/** The next time that the clocks in the zone show `morning`. */
const nextMorning = (now: Date, zone: string): Date => {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).toPlainDate()
  const at = instantOf(today.toString(), morning, zone)
  return at > now ? at : instantOf(today.add({ days: 1 }).toString(), morning, zone)
}

interface AnswerButton {
  text: string
  press: Press
}

const words: Record<Answer, Record<Language, string>> = {
  acknowledge: { 'pt-BR': '👀 estou cuidando', en: "👀 I'm on it" },
  hour: { 'pt-BR': '🔕 1 h', en: '🔕 1 h' },
  morning: { 'pt-BR': '🔕 até 8h', en: '🔕 until 8 AM' },
  recovery: { 'pt-BR': '🔕 até voltar', en: '🔕 until it is back' },
}

const rows: readonly (readonly Answer[])[] = [['acknowledge'], ['hour', 'morning', 'recovery']]

/** Telegram shows about this many letters of a name on a button. */
const nameLetters = 20

/**
 * The buttons with which people answer the message about an outage. A button that was pressed is disabled: it shows who
 * pressed it and when, and has a row of its own. When the outage is over, only these stay.
 */
export const answerButtons = (
  incidentId: number,
  given: readonly GivenAnswer[],
  { isOver = false, ...reader }: { language: Language; zone: string; isOver?: boolean },
): AnswerButton[][] => {
  const { language } = reader
  const pressed = (answer: Answer) => given.find(each => each.answer === answer)
  return rows.flatMap(row => {
    const marks = row.flatMap(answer => {
      const mark = pressed(answer)
      if (mark === undefined) return []
      const name = [...mark.personName].slice(0, nameLetters).join('').trim()
      const text = [`✓ ${words[answer][language]}`, name, sayClock(mark.at, reader)]
        .filter(part => part !== '')
        .join(' · ')
      return [[{ text, press: { act: 'nothing' } as const }]]
    })
    const open = row
      .filter(answer => pressed(answer) === undefined)
      .map(answer => ({
        text: words[answer][language],
        press: { act: 'answer', incident: incidentId, answer } as const,
      }))
    return [...marks, ...(open.length > 0 && !isOver ? [open] : [])]
  })
}
