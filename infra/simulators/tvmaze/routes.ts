import { episodeJson, imageOf, neighbours, showJson } from './json.ts'
import type { EpisodeRow, ShowRow } from './rows.ts'
import { search } from './search.ts'
import type { Store } from './store.ts'

export interface TvmazeResponse {
  status: number
  /** JSON. */
  body: unknown
  location?: string
}

export interface TvmazeRequest {
  path: string
  query: URLSearchParams
  base: string
  now: Date
}

const errorNames: Record<number, string> = {
  400: 'Bad Request',
  404: 'Not Found',
  422: 'Unprocessable entity',
  429: 'Too Many Requests',
}

/** TVMaze's envelope of an error; its message is empty where a show is missing. */
export const errorResponse = (status: number, message: string): TvmazeResponse => ({
  status,
  body: { name: errorNames[status] ?? 'Error', message, code: 0, status },
})

/** What lookup and singlesearch say where there is nothing: the word `null`. */
const notFound: TvmazeResponse = { status: 404, body: null }
const showsPerPage = 250

/** Answers a request as api.tvmaze.com does; parameters it does not know are ignored, as there. */
export const route = (store: Store, { path, query, base, now }: TvmazeRequest): TvmazeResponse => {
  const ok = (body: unknown): TvmazeResponse => ({ status: 200, body })
  const json = (show: ShowRow) => showJson(base, show, now)
  const withShow = (id: string, answer: (show: ShowRow) => TvmazeResponse): TvmazeResponse => {
    const into = store.redirectOf(Number(id))
    if (into !== undefined) return { status: 301, body: null, location: `${base}/shows/${into}` }
    const show = store.show(Number(id))
    return show === undefined ? errorResponse(404, '') : answer(show)
  }
  const listed = (show: ShowRow, specials: boolean) =>
    show.episodes.filter(({ number }) => specials || number !== null).map(episode => episodeJson(base, show, episode))
  const embedded = (show: ShowRow): TvmazeResponse => {
    const wanted = [...query.getAll('embed[]'), ...query.getAll('embed')]
    const embeds: Record<string, unknown> = {}
    for (const name of wanted) {
      const near: { previousepisode?: EpisodeRow; nextepisode?: EpisodeRow } = neighbours(show, now)
      switch (name) {
        case 'nextepisode':
        case 'previousepisode': {
          // Absent, not null, where there is none.
          const episode = near[name]
          if (episode !== undefined) embeds[name] = episodeJson(base, show, episode)
          break
        }
        case 'episodes':
          embeds.episodes = listed(show, false)
          break
        case 'akas':
          embeds.akas = show.akas
          break
        case 'seasons':
          embeds.seasons = seasonsOf(base, show)
          break
        case 'images':
          embeds.images = imagesOf(base, show)
          break
        default:
          return errorResponse(400, 'Invalid embed type')
      }
    }
    return ok(wanted.length === 0 ? json(show) : { ...json(show), _embedded: embeds })
  }

  const [, first, second, third] = path.split('/')
  switch (first) {
    case 'search':
      if (second !== 'shows') break
      return ok(search(store.shows(), query.get('q') ?? '').map(({ score, show }) => ({ score, show: json(show) })))
    case 'singlesearch': {
      if (second !== 'shows') break
      const [best] = search(store.shows(), query.get('q') ?? '')
      return best === undefined ? notFound : embedded(best.show)
    }
    case 'lookup': {
      if (second !== 'shows') break
      const found = store.shows().find(({ externals }) => matches(externals, query))
      return found === undefined ? notFound : { status: 301, body: null, location: `${base}/shows/${found.id}` }
    }
    case 'updates': {
      if (second !== 'shows') break
      const since = sinceOf(query.get('since'), now)
      if (since === null) return errorResponse(422, 'Invalid since argument')
      const edited = store.shows().filter(({ updated }) => updated >= since)
      return ok(Object.fromEntries(edited.map(({ id, updated }) => [String(id), updated])))
    }
    case 'schedule':
      return scheduled(store, second, { path, query, base, now })
    case 'seasons': {
      if (third !== 'episodes') break
      const season = Number(second)
      return withShow(String(Math.floor(season / 1000)), show =>
        ok(
          show.episodes.filter(episode => episode.season === season % 1000).map(each => episodeJson(base, show, each)),
        ),
      )
    }
    case 'episodes': {
      for (const show of store.shows()) {
        const episode = show.episodes.find(({ id }) => id === Number(second))
        if (episode !== undefined) return ok(episodeJson(base, show, episode))
      }
      return errorResponse(404, '')
    }
    case 'shows': {
      if (second === undefined || second === '') return page(store, query, json)
      if (!/^\d+$/.test(second)) break
      return withShow(second, show => {
        switch (third) {
          case undefined:
          case '':
            return embedded(show)
          case 'episodes':
            return ok(listed(show, query.get('specials') === '1'))
          case 'akas':
            return ok(show.akas)
          case 'images':
            return ok(imagesOf(base, show))
          case 'seasons':
            return ok(seasonsOf(base, show))
          case 'episodebynumber': {
            const found = show.episodes.find(
              ({ season, number }) => season === Number(query.get('season')) && number === Number(query.get('number')),
            )
            return found === undefined ? errorResponse(404, 'Unknown episode') : ok(episodeJson(base, show, found))
          }
          case 'episodesbydate': {
            const date = query.get('date') ?? ''
            if (!isDate(date)) return errorResponse(422, 'Invalid date format')
            const found = show.episodes.filter(({ airdate }) => airdate === date)
            return found.length === 0
              ? errorResponse(404, '')
              : ok(found.map(episode => episodeJson(base, show, episode)))
          }
          default:
            return errorResponse(404, 'Page not found.')
        }
      })
    }
  }
  return errorResponse(404, 'Page not found.')
}

