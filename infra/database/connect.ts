import { setTimeout } from 'node:timers/promises'
import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg'
import { firstConnection, type Timer } from './first-connection.ts'

/**
 * PostgreSQL for the table modules: a pool, or one transaction of it. `values` replace `$1, $2 …` in the SQL; pass an
 * array for a jsonb column as JSON text.
 */
export interface Postgres {
  query<Row = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<{ rows: Row[]; rowCount: number }>
  /**
   * Commits when `work` resolves and rolls back when it throws. Inside a transaction, `work` runs in a savepoint of
   * that transaction.
   */
  transaction<T>(work: (tx: Postgres) => Promise<T>): Promise<T>
  /** Waits for the queries in flight and closes every connection. */
  end(): Promise<void>
}

export interface PostgresOptions {
  /**
   * The largest number of connections. All processes together must stay below max_connections of the server (200 with
   * `npm start`, 400 in infra/cluster, 100 by PostgreSQL's default) minus the 3 connections that PostgreSQL reserves. A
   * function may use max-scale × `max` connections, and the runtime has its own connections. A larger number than the
   * containerConcurrency of the function gains nothing, and 16 busy connections saturate two cores.
   */
  max?: number
  /** Shown in pg_stat_activity. */
  applicationName?: string
  /** The server cancels a statement that takes longer. */
  statementTimeoutMs?: number
  /**
   * Whether a statement that has values is prepared, once per connection. This saves a fifth of the work of a frequent
   * statement. Only for SQL that names its columns, because after a migration a prepared `select *` fails until its
   * connection is closed.
   */
  prepare?: boolean
  /** Server settings for these connections, such as `enable_sort: 'off'`. */
  settings?: Readonly<Record<string, string>>
  /** Clock and pause for the retries of the first connection. */
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

/**
 * The parsers that replace those of `pg`: bigint and numeric values become numbers, and a date stays the text
 * `YYYY-MM-DD` (`pg` would make it midnight in the local time zone).
 */
const parsers: Record<number, (text: string) => unknown> = {
  [oid.int8]: integer,
  [oid.int8Array]: arrayOf(integer),
  [oid.numeric]: Number,
  [oid.numericArray]: arrayOf(Number),
  [oid.date]: String,
  [oid.dateArray]: arrayOf(String),
}

/** JSON for a jsonb column. U+0000 and unpaired surrogates become U+FFFD, because jsonb refuses them. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][\da-f]{2})/g, '$1\\ufffd')

const withoutNul = (text: unknown) =>
  typeof text === 'string' && text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text

// PostgreSQL stores no NUL in a text, and a statement with a NUL would fail at every retry.
const withoutNuls = (values: unknown[]) =>
  values.map(value => (Array.isArray(value) ? value.map(withoutNul) : withoutNul(value)))

/** Makes the query for the driver from SQL and values. */
type QueryBuilder = (sql: string, values?: unknown[]) => QueryConfig

const plainQuery: QueryBuilder = (text, values) =>
  values === undefined ? { text } : { text, values: withoutNuls(values) }

/**
 * Names queries, so that the server prepares them. The number of names is limited, because SQL that is different each
 * time would fill the memory of the server.
 */
const preparedQuery = (): QueryBuilder => {
  const names = new Map<string, string>()
  return (text, values) => {
    if (values === undefined) return { text }
    const name = names.get(text) ?? (names.size < 200 ? `vigia_${names.size}` : undefined)
    if (name === undefined) return { text, values: withoutNuls(values) }
    names.set(text, name)
    return { name, text, values: withoutNuls(values) }
  }
}

const resultOf = <Row>({ rows, rowCount }: QueryResult) => ({ rows: rows as Row[], rowCount: rowCount ?? 0 })

/** A pool for the database at `url`. The first query loads the driver and connects. */
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
  const toQuery = prepare ? preparedQuery() : plainQuery
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
      // Longer than the minute between two ticks, because a new connection costs the server more than the queries of a
      // tick.
      idleTimeoutMillis: 90_000,
      keepAlive: true,
      types: { getTypeParser },
      options: Object.entries(settings)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    })
    // Without a listener, Node.js exits on the 'error' event. The next query reports the failure.
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
      // The pool keeps the connection, and the query below uses it.
      if (!first.isConnected()) (await connect()).release()
      return resultOf<Row>(await (await opened()).query(toQuery(sql, values)))
    },
    transaction: async work => {
      const client = await connect()
      let rollbackError: Error | undefined
      try {
        await client.query('begin')
        const result = await work(transactionOn(client, toQuery, 1))
        await client.query('commit')
        return result
      } catch (error) {
        await client.query('rollback').catch((error: Error) => {
          rollbackError = error
        })
        throw error
      } finally {
        client.release(rollbackError)
      }
    },
    end: async () => {
      if (ended) return
      ended = true
      await (await pool)?.end()
    },
  }
}

const transactionOn = (client: PoolClient, toQuery: QueryBuilder, depth: number): Postgres => ({
  query: async <Row>(sql: string, values?: unknown[]) => resultOf<Row>(await client.query(toQuery(sql, values))),
  transaction: async work => {
    const savepoint = `inner_${depth}`
    await client.query(`savepoint ${savepoint}`)
    try {
      const result = await work(transactionOn(client, toQuery, depth + 1))
      await client.query(`release savepoint ${savepoint}`)
      return result
    } catch (error) {
      await client.query(`rollback to savepoint ${savepoint}`)
      throw error
    }
  },
  end: () => Promise.reject(new Error('end() is for a pool; a transaction ends with its work')),
})
