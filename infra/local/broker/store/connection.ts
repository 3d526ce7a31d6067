import pg from 'pg'

/** One connection to PostgreSQL with a fixed set of prepared statements. When it breaks it is over: take a new one. */
export interface Link {
  /** Runs a statement that is prepared under its name the first time; Buffers are sent as binary. Rejects with Broken when the connection is gone. */
  run<Row>(statement: Statement, values?: unknown[]): Promise<Row[]>
  end(): Promise<void>
}

export interface Statement {
  name: string
  text: string
}

/** The connection is gone, and nobody knows whether the statement happened. */
export class Broken extends Error {}

/** What is wrong lies in the values, not in the server: the statement without them would work. */
export const faultOfValues = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /^2[123]|^54/.test(error.code ?? '')

export interface LinkOptions {
  url: string
  applicationName: string
  /** A server that does not answer for this long counts as gone. */
  patienceMs: number
  settings?: Record<string, string>
  /** Called once when the connection is gone, unless we ended it. */
  onBroken?: () => void
}

/**
 * Our statements look up rows by their keys, and are planned once, maybe while the tables are empty: no other way of joining must
 * look good then, for it would be a slow one an hour later.
 */
const planning = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
}

export const link = async ({
  url,
  applicationName,
  patienceMs,
  settings = {},
  onBroken,
}: LinkOptions): Promise<Link> => {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: patienceMs,
    keepAlive: true,
    options: Object.entries({ ...planning, ...settings })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  })
  // A connection that never stood is told of by connect(), to whoever waits for it.
  let stands = false
  const breaks = () => {
    if (!stands) return
    stands = false
    onBroken?.()
  }
  client.on('error', breaks)
  client.on('end', breaks)
  await client.connect()
  stands = true

  return {
    run: async <Row>({ name, text }: Statement, values: unknown[] = []) => {
      // A timer of ours: the server's own is of no use when it is the server that stands still.
      const timer = setTimeout(() => client.connection.stream.destroy(), patienceMs)
      try {
        const { rows } = await client.query({ name, text, values })
        return rows as Row[]
      } catch (error) {
        if (error instanceof pg.DatabaseError && !/^57P|^08/.test(error.code ?? '')) throw error
        throw new Broken('the connection to PostgreSQL is gone', { cause: error })
      } finally {
        clearTimeout(timer)
      }
    },
    end: async () => {
      stands = false
      await client.end()
    },
  }
}
