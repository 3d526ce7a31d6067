import { comparableName } from '#functions/wording/fold.ts'

/** What a person searches for: a name, and the year of the first episode if the text ends with one. */
export interface WantedSeries {
  name: string
  year: string | null
}

/** `The Office 2005` and `The Office (2005)`. A text that is only a year is a name: `1923`. */
export const wantedSeries = (query: string): WantedSeries => {
  const [, name, year] = /^(.+?)[\s,]*[([]?((?:19|20)\d\d)[)\]]?$/.exec(query.trim()) ?? []
  return name === undefined || comparableName(name) === ''
    ? { name: query, year: null }
    : { name: name.trim(), year: year! }
}

/** Whether a series began in that year; without a year every series fits. */
export const fitsYear =
  (year: string | null) =>
  ({ premiered }: { premiered: string | null }): boolean =>
    year === null || premiered?.startsWith(year) === true

/** The hits of that year first. */
export const byYear = <Hit extends { premiered: string | null }>(hits: readonly Hit[], year: string | null): Hit[] => [
  ...hits.filter(fitsYear(year)),
  ...hits.filter(hit => !fitsYear(year)(hit)),
]
