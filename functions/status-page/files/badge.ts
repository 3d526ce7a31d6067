import { html } from '#functions/telegram/html.ts'
import { textWidth } from './text-width.ts'

/** What a badge says: a name, and a value whose background has a colour. */
export interface Badge {
  label: string
  message: string
  color: BadgeColor
}

export type BadgeColor = keyof typeof colors

/** White text has a contrast of at least 4.5 to 1 on each colour. */
const colors = { green: '#2e7d32', yellow: '#8a5d00', red: '#c21f2b', blue: '#0757b8', grey: '#5f666d' } as const

const height = 20
const padding = 5
const longest = 60

/** The width of a text in an odd number of pixels, as other makers of badges have it. */
const oddWidth = (text: string) => {
  const width = Math.floor(textWidth(text))
  return width % 2 === 0 ? width + 1 : width
}

const shortened = (text: string) => {
  const letters = [...text]
  return letters.length <= longest ? text : `${letters.slice(0, longest - 1).join('')}…`
}

/** The badge as a picture. The texts keep their computed width in every font. */
export const badgeSvg = ({ label: wholeLabel, message, color }: Badge): string => {
  const label = shortened(wholeLabel)
  const [left, right] = [oddWidth(label), oddWidth(message)]
  const split = left + 2 * padding
  const width = split + right + 2 * padding
  const text = (x: number, length: number, words: string) =>
    html`<text x="${x}" y="14" textLength="${length}" lengthAdjust="spacingAndGlyphs">${words}</text>`
  return String(
    html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}: ${message}"><title>${label}: ${message}</title><clipPath id="r"><rect width="${width}" height="${height}" rx="3"/></clipPath><g clip-path="url(#r)"><rect width="${split}" height="${height}" fill="#444"/><rect x="${split}" width="${width - split}" height="${height}" fill="${colors[color]}"/></g><g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">${text(padding, left, label)}${text(split + padding, right, message)}</g></svg>`,
  )
}

/** The badge for shields.io (https://shields.io/badges/endpoint-badge). */
export const badgeJson = ({ label, message, color }: Badge): string =>
  JSON.stringify({ schemaVersion: 1, label, message, color: colors[color].slice(1), cacheSeconds: 60 })
