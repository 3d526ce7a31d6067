import { episodeJson, imageOf, neighbours, showJson } from './json.ts'
import type { EpisodeRow, ShowRow } from './rows.ts'
import { search } from './search.ts'
import type { Store } from './store.ts'

export interface TvmazeResponse {
  status: number
  /** Sent as JSON. */
  body: unknown
  location?: string
}

export interface TvmazeRequest {
  path: string
  query: URLSearchParams
  /** The URL of the simulator, for links. */
  base: string
  now: Date
}

const errorNames: Record<number, string> = {
  400: 'Bad Request',
  404: 'Not Found',
  422: 'Unprocessable entity',
  429: 'Too Many Requests',
}

/** An error in TVmaze's JSON. TVmaze leaves the message empty if a show does not exist. */
export const errorResponse = (status: number, message: string): TvmazeResponse => ({
  status,
  body: { name: errorNames[status] ?? 'Error', message, code: 0, status },
})

const ok = (body: unknown): TvmazeResponse => ({ status: 200, body })
/** The response of lookup and singlesearch without a result: 404 with the JSON `null`. */
const noResult: TvmazeResponse = { status: 404, body: null }
const pageNotFound = errorResponse(404, 'Page not found.')

/** Answers a request as api.tvmaze.com does. Like api.tvmaze.com, it ignores unknown parameters. */
export const respond = (store: Store, request: TvmazeRequest): TvmazeResponse => {
  const { path, query, base, now } = request
  const [, first, second, third] = path.split('/')
  if (['search', 'singlesearch', 'lookup', 'updates'].includes(first ?? '') && second !== 'shows') return pageNotFound
  switch (first) {
    case 'search': {
      const hits = search(store.shows(), query.get('q') ?? '')
      return ok(hits.map(({ score, show }) => ({ score, show: showJson(base, show, now) })))
    }
    case 'singlesearch': {
      const [best] = search(store.shows(), query.get('q') ?? '')
      return best === undefined ? noResult : showWithEmbeds(best.show, request)
    }
    case 'lookup': {
      const show = store.shows().find(({ externals }) => hasExternalId(externals, query))
      return show === undefined ? noResult : { status: 301, body: null, location: `${base}/shows/${show.id}` }
    }
    case 'updates':
      return updatedShows(store, request)
    case 'schedule':
      return schedule(store, second, request)
    case 'seasons':
      return third === 'episodes' ? episodesOfSeason(store, Number(second), request) : pageNotFound
    case 'episodes':
      return episode(store, Number(second), request)
    case 'shows':
      if (second === undefined || second === '') return pageOfShows(store, request)
      if (!/^\d+$/.test(second)) return pageNotFound
      return withShow(store, Number(second), request, show => partOfShow(show, third, request))
    default:
      return pageNotFound
  }
}

/** The response for a show; a redirect if `redirectShow` was called for its id, or 404 if the show does not exist. */
const withShow = (
  store: Store,
  id: number,
  { base }: TvmazeRequest,
  responseFor: (show: ShowRow) => TvmazeResponse,
): TvmazeResponse => {
  const into = store.redirectOf(id)
  if (into !== undefined) return { status: 301, body: null, location: `${base}/shows/${into}` }
  const show = store.show(id)
  return show === undefined ? errorResponse(404, '') : responseFor(show)
}

/** Answers `/shows/<id>/<part>`. */
const partOfShow = (show: ShowRow, part: string | undefined, request: TvmazeRequest): TvmazeResponse => {
  const { query, base } = request
  switch (part) {
    case undefined:
    case '':
      return showWithEmbeds(show, request)
    case 'episodes':
      return ok(episodesOf(show, query.get('specials') === '1', base))
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
      return found.length === 0 ? errorResponse(404, '') : ok(found.map(one => episodeJson(base, show, one)))
    }
    default:
      return pageNotFound
  }
}

/** A show with the data that the parameters `embed` and `embed[]` ask for. */
const showWithEmbeds = (show: ShowRow, { query, base, now }: TvmazeRequest): TvmazeResponse => {
  const names = [...query.getAll('embed[]'), ...query.getAll('embed')]
  const embedded: Record<string, unknown> = {}
  for (const name of names) {
    switch (name) {
      case 'nextepisode':
      case 'previousepisode': {
        // If the episode does not exist, TVmaze leaves out the key.
        const near: { previousepisode?: EpisodeRow; nextepisode?: EpisodeRow } = neighbours(show, now)
        const episode = near[name]
        if (episode !== undefined) embedded[name] = episodeJson(base, show, episode)
        break
      }
      case 'episodes':
        embedded.episodes = episodesOf(show, false, base)
        break
      case 'akas':
        embedded.akas = show.akas
        break
      case 'seasons':
        embedded.seasons = seasonsOf(base, show)
        break
      case 'images':
        embedded.images = imagesOf(base, show)
        break
      default:
        return errorResponse(400, 'Invalid embed type')
    }
  }
  const json = showJson(base, show, now)
  return ok(names.length === 0 ? json : { ...json, _embedded: embedded })
}

const episodesOf = (show: ShowRow, withSpecials: boolean, base: string) =>
  show.episodes.filter(({ number }) => withSpecials || number !== null).map(one => episodeJson(base, show, one))

