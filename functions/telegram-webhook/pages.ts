import type { Press } from '#functions/telegram/callback-data.ts'
import { html, plain } from '#functions/telegram/html.ts'
import type { Button } from './reply.ts'

/**
 * The items of a page. If `page` is after the end of the list, because items were removed in the meantime, the last
 * page is returned.
 */
export const pageOf = <Item>(items: readonly Item[], page: number, size: number) => {
  const pages = Math.max(1, Math.ceil(items.length / size))
  const at = Math.min(page, pages - 1)
  return { items: items.slice(at * size, (at + 1) * size), at, pages }
}

/** The row of buttons `‹ 2/5 ›`, or no row if there is only one page. */
export const pageRow = (at: number, pages: number, to: (page: number) => Press): Button[][] =>
  pages < 2
    ? []
    : [
        [
          ...(at > 0 ? [{ text: '‹', press: to(at - 1) }] : []),
          { text: `${at + 1}/${pages}`, press: { act: 'nothing' as const } },
          ...(at < pages - 1 ? [{ text: '›', press: to(at + 1) }] : []),
        ],
      ]

/**
 * The text of a button: cleaned as `html` cleans names, and cut to the 40 letters that a phone shows. `note` follows in
 * brackets, cut to 20 letters.
 */
export const label = (text: string, note?: string): string => {
  const suffix = note === undefined ? '' : ` (${[...plain(html`${note}`)].slice(0, 20).join('')})`
  const clean = plain(html`${text}`)
  const letters = [...clean]
  const maxLetters = 40 - [...suffix].length
  return letters.length <= maxLetters
    ? clean + suffix
    : `${letters
        .slice(0, maxLetters - 1)
        .join('')
        .trimEnd()}…${suffix}`
}
