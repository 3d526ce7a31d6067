/** A question that cannot be answered, in words for who asked. */
export class BadQuery extends Error {}

export interface EventQuery {
  type?: string
  source?: string
  subject?: string
  /** RFC 3339, or a date, which means its midnight in UTC: only events accepted at this instant or later. */
  since?: string
  /** 100 unless said, at most 1000. */
  limit?: string | number
}

/** The instant of `since`. Throws BadQuery. */
export const parseSince = (text: string): Date => {
  const [, date, time = 'T00:00:00', zone = time === 'T00:00:00' ? 'Z' : undefined] =
    /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d))?$/i.exec(text) ?? []
  const isDay = date !== undefined && new Date(`${date}T00:00:00Z`).toJSON()?.startsWith(date)
  const instant = new Date(`${date}${time}${zone}`)
  if (isDay && !Number.isNaN(instant.getTime())) return instant
  const hint = / \d\d:\d\d$/.test(text) ? ' (a + in a query is written %2B)' : ''
  throw new BadQuery(`since=${text} is not a valid time; write 2026-11-21T12:00:00Z${hint}`)
}

/** The number of `limit`. Throws BadQuery. */
export const parseLimit = (limit: string | number | undefined, otherwise: number): number => {
  if (limit === undefined) return otherwise
  const number = Number(limit)
  if (!/^\d{1,4}$/.test(String(limit)) || number < 1 || number > 1000)
    throw new BadQuery(`limit=${limit} is not a number from 1 to 1000`)
  return number
}

interface Question {
  text: string
  values: unknown[]
}

/**
 * For the connection that asks: there is an index for each order that is asked for, and where the server finds sorting cheaper it
 * reads all of a kind for that.
 */
export const plannerSettings = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_sort: 'off',
  enable_incremental_sort: 'off',
  jit: 'off',
}

/**
 * How many events back in the order of their numbers one may have an earlier time: two connections store up to 400 events each at
 * once.
 */
const disorder = 1_000

/**
 * The events that a query asks for, newest first, as columns of broker.event. Whatever the filters and however many events there
 * are, it reads `limit` index entries for each kind (type and source) that matches, and no event that does not match.
 *
 * No single index gives the newest events of every combination of filters, and one index for each would double the cost of storing
 * an event. There are few kinds, so they are listed by skipping through an index (`kind`), and the newest of each are merged.
 */
export const selectEvents = ({ type, source, subject, since, limit }: EventQuery): Question => {
  const values: unknown[] = []
  const value = (given: unknown, as: string) => `$${values.push(given)}::${as}`
  const columns = 'seq, id, type, source, subject, attributes, accepted_at'
  const most = value(parseLimit(limit, 100), 'int4')
  const accepted = since === undefined ? null : value(parseSince(since), 'timestamptz')
  const first = accepted === null ? '0::int8' : `(select seq from beginning)`
  const late = accepted === null ? '' : `and accepted_at >= ${accepted}`
  const parts: string[] = accepted === null ? [] : [beginning(accepted)]

  if (type === undefined && source === undefined && subject === undefined) {
    const text = `${withParts(parts)}
      select ${columns} from broker.event where seq >= ${first} ${late} order by seq desc limit ${most}`
    return { text, values }
  }

  // What an index begins with, and the values of what the query says of that. Bounds are rows and never equalities, so that only
  // this index has the order that is asked for: another one would be read through for what does not match.
  const fixed = { ...(subject === undefined ? {} : { subject }), ...(type === undefined ? {} : { type }) }
  const given = new Map(Object.entries(fixed).map(([name, text]) => [name, value(text, 'text')]))
  const index = subject === undefined ? ['type', 'source'] : ['subject', 'type', 'source']
  const bytewise = (names: readonly string[]) => names.map(name => `${name} collate "C"`)
  const row = (parts: readonly string[]) => `(${parts.join(', ')})`
  const own = index.map(name => (name === 'subject' ? given.get(name)! : `kind.${name}`))
  const after = index.map(name => given.get(name) ?? `kind.${name}`)
  const prefix = row(bytewise([...given.keys()]))
  const isGiven = (operator: string) =>
    given.size === 0 ? 'true' : `${prefix} ${operator} ${row([...given.values()])}`
  const isAbout = subject === undefined ? 'true' : 'subject is not null'
  parts.push(`kind (type, source) as (
      (select type, source from broker.event where ${isAbout} and ${isGiven('>=')} and ${isGiven('<=')}
        order by ${bytewise(index)} limit 1)
      union all
      select next.type, next.source from kind cross join lateral (
        select type, source from broker.event
        where ${isAbout} and ${row(bytewise(index))} > ${row(after)} and ${isGiven('<=')}
        order by ${bytewise(index)} limit 1
      ) as next
    )`)
  const text = `${withParts(parts)}
    select newest.* from kind cross join lateral (
      select ${columns} from broker.event
      where ${isAbout} and ${row([...bytewise(index), 'seq'])} >= ${row([...own, first])}
        and ${row([...bytewise(index), 'seq'])} <= ${row([...own, '9223372036854775807'])} ${late}
      order by ${bytewise(index).map(column => `${column} desc`)}, seq desc limit ${most}
    ) as newest
    where ${source === undefined ? 'true' : `kind.source = ${value(source, 'text')}`}
    order by seq desc limit ${most}`
  return { text, values }
}

const withParts = (parts: readonly string[]) => (parts.length === 0 ? '' : `with recursive ${parts.join(', ')}`)

/** The number before which every event is older: found by halving, because numbers are given out in the order of time. */
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
      select coalesce(max(low), 0) - ${disorder} as seq from halved
    )`