const updatedShows = (store: Store, { query, now }: TvmazeRequest): TvmazeResponse => {
  const since = parseSince(query.get('since'), now)
  if (since === null) return errorResponse(422, 'Invalid since argument')
  const updated = store.shows().filter(show => show.updated >= since)
  return ok(Object.fromEntries(updated.map(show => [String(show.id), show.updated])))
}

const sinceDays: Record<string, number> = { day: 1, week: 7, month: 28 }

/** The parameter `since` as Unix seconds: 0 without a value, null for a value that TVmaze does not accept. */
const parseSince = (given: string | null, now: Date): number | null => {
  if (given === null || given === '') return 0
  const days = sinceDays[given]
  return days === undefined ? null : now.getTime() / 1000 - days * 86_400
}

/**
 * Answers /schedule (networks of a country), /schedule/web (streaming services) and /schedule/full (all future
 * episodes).
 */
const schedule = (store: Store, kind: string | undefined, { query, base, now }: TvmazeRequest): TvmazeResponse => {
  const date = query.get('date') ?? now.toISOString().slice(0, 10)
  const country = query.get('country')
  if (!isDate(date)) return errorResponse(422, 'Invalid date format')
  if (country !== null && country !== '' && !/^(US|BR|GB)$/.test(country))
    return errorResponse(422, 'Invalid country code')
  const all = store.shows().flatMap(show => show.episodes.map(episode => ({ show, episode })))
  const inOrder = all.sort((a, b) => (a.episode.airstamp ?? '').localeCompare(b.episode.airstamp ?? ''))
  const ofDate = inOrder.filter(({ episode }) => episode.airdate === date)
  switch (kind) {
    case 'full': {
      const future = inOrder.filter(({ episode }) => Date.parse(episode.airstamp ?? '') >= now.getTime())
      return ok(future.map(entry => withEmbeddedShow(base, entry, now)))
    }
    case 'web': {
      const onWeb = ofDate.filter(({ show }) => show.webChannel !== null && isInCountry(show.webChannel, country))
      return ok(onWeb.map(entry => withEmbeddedShow(base, entry, now)))
    }
    case undefined:
    case '': {
      const onAir = ofDate.filter(({ show }) => show.network?.country?.code === (country || 'US'))
      return ok(
        onAir.map(({ show, episode }) => ({ ...episodeJson(base, show, episode), show: showJson(base, show, now) })),
      )
    }
    default:
      return pageNotFound
  }
}

/**
 * Whether a streaming service is in the country `code`. Without a code every service matches; an empty code matches
 * global services.
 */
const isInCountry = ({ country }: NonNullable<ShowRow['webChannel']>, code: string | null) =>
  code === null || (code === '' ? country === null : country?.code === code)

const withEmbeddedShow = (base: string, { show, episode }: { show: ShowRow; episode: EpisodeRow }, now: Date) => ({
  ...episodeJson(base, show, episode),
  _embedded: { show: showJson(base, show, now) },
})

const episodesOfSeason = (store: Store, seasonId: number, request: TvmazeRequest): TvmazeResponse =>
  withShow(store, Math.floor(seasonId / 1000), request, show => {
    const episodes = show.episodes.filter(({ season }) => season === seasonId % 1000)
    return ok(episodes.map(one => episodeJson(request.base, show, one)))
  })

const episode = (store: Store, id: number, { base }: TvmazeRequest): TvmazeResponse => {
  for (const show of store.shows()) {
    const found = show.episodes.find(one => one.id === id)
    if (found !== undefined) return ok(episodeJson(base, show, found))
  }
  return errorResponse(404, '')
}

const showsPerPage = 250

const pageOfShows = (store: Store, { query, base, now }: TvmazeRequest): TvmazeResponse => {
  const page = Number(query.get('page') ?? 0)
  const shows = store.shows().sort((a, b) => a.id - b.id)
  if (page * showsPerPage > (shows.at(-1)?.id ?? 0)) return errorResponse(404, '')
  const onPage = shows.filter(({ id }) => Math.floor(id / showsPerPage) === page)
  return ok(onPage.map(show => showJson(base, show, now)))
}

const seasonsOf = (base: string, show: ShowRow) =>
  [...new Set(show.episodes.map(({ season }) => season))].map(number => {
    const dated = show.episodes.filter(({ season, airdate }) => season === number && airdate !== '')
    return {
      id: show.id * 1000 + number,
      url: `${base}/seasons/${show.id * 1000 + number}`,
      number,
      name: '',
      episodeOrder: show.episodeOrders?.[number] ?? null,
      premiereDate: dated[0]?.airdate ?? null,
      endDate: dated.at(-1)?.airdate ?? null,
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

const hasExternalId = (externals: ShowRow['externals'], query: URLSearchParams): boolean =>
  (query.get('imdb') !== null && externals.imdb === query.get('imdb')) ||
  (query.get('thetvdb') !== null && externals.thetvdb === Number(query.get('thetvdb'))) ||
  (query.get('tvrage') !== null && externals.tvrage === Number(query.get('tvrage')))

const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))
