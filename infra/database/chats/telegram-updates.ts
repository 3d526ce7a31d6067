import type { Postgres } from '../connect.ts'

/**
 * The duration of a lease. Every process must handle an update in less time, so no process still handles an update
 * whose lease has expired.
 */
const leaseS = 15

/** Telegram delivers an update again for up to 24 hours, so a row is not needed after this time. */
const keptFor = '3 days'

/**
 * The result of asking for the lease of an update. `leased`: the caller may handle it. `attempts` includes this
 * attempt; `mayHaveAnswered` is true if an earlier attempt sent a message, or ended without releasing the lease.
 * `busy`: another process handles it, for at most `seconds` more. `done` and `deferred`: the caller has nothing to do
 * when Telegram delivers the update.
 */
export type Lease =
  | { state: 'leased'; attempts: number; mayHaveAnswered: boolean }
  | { state: 'busy'; seconds: number }
  | { state: 'done' }
  | { state: 'deferred' }

/** The table `telegram_update`. It uses the clock of PostgreSQL. */
export const telegramUpdatesIn = (db: Postgres) => ({
  /**
   * Asks for the lease of an update. `from` says who delivered it: `telegram`, or the `broker` after the update was
   * deferred.
   */
  lease: async (botId: number, updateId: number, from: 'telegram' | 'broker'): Promise<Lease> => {
    // A released lease ends at the epoch. An expired lease belongs to a process that ended, perhaps after it had
    // answered.
    const taken = await db.query<{ attempts: number; mayHaveAnswered: boolean }>(
      `insert into telegram_update (bot_id, update_id, state, lease_until)
       values ($1, $2, $3, now() + make_interval(secs => ${leaseS}))
       on conflict (bot_id, update_id) do update
       set attempts = telegram_update.attempts + 1, lease_until = excluded.lease_until, state = excluded.state,
         may_have_answered = telegram_update.may_have_answered or telegram_update.lease_until > 'epoch'
       where telegram_update.lease_until <= now() and telegram_update.state = any ($4)
       returning attempts, may_have_answered as "mayHaveAnswered"`,
      [
        botId,
        updateId,
        from === 'telegram' ? 'processing' : 'deferred',
        from === 'telegram' ? ['processing'] : ['processing', 'deferred'],
      ],
    )
    if (taken.rows[0]) return { state: 'leased', ...taken.rows[0] }
    const { rows } = await db.query<{ state: 'processing' | 'done' | 'deferred'; seconds: number }>(
      `select state, greatest(1, ceil(extract(epoch from lease_until - now())))::integer as seconds
       from telegram_update where bot_id = $1 and update_id = $2`,
      [botId, updateId],
    )
    const found = rows[0]
    if (!found) return { state: 'busy', seconds: 1 }
    if (found.state === 'done') return { state: 'done' }
    if (found.state === 'deferred' && from === 'telegram') return { state: 'deferred' }
    return { state: 'busy', seconds: found.seconds }
  },

  done: async (botId: number, updateId: number): Promise<void> => {
    await db.query(
      `update telegram_update set state = 'done', lease_until = now() where bot_id = $1 and update_id = $2`,
      [botId, updateId],
    )
  },

  /** Leaves the update to the broker, which may already handle it. */
  defer: async (botId: number, updateId: number): Promise<void> => {
    await db.query(
      `update telegram_update set state = 'deferred', lease_until = 'epoch'
       where bot_id = $1 and update_id = $2 and state = 'processing'`,
      [botId, updateId],
    )
  },

  /**
   * Releases the lease of this attempt. `counts`: whether the attempt counts; false if the update is not at fault
   * (Telegram asked us to wait). `mayHaveAnswered` is true if a message of this attempt may have reached the chat.
   */
  release: async (
    botId: number,
    updateId: number,
    attempts: number,
    { counts = true, mayHaveAnswered = false } = {},
  ): Promise<void> => {
    await db.query(
      `update telegram_update set lease_until = 'epoch', attempts = attempts - $4,
         may_have_answered = may_have_answered or $5
       where bot_id = $1 and update_id = $2 and attempts = $3 and state <> 'done'`,
      [botId, updateId, attempts, counts ? 0 : 1, mayHaveAnswered],
    )
  },

  /**
   * Renews the lease and returns whether this attempt may tell the chat that the answer is late. Returns true at most
   * once for each update, and never if an answer may have been sent.
   */
  claimApology: async (botId: number, updateId: number, attempts: number): Promise<boolean> =>
    (
      await db.query(
        `update telegram_update set apologised = true, lease_until = now() + make_interval(secs => ${leaseS})
         where bot_id = $1 and update_id = $2 and attempts = $3 and state = 'processing'
           and not apologised and not may_have_answered`,
        [botId, updateId, attempts],
      )
    ).rowCount === 1,

  /**
   * Deletes up to 1,000 updates that Telegram cannot deliver again. The number is limited because the deletion runs
   * during a user's request.
   */
  deleteOld: async (): Promise<number> =>
    (
      await db.query(
        `delete from telegram_update where (bot_id, update_id) in
         (select bot_id, update_id from telegram_update where seen_at < now() - interval '${keptFor}' limit 1000)`,
      )
    ).rowCount,
})

export type TelegramUpdates = ReturnType<typeof telegramUpdatesIn>
