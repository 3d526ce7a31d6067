import pg from 'pg'

/** One PostgreSQL connection with prepared statements. It does not reconnect: when it is lost, open a new one. */
export interface Connection {
  /**
   * Runs a statement, which is prepared under its name the first time. Buffers are sent as binary. Rejects with
   * ConnectionLost when the connection is gone, and with PostgreSQL's error when it refuses the statement.
   */
  run<Row>(statement: Statement, values?: unknown[]): Promise<Row[]>
  end(): Promise<void>
}

export interface Statement {
  name: string
  text: string
}

/** The connection is gone. It is unknown whether the statement was executed. */
export class ConnectionLost extends Error {}

/**
 * PostgreSQL refused the values of a statement (SQLSTATE classes 21, 22, 23 and 54): other values would be accepted.
 */
export const isValueError = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /^2[123]|^54/.test(error.code ?? '')

export interface ConnectionOptions {
  url: string
  applicationName: string
  /** The connection counts as lost when PostgreSQL does not respond within this time. */
  timeoutMs: number
  settings?: Record<string, string>
  /** Called once when the connection is lost, but not after `end`. */
  onLost?: () => void
}

/**
 * Allows only index lookups, because all statements look up rows by their keys. PostgreSQL plans each statement once,
 * perhaps while the tables are still empty. A plan that scans or hashes is cheap on an empty table, and slow an hour
 * later.
 */
const plannerSettings = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
}

export const openConnection = async ({
  url,
  applicationName,
  timeoutMs,
  settings = {},
  onLost,
}: ConnectionOptions): Promise<Connection> => {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: timeoutMs,
    keepAlive: true,
    options: Object.entries({ ...plannerSettings, ...settings })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  })
  // While connecting, connect() itself rejects; only a connection that was open can be lost.
  let isOpen = false
  const lost = () => {
    if (!isOpen) return
    isOpen = false
    onLost?.()
  }
  client.on('error', lost)
  client.on('end', lost)
  await client.connect()
  isOpen = true

  return {
    run: async <Row>({ name, text }: Statement, values: unknown[] = []) => {
      // A timer on this side, because PostgreSQL's statement_timeout does not fire when the server itself hangs.
      const timer = setTimeout(() => client.connection.stream.destroy(), timeoutMs)
      try {
        const { rows } = await client.query({ name, text, values })
        return rows as Row[]
      } catch (error) {
        if (error instanceof pg.DatabaseError && !/^57P|^08/.test(error.code ?? '')) throw error
        throw new ConnectionLost('the connection to PostgreSQL is lost', { cause: error })
      } finally {
        clearTimeout(timer)
      }
    },
    end: async () => {
      isOpen = false
      await client.end()
    },
  }
}
