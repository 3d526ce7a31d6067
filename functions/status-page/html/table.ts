import { type Html, html } from '#functions/telegram/html.ts'

/** A table of figures. The first cell of a row is its heading; a narrow window scrolls the table alone. */
export const table = (
  caption: Html,
  label: string,
  heads: readonly string[],
  rows: readonly (readonly [Html | string, ...string[]])[],
): Html =>
  html`<section class="scroll" tabindex="0" aria-label="${label}"><table>
<caption>${caption}</caption>
<thead><tr>${heads.map((head, at) => html`<th scope="col"${at > 0 && html` class="n"`}>${head}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([head, ...cells]) =>
      html`<tr><th scope="row">${head}</th>${cells.map(cell => html`<td class="n">${cell}</td>`)}</tr>`,
  )}</tbody></table></section>`
