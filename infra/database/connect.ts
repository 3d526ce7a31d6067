import { setTimeout } from 'node:timers/promises'
import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg'
import { firstConnection, type Timer } from './first-connection.ts'

/** PostgreSQL, as the table modules see it: a pool, or one transaction of it. Values are `$1, $2 …`; an array meant for jsonb goes in as JSON text. */
export interface Postgres {
  query<Row = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<{ rows: Row[]; rowCount: number }>
  /** Commits what `work` returns, rolls back what it throws. Inside a transaction it is a savepoint of that transaction. */
  transaction<T>(work: (tx: Postgres) => Promise<T>): Promise<T>
  /** Waits for the queries in flight and closes every connection. */
  end(): Promise<void>
}

export interface PostgresOptions {
  /**
   * Connections at most. Over all processes together they stay below the server's max_connections (200 in the PostgreSQL of
   * `npm start`, 100 by default elsewhere, 3 of them reserved): the sum over functions of max-scale × max, and the runtime's own.
   * More than a function handles events at once (its containerConcurrency) gains nothing, and 16 at work saturate two cores.
   */
  max?: number
  /** Shown in pg_stat_activity. */
  applicationName?: string
  /** A statement that takes longer is cancelled by the server. */
  statementTimeoutMs?: number
  /**
   * Each text with values is parsed once a connection: a fifth less work for a statement that is asked all day. Only for SQL that
   * names its columns: after a migration a prepared `select *` fails until its connection is closed.
   */
  prepare?: boolean
  /** Settings of the server for these connections, such as `enable_sort: 'off'`. */
  settings?: Readonly<Record<string, string>>
  /** The time, while nothing has connected yet. */
  timer?: Timer
}

const realTimer: Timer = { now: () => performance.now(), pause: ms => setTimeout(ms) }

const oid = { int8: 20, date: 1082, numeric: 1700, int8Array: 1016, dateArray: 1182, numericArray: 1231 }

const integer = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit into a JavaScript number`)
  return value
}

const arrayOf =
  <T>(parse: (text: string) => T) =>
  (text: string): (T | null)[] =>
    text === '{}'
      ? []
      : text
          .slice(1, -1)
          .split(',')
          .map(item => (item === 'NULL' ? null : parse(item)))

/** What differs from `pg`: bigint and sums are numbers, a date stays the `YYYY-MM-DD` it is (pg makes it a local midnight). */
const parsers: Record<number, (text: string) => unknown> = {
  [oid.int8]: integer,
  [oid.int8Array]: arrayOf(integer),
  [oid.numeric]: Number,
  [oid.numericArray]: arrayOf(Number),
  [oid.date]: String,
  [oid.dateArray]: arrayOf(String),
}

/** JSON for a jsonb column: U+0000 and half a surrogate pair, which jsonb refuses, become U+FFFD. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][\da-f]{2})/g, '$1\\ufffd')

const withoutNul = (text: unknown) =>
  typeof text === 'string' && text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text

// PostgreSQL keeps no NUL in a text, and a statement that fails for one would fail at every repeat.
const storable = (values: unknown[]) =>
  values.map(value => (Array.isArray(value) ? value.map(withoutNul) : withoutNul(value)))

/** How a text and its values are handed to the driver. */
type Ask = (sql: string, values?: unknown[]) => QueryConfig

const plainly: Ask = (text, values) => (values === undefined ? { text } : { text, values: storable(values) })

/** Names texts so that the server keeps them. Texts that are put together anew each time would fill its memory, so not for ever. */
const byName = (): Ask => {
  const names = new Map<string, string>()
  return (text, values) => {
    if (values === undefined) return { text }
    const name = names.get(text) ?? (names.size < 200 ? `vigia_${names.size}` : undefined)
    if (name === undefined) return { text, values: storable(values) }
    names.set(text, name)
    return { name, text, values: storable(values) }
  }
}

const answer = <Row>({ rows, rowCount }: QueryResult) => ({ rows: rows as Row[], rowCount: rowCount ?? 0 })

/** A pool on `url` that loads the driver and connects with its first query. */
export const postgres = (
  url: string,
  {
    max = 4,
    applicationName = 'vigia',
    statementTimeoutMs = 30_000,
    prepare = false,
    settings = {},
    timer = realTimer,
  }: PostgresOptions = {},
): Postgres => {
  const ask = prepare ? byName() : plainly
  const first = firstConnection(timer)
  let pool: Promise<Pool> | undefined
  let ended = false

  const open = async (): Promise<Pool> => {
    const { default: pg } = await import('pg')
    const getTypeParser = ((id: number, format?: 'text' | 'binary') =>
      (format !== 'binary' && parsers[id]) ||
      pg.types.getTypeParser(id, format as 'text')) as typeof pg.types.getTypeParser
    const opened = new pg.Pool({
      connectionString: url,
      max,
      application_name: applicationName,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
      connectionTimeoutMillis: 5_000,
      // A function that a tick wakes every minute finds its connection still open: a new one costs the server more than the tick's queries.
      idleTimeoutMillis: 90_000,
      keepAlive: true,
      types: { getTypeParser },
      options: Object.entries(settings)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    })
    // A server that goes away is told to whoever asks next; without a listener the news would end the process.
    opened.on('error', () => {})
    opened.on('connect', client => client.on('error', () => {}))
    return opened
  }

  const opened = () => {
    if (ended) return Promise.reject(new Error('the database connection was closed'))
    pool ??= open()
    return pool
  }

  const connect = async () => {
    const pool = await opened()
    return first.connection(() => pool.connect())
  }

  return {
    query: async <Row>(sql: string, values?: unknown[]) => {
      // The pool keeps it for the query.
      if (!first.isConnected()) (await connect()).release()
      return answer<Row>(await (await opened()).query(ask(sql, values)))
    },
    transaction: async work => {
      const client = await connect()
      let broken: Error | undefined
      try {
        await client.query('begin')
        const result = await work(transactionOn(client, ask, 1))
        await client.query('commit')
        return result
      } catch (error) {
        await client.query('rollback').catch((unreachable: Error) => {
          broken = unreachable
        })
        throw error
      } finally {
        client.release(broken)
      }
    },
    end: async () => {
      if (ended) return
      ended = true
      await (await pool)?.end()
    },
  }
}

const transactionOn = (client: PoolClient, ask: Ask, depth: number): Postgres => ({
  query: async <Row>(sql: string, values?: unknown[]) => answer<Row>(await client.query(ask(sql, values))),
  transaction: async work => {
    const savepoint = `inner_${depth}`
    await client.query(`savepoint ${savepoint}`)
    try {
      const result = await work(transactionOn(client, ask, depth + 1))
      await client.query(`release savepoint ${savepoint}`)
      return result
    } catch (error) {
      await client.query(`rollback to savepoint ${savepoint}`)
      throw error
    }
  },
  end: () => Promise.reject(new Error('a transaction ends with its work')),
})
