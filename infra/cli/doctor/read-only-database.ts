import pg from 'pg'

/** One connection that can only read. */
export interface ReadOnlyDatabase {
  /** The rows. Rejects if the server does not answer in time. */
  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>
  end(): Promise<void>
}

/**
 * Connects to PostgreSQL. Connecting and each query may take `timeoutMs`, also if the server accepts the connection
 * and then stays silent. PostgreSQL refuses every write on this connection.
 */
export const readOnlyDatabase = async (
  url: string,
  timeoutMs: number,
  applicationName = 'vigia doctor',
): Promise<ReadOnlyDatabase> => {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    options: '-c default_transaction_read_only=on',
  })
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
  // One query after the other, because the checks run at the same time and pg will refuse to queue queries.
  let latest: Promise<unknown> = Promise.resolve()
  let silence: Error | undefined
  const ask = async <Row extends object>(sql: string, values: unknown[]) => {
    if (silence !== undefined) throw silence
    try {
      return (await client.query<Row>(sql, values)).rows
    } catch (error) {
      // An error that does not come from the server: it did not answer, and the next query would wait for it as long.
      if (!(error instanceof pg.DatabaseError)) silence = error as Error
      throw error
    }
  }
  return {
    query: <Row extends object>(sql: string, values: unknown[] = []) => {
      const rows = latest.then(() => ask<Row>(sql, values))
      latest = rows.catch(() => {})
      return rows
    },
    end: () => client.end().catch(() => {}),
  }
}
