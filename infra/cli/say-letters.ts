import type { Letter } from './letters.ts'

/** One line a letter. */
export const sayLetters = (letters: readonly Letter[]): string =>
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

export const sayLetter = ({ event, ...letter }: Letter): string =>
  [
    ...Object.entries(letter)
      .map(([name, value]) => `${name}: ${value === null ? '-' : String(value)}`)
      .map(printable),
    'event:',
    JSON.stringify(event, null, 2),
  ].join('\n')

// What strangers wrote must not steer the terminal.
const printable = (text: string) => text.replace(/[\p{Cc}\p{Cf}]/gu, ' ')
