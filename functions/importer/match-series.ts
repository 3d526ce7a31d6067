import type { Match, WaitingSeries } from '#database/series/imports.ts'
import type { ShowHit } from '#database/series/show.ts'
import type { Tvmaze } from '#functions/tvmaze/client.ts'
import { folded } from '#functions/wording/fold.ts'

const maxChoices = 5

/** Letters and digits only: `Mr. Robot` and `Mr Robot` are the same name. */
const comparable = (name: string) => folded(name).replace(/[^\p{L}\p{N}]+/gu, '')

/**
 * Finds a series of a file on TVmaze: by the id of TheTVDB or IMDb, else by its name. By name it is found only if one
 * series has this name, and the year if the file has one. Everything else is a question to the person. Throws
 * TvmazeUnavailable.
 */
export const matchSeries = async (
  { title, premiered, thetvdb, imdb }: WaitingSeries,
  tvmaze: Pick<Tvmaze, 'idOf' | 'search'>,
): Promise<Match> => {
  const byTheTvdb = thetvdb === null ? null : await tvmaze.idOf({ thetvdb })
  if (byTheTvdb !== null) return { state: 'found', showId: byTheTvdb, byTheTvdb: true }
  const byImdb = imdb === null ? null : await tvmaze.idOf({ imdb })
  if (byImdb !== null) return { state: 'found', showId: byImdb }
  if (title === '') return { state: 'unknown' }
  return matchByName(title, premiered, await tvmaze.search(title))
}

const matchByName = (title: string, premiered: number | null, hits: ShowHit[]): Match => {
  const named = hits.filter(({ name }) => comparable(name) === comparable(title))
  const fitting = premiered === null ? named : named.filter(hit => hit.premiered?.startsWith(String(premiered)))
  const [only, ...others] = fitting
  if (only !== undefined && others.length === 0) return { state: 'found', showId: only.id, title: only.name }
  const choices = [...new Set([...fitting, ...named, ...hits])].slice(0, maxChoices)
  return choices.length === 0
    ? { state: 'unknown' }
    : {
        state: 'unsure',
        choices: choices.map(({ id, name, premiered, channel }) => ({ id, name, premiered, channel })),
      }
}
