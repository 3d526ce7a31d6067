import type { Postgres } from '../connect.ts'
import type { MonitorKind } from './monitors.ts'

/**
 * What a person answers to the message about an outage: `acknowledge` ends the reminders; the others ask for silence:
 * an hour, until the morning, or until the monitor is up again.
 */
export type Answer = 'acknowledge' | 'hour' | 'morning' | 'recovery'
export const answers: readonly Answer[] = ['acknowledge', 'hour', 'morning', 'recovery']

/** An answer that counts, because its button was pressed first. */
export interface GivenAnswer {
  answer: Answer
  /** Telegram's id and first name of the person. */
  personId: number
  personName: string
  at: Date
}

/**
 * The result of an answer. `gone`: the chat has no such outage. Otherwise all answers to the outage. `isOver`: the
 * chats were told that it is over, so the answer does not count.
 */
export type AnswerResult = 'gone' | { given: GivenAnswer[]; monitorId: number; kind: MonitorKind; isOver: boolean }

/** The table `incident_answer`. */
export const incidentAnswersIn = (db: Postgres) => ({
  /**
   * Stores an answer from the chat that the monitor belongs to, if nobody gave the same answer before. A silence counts
   * for the monitor; of several, the one that ends last.
   */
  give: (
    chatId: number,
    incidentId: number,
    { answer, silence, personId, personName }: Omit<GivenAnswer, 'at'> & { silence: Date | 'recovery' | null },
    now: Date,
  ): Promise<AnswerResult> =>
    db.transaction(async tx => {
      const { rows } = await tx.query<{ monitorId: number; kind: MonitorKind; isOver: boolean }>(
        `select monitor.id as "monitorId", monitor.kind, told_state = 'up' or incident.id < told_incident_id as "isOver"
         from incident join monitor on monitor.id = monitor_id
         where incident.id = $1 and monitor.chat_id = $2 for no key update of monitor`,
        [incidentId, chatId],
      )
      const found = rows[0]
      if (found === undefined) return 'gone'
      const { isOver, ...monitor } = found
      if (isOver) return { ...monitor, isOver, given: await incidentAnswersIn(tx).of(incidentId) }
      const { rowCount } = await tx.query(
        `insert into incident_answer (incident_id, answer, person_id, person_name, at) values ($1, $2, $3, $4, $5)
         on conflict (incident_id, answer) do nothing`,
        [incidentId, answer, personId, personName, now],
      )
      if (rowCount === 1 && silence !== null)
        await tx.query('update monitor set silenced_until = greatest(silenced_until, $2::timestamptz) where id = $1', [
          monitor.monitorId,
          silence === 'recovery' ? 'infinity' : silence,
        ])
      return { ...monitor, isOver, given: await incidentAnswersIn(tx).of(incidentId) }
    }),

  /** The answers to an outage, the first one first. */
  of: async (incidentId: number): Promise<GivenAnswer[]> =>
    (
      await db.query<GivenAnswer>(
        'select answer, person_id as "personId", person_name as "personName", at from incident_answer where incident_id = $1 order by at',
        [incidentId],
      )
    ).rows,
})

export type IncidentAnswers = ReturnType<typeof incidentAnswersIn>
