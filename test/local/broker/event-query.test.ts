import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Postgres, postgres } from '#database/connect.ts'
import { BadQuery, type EventQuery, plannerSettings, selectEvents } from '#local/broker/reads/event-query.ts'
import { type BrokerServer, startBrokerServer } from '#test/support/broker-server.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'

let database: TestDatabase
let server: BrokerServer
let db: Postgres

const events = 60_000
const beginning = Date.parse('2026-11-21T00:00:00Z')
const at = (seq: number) => new Date(beginning + seq * 1000).toISOString()

// The rows are like the events after a week of probes: nearly all are of one kind, and shard/0 is the subject of half
// of the events.
beforeAll(async () => {
  database = await emptyDatabase()
  server = await startBrokerServer(database.url, [])
  await database.db.query(
    `insert into broker.event (seq, key, id, source, type, subject, attributes, data, ttl, accepted_at)
     select n, gen_random_uuid(), n::text, kind.source, kind.type, kind.subject, '{}', '', 255, $2::timestamptz + n * interval '1 second'
     from generate_series(1, $1) as n cross join lateral (
       select
         case when n % 1000 = 0 then 'prober' when n % 1000 = 1 then 'bot' else 'scheduler' end as source,
         case when n % 1000 = 0 then 'down' when n % 1000 = 1 then 'follow' else 'probe' end as type,
         case when n % 1000 = 0 then 'monitor/' || n % 7000 when n % 10000 = 1 then null when n % 2 = 0 then 'shard/0' else 'shard/' || n % 500 end as subject
     ) as kind`,
    [events, at(0)],
  )
  await database.db.query('analyze broker.event')
  db = postgres(database.url, { max: 1, settings: plannerSettings })
})

afterAll(async () => {
  await db.end()
  await server.stop()
  await database.end()
})

interface Node {
  'Node Type': string
  'Index Name'?: string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/** How PostgreSQL runs the query: which indexes or scans it uses, and how many rows and pages it reads. */
const planOf = async (query: EventQuery) => {
  const { text, values } = selectEvents(query)
  const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
    `explain (analyze, buffers, format json) ${text}`,
    values,
  )
  const plan = rows[0]!['QUERY PLAN'][0].Plan
  const scans = nodesOf(plan).filter(node => node['Relation Name'] === 'event')
  const read = (node: Node) =>
    (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
    node['Actual Loops']
  return {
    accessPaths: [...new Set(scans.map(node => node['Index Name'] ?? node['Node Type']))].sort(),
    rows: scans.reduce((sum, node) => sum + read(node), 0),
    pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
  }
}

const filters = {
  type: ['probe', 'down', 'absent'],
  source: ['scheduler', 'prober', 'absent'],
  subject: ['shard/0', 'monitor/3000', 'shard/-1'],
  since: [at(0), at(events - 50), '2100-01-01T00:00:00Z'],
}

/** Every combination of filters, with values that match many events, few events and none. */
const combinations = Object.entries(filters).reduce<EventQuery[]>(
  (queries, [name, values]) => queries.flatMap(query => [query, ...values.map(value => ({ ...query, [name]: value }))]),
  [{}],
)

describe('events by filters', () => {
  test.each([{ limit: 100 }, { limit: 1 }])(
    'every combination of filters reads a bounded part of an index, with limit $limit',
    async ({ limit }) => {
      for (const query of combinations) {
        const { accessPaths, rows, pages } = await planOf({ ...query, limit })
        expect(accessPaths, JSON.stringify(query)).not.toContain('Seq Scan')
        expect(accessPaths.join(), JSON.stringify(query)).toMatch(/^[a-z_,]+$/)
        // The bound is `limit` rows for each of the three pairs of type and source, and 1,200 rows for the events that
        // two connections may store out of order and for the steps of the binary search.
        expect(rows, JSON.stringify(query)).toBeLessThan(3 * limit + 1_200)
        // Index entries that PostgreSQL skips do not count as rows, so pages are checked too. An index of all events
        // has over 600 pages.
        expect(pages, JSON.stringify(query)).toBeLessThan(3 * limit + (query.since === undefined ? 40 : 110))
      }
    },
  )

  test('every combination of filters returns the same events as a scan of the whole table', async () => {
    for (const query of combinations) {
      const all = await database.db.query<{ seq: number }>(
        `select seq from broker.event
         where ($1::text is null or type = $1) and ($2::text is null or source = $2) and ($3::text is null or subject = $3)
           and ($4::timestamptz is null or accepted_at >= $4)
         order by seq desc limit 30`,
        [query.type ?? null, query.source ?? null, query.subject ?? null, query.since ?? null],
      )
      const found = await server.broker.reads.events({ ...query, limit: 30 })
      expect(
        found.map(({ seq }) => seq),
        JSON.stringify(query),
      ).toEqual(all.rows.map(({ seq }) => seq))
    }
  })
})

describe('a broker without events', () => {
  test.each([{}, { type: 'probe' }, { since: at(0) }, { subject: 'x', since: at(0) }])(
    'the query %o finds no event',
    async query => {
      const empty = await emptyDatabase()
      const other = await startBrokerServer(empty.url, [])
      expect(await other.broker.reads.events(query)).toEqual([])
      await other.stop()
      await empty.end()
    },
  )
})

describe('parameters of a query', () => {
  test.each([
    'yesterday',
    '2026-02-30T00:00:00Z',
    '2026-13-01',
    '2026-11-21T12:00:00',
    '2026-11-21T25:00:00Z',
    '2026-11-21T12:00:00 03:00',
    '20261121T120000Z',
    '1763726400',
    ' 2026-11-21',
  ])('since=%s is refused', since => {
    expect(() => selectEvents({ since })).toThrow(BadQuery)
  })

  test.each(['0', '1001', '-1', '1.0', '0x10', '1e2', '٣', 'many', '', ' 5'])('limit=%s is refused', limit => {
    expect(() => selectEvents({ limit })).toThrow(BadQuery)
  })

  test.each(['2026-11-21', '2026-11-21T12:00:00Z', '2026-11-21T12:00:00.5-03:00', '0001-01-01T00:00:00Z'])(
    'since=%s is accepted',
    since => {
      expect(selectEvents({ since }).values).toContainEqual(expect.any(Date))
    },
  )
})
