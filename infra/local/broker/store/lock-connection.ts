import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { type Connection, ConnectionLost, type ConnectionOptions } from './connection.ts'
import { retryUntilStopped } from './retry-until-stopped.ts'

/** Another broker works on this database. */
export class DatabaseTaken extends Error {}

/**
 * How long to wait for the lock each time. The lock of a killed process stays for a moment, until PostgreSQL notices
 * that the process is gone.
 */
const lockTimeoutMs = 2_000

const lockStatement = { name: 'lock', text: 'select pg_try_advisory_lock(7610, 1) as taken' }
const holderStatement = {
  name: 'holder',
  text: `
    select activity.pid, activity.application_name as name
    from pg_locks join pg_stat_activity as activity on activity.pid = pg_locks.pid
    where locktype = 'advisory' and classid = 7610 and objid = 1 and granted
      and database = (select oid from pg_database where datname = current_database())`,
}

export interface LockConnectionOptions {
  connect(more: Partial<ConnectionOptions>): Promise<Connection>
  /**
   * Called with each new connection when it has the lock, before it becomes `current`. The connection is closed if
   * `prepare` rejects.
   */
  prepare(connection: Connection): Promise<void>
  /** Called when the connection, and with it the lock, is lost. A new connection is being opened. */
  onLockLost(): void
  /** Called when a new connection has the lock. */
  onLockRegained(): void
  isStopping(): boolean
  log: Log
}

export interface LockConnection {
  /** null while the lock is not held. */
  readonly current: Connection | null
  /**
   * Opens the connection. Rejects with DatabaseTaken, or when PostgreSQL does not respond. A connection that is lost
   * later is opened again without a call.
   */
  open(): Promise<void>
  end(): Promise<void>
}

/**
 * A connection that holds an advisory lock, so that only one broker works on a database. PostgreSQL releases the lock
 * when the connection breaks; then the broker must not accept events until it has the lock again. Claims and renewals
 * use this connection.
 */
export const lockConnection = (options: LockConnectionOptions): LockConnection => {
  let current: Connection | null = null

  const open = async (): Promise<void> => {
    let isLost = false
    const opened = await options.connect({
      // A crash of PostgreSQL may lose the latest claims and renewals. That is harmless, because these deliveries are
      // then due again.
      settings: { synchronous_commit: 'off' },
      onLost: () => {
        isLost = true
        if (current === opened) onLost()
      },
    })
    try {
      await takeLock(opened)
      await options.prepare(opened)
      if (isLost) throw new ConnectionLost('the connection to PostgreSQL was lost before it was ready')
    } catch (error) {
      await opened.end().catch(() => {})
      throw error
    }
    current = opened
  }

  const onLost = () => {
    current = null
    options.onLockLost()
    void retryUntilStopped(open, options.isStopping, logTaken).then(() => {
      if (current) options.onLockRegained()
    })
  }

  const logTaken = (error: unknown) => {
    if (error instanceof DatabaseTaken) options.log.error({}, error.message)
  }

  return {
    get current() {
      return current
    },
    open,
    end: async () => {
      try {
        await current?.end()
      } finally {
        current = null
      }
    },
  }
}

const takeLock = async (connection: Connection): Promise<void> => {
  const giveUpAt = performance.now() + lockTimeoutMs
  while (!(await connection.run<{ taken: boolean }>(lockStatement))[0]!.taken) {
    if (performance.now() > giveUpAt) {
      const [holder] = await connection.run<{ pid: number; name: string }>(holderStatement)
      const who = holder ? ` (${holder.name}, server process ${holder.pid})` : ''
      throw new DatabaseTaken(
        `another broker works on this database${who}: stop that broker, or set DATABASE_URL to another database`,
      )
    }
    await pause(50)
  }
}
