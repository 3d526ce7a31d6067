import type { Postgres } from '../connect.ts'

/** Until when no message about a monitor is sent: a time, or the recovery of the monitor. */
export type Silence = Date | 'recovery'

/** The silence of monitors, in the table `monitor`. */
export const silencesIn = (db: Postgres) => ({
  /** The silence of a monitor; null if there is none. */
  of: async (monitorId: number, now: Date): Promise<Silence | null> => {
    const { rows } = await db.query<{ until: Date | number | null }>(
      'select silenced_until as until from monitor where id = $1 and silenced_until > $2',
      [monitorId, now],
    )
    const until = rows[0]?.until ?? null
    return typeof until === 'number' ? 'recovery' : until
  },

  /**
   * Silences a monitor of the chat, or ends its silence (null). A silence that was asked for in a message about an
   * outage is replaced. False if the chat has no monitor with this id.
   */
  set: async (chatId: number, monitorId: number, silence: Silence | null): Promise<boolean> =>
    (
      await db.query('update monitor set silenced_until = $3 where chat_id = $1 and id = $2', [
        chatId,
        monitorId,
        silence === 'recovery' ? 'infinity' : silence,
      ])
    ).rowCount === 1,
})

export type Silences = ReturnType<typeof silencesIn>
