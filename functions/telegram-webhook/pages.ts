import type { Press } from '../callback-data.ts'
import { html, plain } from '../html.ts'
import type { Button } from './bot.ts'

/** The part of a list that a page shows; a page beyond the end (things were removed) is the last one. */
export const pageOf = <Item>(items: readonly Item[], page: number, size: number) => {
  const pages = Math.max(1, Math.ceil(items.length / size))
  const at = Math.min(page, pages - 1)
  return { items: items.slice(at * size, (at + 1) * size), at, pages }
}

/** `‹ 2/5 ›`, or no row where there is one page only. */
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

/** A button's text: without what `html` takes out of names, and not longer than a phone shows. */
export const label = (text: string): string => {
  const clean = plain(html`${text}`)
  const letters = [...clean]
  return letters.length <= 40 ? clean : `${letters.slice(0, 39).join('').trimEnd()}…`
}