const scheduled = (store: Store, kind: string | undefined, { query, base, now }: TvmazeRequest): TvmazeResponse => {
  const date = query.get('date') ?? now.toISOString().slice(0, 10)
  const country = query.get('country')
  if (!isDate(date)) return errorResponse(422, 'Invalid date format')
  if (country !== null && country !== '' && !/^(US|BR|GB)$/.test(country))
    return errorResponse(422, 'Invalid country code')
  const all = store.shows().flatMap(show => show.episodes.map(episode => ({ show, episode })))
  const inOrder = all.sort((a, b) => (a.episode.airstamp ?? '').localeCompare(b.episode.airstamp ?? ''))
  if (kind === 'full') {
    const coming = inOrder.filter(({ episode }) => Date.parse(episode.airstamp ?? '') >= now.getTime())
    return { status: 200, body: coming.map(entry => withEmbeddedShow(base, entry, now)) }
  }
  const today = inOrder.filter(({ episode }) => episode.airdate === date)
  if (kind === 'web') {
    const onWeb = today.filter(({ show }) => {
      const code = show.webChannel?.country?.code
      if (show.webChannel === null) return false
      return country === null || (country === '' ? code === undefined : code === country)
    })
    return { status: 200, body: onWeb.map(entry => withEmbeddedShow(base, entry, now)) }
  }
  if (kind !== undefined && kind !== '') return errorResponse(404, 'Page not found.')
  const onAir = today.filter(({ show }) => show.network?.country?.code === (country || 'US'))
  return {
    status: 200,
    body: onAir.map(({ show, episode }) => ({ ...episodeJson(base, show, episode), show: showJson(base, show, now) })),
  }
}

const withEmbeddedShow = (base: string, { show, episode }: { show: ShowRow; episode: EpisodeRow }, now: Date) => ({
  ...episodeJson(base, show, episode),
  _embedded: { show: showJson(base, show, now) },
})

const page = (store: Store, query: URLSearchParams, json: (show: ShowRow) => unknown): TvmazeResponse => {
  const number = Number(query.get('page') ?? 0)
  const shows = store.shows().sort((a, b) => a.id - b.id)
  const onPage = shows.filter(({ id }) => Math.floor(id / showsPerPage) === number)
  const isPast = number * showsPerPage > (shows.at(-1)?.id ?? 0)
  return isPast ? errorResponse(404, '') : { status: 200, body: onPage.map(json) }
}

const seasonsOf = (base: string, show: ShowRow) =>
  [...new Set(show.episodes.map(({ season }) => season))].map(number => {
    const dates = show.episodes.filter(({ season, airdate }) => season === number && airdate !== '')
    return {
      id: show.id * 1000 + number,
      url: `${base}/seasons/${show.id * 1000 + number}`,
      number,
      name: '',
      episodeOrder: null,
      premiereDate: dates[0]?.airdate ?? null,
      endDate: dates.at(-1)?.airdate ?? null,
      network: show.network,
      webChannel: show.webChannel,
      image: null,
      summary: null,
    }
  })

const imagesOf = (base: string, { id, hasImage }: ShowRow) =>
  hasImage
    ? [
        {
          id,
          type: 'poster',
          main: true,
          resolutions: {
            original: { url: imageOf(base, id).original, width: 680, height: 1000 },
            medium: { url: imageOf(base, id).medium, width: 210, height: 295 },
          },
        },
      ]
    : []

const matches = (externals: ShowRow['externals'], query: URLSearchParams): boolean =>
  (query.get('imdb') !== null && externals.imdb === query.get('imdb')) ||
  (query.get('thetvdb') !== null && externals.thetvdb === Number(query.get('thetvdb'))) ||
  (query.get('tvrage') !== null && externals.tvrage === Number(query.get('tvrage')))

const sinceDays: Record<string, number> = { day: 1, week: 7, month: 28 }

/** Unix seconds; 0 for everything, null for a word that TVMaze does not know. */
const sinceOf = (given: string | null, now: Date): number | null => {
  if (given === null || given === '') return 0
  const days = sinceDays[given]
  return days === undefined ? null : now.getTime() / 1000 - days * 86_400
}

const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))
