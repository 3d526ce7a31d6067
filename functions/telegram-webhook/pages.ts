import type { Press } from '#functions/telegram/callback-data.ts'
import { html, plain } from '#functions/telegram/html.ts'
import type { Button } from './reply.ts'

/** The items of a page. A page after the end of the list (items were removed meanwhile) is the last page. */
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
 * The text of a button, cleaned as `html` cleans names and cut to what a phone shows. `note` is added in brackets and
 * not cut.
 */
export const label = (text: string, note?: string): string => {
  const end = note === undefined ? '' : ` (${[...plain(html`${note}`)].slice(0, 20).join('')})`
  const clean = plain(html`${text}`)
  const letters = [...clean]
  const most = 40 - [...end].length
  return letters.length <= most
    ? clean + end
    : `${letters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…${end}`
}
