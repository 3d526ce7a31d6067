/** A query with a parameter that is not valid. The message is for the caller of the API. */
export class BadQuery extends Error {}

export interface EventQuery {
  type?: string
  source?: string
  subject?: string
  /**
   * RFC 3339, or a date, which means its midnight in UTC. Only events accepted at this instant or later are returned.
   */
  since?: string
  /** Default 100, at most 1000. */
  limit?: string | number
}

/** The instant that `since` means. Throws BadQuery. */
export const parseSince = (text: string): Date => {
  const [, date, time = 'T00:00:00', zone = time === 'T00:00:00' ? 'Z' : undefined] =
    /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d))?$/i.exec(text) ?? []
  const isDay = date !== undefined && new Date(`${date}T00:00:00Z`).toJSON()?.startsWith(date)
  const instant = new Date(`${date}${time}${zone}`)
  if (isDay && !Number.isNaN(instant.getTime())) return instant
  const hint = / \d\d:\d\d$/.test(text) ? ' (a + in a query is written %2B)' : ''
  throw new BadQuery(`since=${text} is not a valid time; write 2026-11-21T12:00:00Z${hint}`)
}

/** The number that `limit` means, or `defaultLimit` when it is absent. Throws BadQuery. */
export const parseLimit = (limit: string | number | undefined, defaultLimit: number): number => {
  if (limit === undefined) return defaultLimit
  const number = Number(limit)
  if (!/^\d{1,4}$/.test(String(limit)) || number < 1 || number > 1000)
    throw new BadQuery(`limit=${limit} is not a number from 1 to 1000`)
  return number
}

interface SqlQuery {
  text: string
  values: unknown[]
}

/**
 * Settings of the connection that runs the queries. An index exists for every order that the queries ask for. Without
 * the settings PostgreSQL sometimes estimates that sorting is cheaper, and then reads all events of a type and source.
 */
export const plannerSettings = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_sort: 'off',
  enable_incremental_sort: 'off',
  jit: 'off',
}

/**
 * `accepted_at` does not grow strictly with `seq`, because two connections store up to 400 events each at the same
 * time. An event may be older than another event whose `seq` is lower by up to this number.
 */
const maxDisorder = 1_000

/**
 * The SQL that selects the events of a query, newest first, as columns of broker.event. With any filters and any number
 * of events it reads at most `limit` index entries for each matching kind (a pair of type and source), and no event
 * that does not match.
 *
 * No single index has the newest events of every combination of filters, and one index for each combination would
 * double the cost of storing an event. Kinds are few, so the query lists them by skipping through an index
 * (`kind`), and merges the newest events of each.
 */
export const selectEvents = ({ type, source, subject, since, limit }: EventQuery): SqlQuery => {
  const values: unknown[] = []
  const parameter = (value: unknown, type: string) => `$${values.push(value)}::${type}`
  const columns = 'seq, id, type, source, subject, attributes, accepted_at'
  const max = parameter(parseLimit(limit, 100), 'int4')
  const accepted = since === undefined ? null : parameter(parseSince(since), 'timestamptz')
  const first = accepted === null ? '0::int8' : `(select seq from beginning)`
  const isNewEnough = accepted === null ? '' : `and accepted_at >= ${accepted}`
  const parts: string[] = accepted === null ? [] : [beginning(accepted)]

  if (type === undefined && source === undefined && subject === undefined) {
    const text = `${withParts(parts)}
      select ${columns} from broker.event where seq >= ${first} ${isNewEnough} order by seq desc limit ${max}`
    return { text, values }
  }

  // The columns that the index begins with, and the values that the query gives for them. The conditions are row
  // comparisons and never equalities, so that only this index has the requested order. With equalities PostgreSQL would
  // sometimes read another index and filter its events.
  const fixed = { ...(subject === undefined ? {} : { subject }), ...(type === undefined ? {} : { type }) }
  const prefixValues = new Map(Object.entries(fixed).map(([name, text]) => [name, parameter(text, 'text')]))
  const index = subject === undefined ? ['type', 'source'] : ['subject', 'type', 'source']
  const bytewise = (names: readonly string[]) => names.map(name => `${name} collate "C"`)
  const row = (parts: readonly string[]) => `(${parts.join(', ')})`
  const start = index.map(name => (name === 'subject' ? prefixValues.get(name)! : `kind.${name}`))
  const after = index.map(name => prefixValues.get(name) ?? `kind.${name}`)
  const prefix = row(bytewise([...prefixValues.keys()]))
  const comparesPrefix = (operator: string) =>
    prefixValues.size === 0 ? 'true' : `${prefix} ${operator} ${row([...prefixValues.values()])}`
  const hasSubject = subject === undefined ? 'true' : 'subject is not null'
  parts.push(`kind (type, source) as (
      (select type, source from broker.event where ${hasSubject} and ${comparesPrefix('>=')} and ${comparesPrefix('<=')}
        order by ${bytewise(index)} limit 1)
      union all
      select next.type, next.source from kind cross join lateral (
        select type, source from broker.event
        where ${hasSubject} and ${row(bytewise(index))} > ${row(after)} and ${comparesPrefix('<=')}
        order by ${bytewise(index)} limit 1
      ) as next
    )`)
  const text = `${withParts(parts)}
    select newest.* from kind cross join lateral (
      select ${columns} from broker.event
      where ${hasSubject} and ${row([...bytewise(index), 'seq'])} >= ${row([...start, first])}
        and ${row([...bytewise(index), 'seq'])} <= ${row([...start, '9223372036854775807'])} ${isNewEnough}
      order by ${bytewise(index).map(column => `${column} desc`)}, seq desc limit ${max}
    ) as newest
    where ${source === undefined ? 'true' : `kind.source = ${parameter(source, 'text')}`}
    order by seq desc limit ${max}`
  return { text, values }
}

const withParts = (parts: readonly string[]) => (parts.length === 0 ? '' : `with recursive ${parts.join(', ')}`)

/**
 * SQL that finds the first `seq` that may be new enough. A binary search is possible, because `seq` grows with the time
 * of storing.
 */
const beginning = (accepted: string) => `
    halved (low, high) as (
      select (select min(seq) from broker.event), (select max(seq) + 1 from broker.event)
      union all
      select case when middle.accepted_at < ${accepted} then middle.seq + 1 else low end,
        case when middle.accepted_at < ${accepted} then high else (low + high) / 2 end
      from halved cross join lateral (
        select seq, accepted_at from broker.event where seq >= (low + high) / 2 order by seq limit 1
      ) as middle
      where low < high
    ), beginning as (
      select coalesce(max(low), 0) - ${maxDisorder} as seq from halved
    )`
