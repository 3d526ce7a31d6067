import type { VigiaEvent } from '#events/event.ts'
import { jsonText, type Postgres } from '../connect.ts'

/** A dead letter: an event that a Trigger could not deliver, as the API returns it. */
export interface DeadLetter {
  id: number
  /** The same for errors of the same kind. */
  fingerprint: string
  trigger: string
  code: number | null
  reason: string
  /** CloudEvents JSON format. */
  event: Record<string, unknown>
  at: Date
  replayedAt: Date | null
}

const columns = 'id, fingerprint, trigger, code, reason, event, at, replayed_at as "replayedAt"'

/** The table `dead_letter`: one row for each event and Trigger. Retention deletes old rows. */
export const deadLettersIn = (db: Postgres) => ({
  /** Stores a dead letter once. `isNew` is false for a redelivery of the same dead letter. */
  keep: async (letter: {
    trigger: string
    event: VigiaEvent
    code: number | null
    reason: string
    fingerprint: string
    at: Date
  }): Promise<{ id: number; isNew: boolean }> => {
    const { trigger, event, code, reason, fingerprint, at } = letter
    const kept = await db.query<{ id: number }>(
      `insert into dead_letter (fingerprint, trigger, event_source, event_id, code, reason, event, at)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (event_source, event_id, trigger) do nothing returning id`,
      [fingerprint, trigger, event.source, event.id, code, reason, jsonText({ specversion: '1.0', ...event }), at],
    )
    if (kept.rows[0]) return { id: kept.rows[0].id, isNew: true }
    // The delivery failed again after a replay: the row gets the latest reason.
    const known = await db.query<{ id: number }>(
      `update dead_letter set code = $4, reason = $5, fingerprint = $6, at = $7
       where event_source = $1 and event_id = $2 and trigger = $3 and replayed_at > at returning id`,
      [event.source, event.id, trigger, code, reason, fingerprint, at],
    )
    if (known.rows[0]) return { id: known.rows[0].id, isNew: true }
    const old = await db.query<{ id: number }>(
      'select id from dead_letter where event_source = $1 and event_id = $2 and trigger = $3',
      [event.source, event.id, trigger],
    )
    return { id: old.rows[0]!.id, isNew: false }
  },

  newest: async (limit: number): Promise<DeadLetter[]> =>
    (await db.query<DeadLetter>(`select ${columns} from dead_letter order by at desc, id desc limit $1`, [limit])).rows,

  find: async (id: number): Promise<DeadLetter | null> =>
    (await db.query<DeadLetter>(`select ${columns} from dead_letter where id = $1`, [id])).rows[0] ?? null,

  markReplayed: async (id: number, at: Date): Promise<void> => {
    await db.query('update dead_letter set replayed_at = $2 where id = $1', [id, at])
  },
})

export type DeadLetters = ReturnType<typeof deadLettersIn>
