import type { Postgres } from '../connect.ts'
import { type Impact, worst } from './impacts.ts'
import { factsOf, type PageFacts } from './page-facts.ts'
import type { PageAddress, PageQuery, ReadComponent, ReadPage } from './page-reading.ts'
import {
  type ImpactRow,
  impactsByMonitor,
  impactsSql,
  latenessSql,
  type SumRow,
  sumsByMonitor,
  sumsIn,
  sumsSql,
  sumsTogetherSql,
} from './page-sums.ts'

/**
 * SQL: whether the row `page` is the page at an address: the public one with the slug `$1`, the one with the secret
 * `$2`, or any with the id `$3`.
 */
const atAddress = `case when $3::bigint is not null then page.id = $3
  when $1::text is null then page.secret = $2 and page.access = 'link'
  else page.slug = $1 and page.access = 'public' end`

/** SQL: the rows `page` and `chat` at the address `$1`, `$2`, `$3`. */
export const pageAt = `status_page page join chat on chat.id = page.chat_id and ${atAddress}`
export const valuesOf = (address: PageAddress): (string | number | null)[] => [
  'slug' in address ? address.slug : null,
  'secret' in address ? address.secret : null,
  'id' in address ? address.id : null,
]

/** The history of the components for which it is read. */
export interface ReadHistory {
  sums: readonly SumRow[]
  impacts: readonly ImpactRow[]
  lateness: ReadComponent['lateness']
}

/**
 * SQL: the columns of ReadHistory, of the rows `component` (monitor_id, zone) of the row `page`, between the times
 * `from` and `to`. The impacts are those since `since`.
 */
export const historyColumns = ({ unit, history }: PageQuery, from: string, to: string, since = from): string =>
  `(${history === 'together' ? sumsTogetherSql(from, to) : sumsSql(unit, from, to)}) as sums,
   (${impactsSql(since)}) as impacts, ${isOfOne(history) ? `(${latenessSql(to)})` : 'null'} as lateness`

type History = PageQuery['history']
const isOfOne = (history: History): history is Extract<History, { monitorId: number }> =>
  history !== 'together' && 'monitorId' in history

/** SQL: the rows `component` of the page in the row `page`, of which the history is read, with `valuesOfHistory`. */
export const componentsOf = ({ history }: PageQuery, first: string, count: string): string => `
  select shown.monitor_id, page.zone from page join status_page_component shown on shown.page_id = page.id
  ${isOfOne(history) ? `where shown.monitor_id = ${first} and ${count} = 1` : `order by position, shown.monitor_id offset ${first} limit ${count}`}`
export const valuesOfHistory = ({ history }: PageQuery): [first: number, count: number | null] => {
  if (history === 'together') return [0, null]
  return isOfOne(history) ? [history.monitorId, 1] : [history.first, history.count]
}

/** The page of these facts and this history, with what goes on or ended after the time that the query names. */
export const pageOf = (
  { recentImpacts, ...facts }: PageFacts,
  { sums, impacts, lateness }: ReadHistory,
  { outagesSince, history }: PageQuery,
): ReadPage => {
  const sumsOf = sumsByMonitor(sums)
  const impactsOf = impactsByMonitor(impacts, recentImpacts)
  const since = outagesSince.getTime() / 1000
  const affected = affectedNow(facts)
  return {
    ...facts,
    components: facts.components.map(component => ({
      ...component,
      lateness: isOfOne(history) && history.monitorId === component.id ? lateness : null,
      sums: sumsOf.get(component.id) ?? [],
      impacts: impactsOf.get(component.id) ?? [],
      impact: affected.get(String(component.id)) ?? 'none',
    })),
    sums: history === 'together' ? sums.map(sumsIn) : [],
    outages: facts.outages.filter(({ closedAt }) => closedAt === null || closedAt > since),
    windows: facts.windows.filter(({ endsAt }) => endsAt > since),
    posts: facts.posts.filter(({ at }) => at > since),
  }
}

/** The greatest impact that the posts which hold now say of each component, by its id. */
const affectedNow = ({ posts }: Pick<PageFacts, 'posts'>): Map<string, Impact> => {
  const affected = new Map<string, Impact>()
  for (const { until, impacts } of posts)
    if (until === null)
      for (const [id, impact] of Object.entries(impacts)) affected.set(id, worst(affected.get(id), impact))
  return affected
}

/**
 * The page at an address with the history of its monitors, from the tables; null if there is no such page. Visitors get
 * it from its snapshot, which `pageSnapshotsIn` reads.
 */
export const readPage = async (db: Postgres, query: PageQuery): Promise<ReadPage | null> => {
  const { rows } = await db.query<ReadHistory & { id: number }>(
    `with page as (select page.id, chat.zone from ${pageAt}), component as (${componentsOf(query, '$6', '$7')})
     select page.id, ${historyColumns(query, '$4::timestamptz', '$5::timestamptz')} from page`,
    [...valuesOf(query.address), query.since, query.now, ...valuesOfHistory(query)],
  )
  const facts = rows[0] && (await factsOf(db, rows[0].id, query.now))
  return facts ? pageOf(facts, rows[0]!, query) : null
}
