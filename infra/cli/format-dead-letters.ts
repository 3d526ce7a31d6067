import type { ShownDeadLetter } from './dead-letter-source.ts'

/** One line for each dead letter. */
export const formatDeadLetters = (letters: readonly ShownDeadLetter[]): string =>
  letters.length === 0
    ? 'there are no dead letters'
    : letters
        .map(({ id, at, trigger, code, reason, event, replayedAt }) => {
          const about = [event.type, event.subject].filter(Boolean).join(' ')
          const why = `${code ?? ''} ${reason}`.trim().split('\n', 1)[0]!.slice(0, 120)
          return `${id}  ${String(at)}  ${trigger}  ${about}  ${why}${replayedAt ? `  (sent again ${String(replayedAt)})` : ''}`
        })
        .map(printable)
        .join('\n')

export const formatDeadLetter = ({ event, ...letter }: ShownDeadLetter): string =>
  [
    ...Object.entries(letter)
      .map(([name, value]) => `${name}: ${value === null ? '-' : String(value)}`)
      .map(printable),
    'event:',
    JSON.stringify(event, null, 2),
  ].join('\n')

// Removes control characters, because text from other people must not control the terminal.
const printable = (text: string) => text.replace(/[\p{Cc}\p{Cf}]/gu, ' ')
