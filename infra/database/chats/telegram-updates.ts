import type { Postgres } from '../connect.ts'

/** Longer than an update may take, so that a live lease means that somebody is at it. */
const LEASE_S = 15

/** Telegram keeps an update for 24 hours; twice that, and then some, is enough to know it again. */
const KEPT = '3 days'

/**
 * What became of the wish to handle an update. `leased`: it is ours, for the `attempts`th time; `mayHaveAnswered` where an earlier
 * attempt sent something or ended without a word. `busy`: somebody is at it, for at most `seconds` more. `done` and `deferred`:
 * nothing to do for Telegram's sake.
 */
export type Lease =
  | { state: 'leased'; attempts: number; mayHaveAnswered: boolean }
  | { state: 'busy'; seconds: number }
  | { state: 'done' }
  | { state: 'deferred' }

/** The table `telegram_update`. All times are the database's. */
export const telegramUpdatesIn = (db: Postgres) => ({
  /** Asks for the update: `telegram` brings it the first time, the `broker` once it is deferred. */
  lease: async (botId: number, updateId: number, from: 'telegram' | 'broker'): Promise<Lease> => {
    // A lease that was given back ends at the epoch. One that ran out was held by a process that ended, perhaps after it had answered.
    const taken = await db.query<{ attempts: number; mayHaveAnswered: boolean }>(
      `insert into telegram_update (bot_id, update_id, state, lease_until)
       values ($1, $2, $3, now() + make_interval(secs => ${LEASE_S}))
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

  /** The broker has it from here on, and may be at it already. */
  defer: async (botId: number, updateId: number): Promise<void> => {
    await db.query(
      `update telegram_update set state = 'deferred', lease_until = 'epoch'
       where bot_id = $1 and update_id = $2 and state = 'processing'`,
      [botId, updateId],
    )
  },

  /**
   * Gives the lease of this attempt back. `counts: false` where nothing is wrong with the update (Telegram asked us to wait);
   * `mayHaveAnswered` where a message of this attempt may have reached the chat.
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
   * Whether this attempt, whose lease is renewed, may tell the chat that its answer is late: once an update, and never where the
   * answer may have been given.
   */
  mayApologise: async (botId: number, updateId: number, attempts: number): Promise<boolean> =>
    (
      await db.query(
        `update telegram_update set apologised = true, lease_until = now() + make_interval(secs => ${LEASE_S})
         where bot_id = $1 and update_id = $2 and attempts = $3 and state = 'processing'
           and not apologised and not may_have_answered`,
        [botId, updateId, attempts],
      )
    ).rowCount === 1,

  /** Forgets updates that Telegram cannot bring again; a bounded number, for it runs beside a person's request. */
  deleteOld: async (): Promise<number> =>
    (
      await db.query(
        `delete from telegram_update where (bot_id, update_id) in
         (select bot_id, update_id from telegram_update where seen_at < now() - interval '${KEPT}' limit 1000)`,
      )
    ).rowCount,
})

export type TelegramUpdates = ReturnType<typeof telegramUpdatesIn>
