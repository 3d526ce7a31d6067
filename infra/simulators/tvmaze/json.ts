import type { EpisodeRow, ShowRow } from './rows.ts'

/** A show in TVmaze's JSON. `base` is the URL of the simulator, for links and images. */
export const showJson = (base: string, show: ShowRow, now: Date) => {
  const { id, hasImage, episodes, akas, ...row } = show
  const links: Record<string, { href: string; name?: string }> = { self: { href: `${base}/shows/${id}` } }
  for (const [name, episode] of Object.entries(neighbours(show, now))) {
    if (episode !== undefined) links[name] = { href: `${base}/episodes/${episode.id}`, name: episode.name }
  }
  return {
    id,
    url: `https://www.tvmaze.com/shows/${id}/${slug(row.name)}`,
    name: row.name,
    type: row.type,
    language: row.language,
    genres: row.genres,
    status: row.status,
    runtime: row.runtime,
    averageRuntime: row.runtime,
    premiered: row.premiered,
    ended: row.ended,
    officialSite: null,
    schedule: row.schedule,
    rating: { average: null },
    weight: row.weight,
    network: row.network,
    webChannel: row.webChannel,
    dvdCountry: null,
    externals: row.externals,
    image: hasImage ? imageOf(base, id) : null,
    summary: row.summary,
    updated: row.updated,
    _links: links,
  }
}

export const episodeJson = (base: string, show: ShowRow, episode: EpisodeRow) => ({
  id: episode.id,
  url: `https://www.tvmaze.com/episodes/${episode.id}/${slug(`${show.name} ${episode.season}x${episode.number ?? 'special'} ${episode.name}`)}`,
  name: episode.name,
  season: episode.season,
  number: episode.number,
  type: episode.type,
  airdate: episode.airdate,
  airtime: episode.airtime,
  airstamp: episode.airstamp,
  runtime: episode.runtime,
  rating: { average: null },
  image: null,
  summary: episode.summary,
  _links: {
    self: { href: `${base}/episodes/${episode.id}` },
    show: { href: `${base}/shows/${show.id}`, name: show.name },
  },
})

/** The last episode that has aired and the next one; a key is absent if that episode does not exist. */
export const neighbours = (show: ShowRow, now: Date): { previousepisode?: EpisodeRow; nextepisode?: EpisodeRow } => {
  const dated = show.episodes.filter(({ airstamp }) => airstamp !== null)
  const instant = ({ airstamp }: EpisodeRow) => Date.parse(airstamp ?? '')
  const previous = dated.findLast(episode => instant(episode) <= now.getTime())
  const next = dated.find(episode => instant(episode) > now.getTime())
  return {
    ...(previous === undefined ? {} : { previousepisode: previous }),
    ...(next === undefined ? {} : { nextepisode: next }),
  }
}

export const imageOf = (base: string, id: number) => ({
  medium: `${base}/uploads/images/medium_portrait/${Math.floor(id / 2500)}/${id}.png`,
  original: `${base}/uploads/images/original_untouched/${Math.floor(id / 2500)}/${id}.png`,
})

const slug = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
