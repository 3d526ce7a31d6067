import { plain } from '#functions/telegram/html.ts'
import type { ReadOnlyDatabase } from '#infra/cli/doctor/read-only-database.ts'
import { eventKey } from '#local/broker/event/event-key.ts'

/** A message of the outbox. Instants are text. */
export interface Message {
  key: string
  chatId: number
  /** Telegram's id; null if the message was not sent. */
  messageId: number | null
  text: string
  state: 'waiting' | 'sending' | 'sent' | 'refused'
  attempts: number
  requestedAt: string
  triedAt: string | null
  sentAt: string | null
  /** Why the message was refused, or what the operators were told. */
  refusal: string | null
  /** The release that sent it; null for a message that an earlier release sent. */
  sentBy: string | null
  causationId: string | undefined
  traceparent: string | undefined
}

/** The row as JSON, so that a database whose schema is older by a release can be read too. */
interface MessageRow {
  key: string
  chat_id: number
  telegram_message_id: number | null
  request: { html: string }
  cause: { causationid?: string; traceparent?: string }
  state: Message['state']
  attempts: number
  requested_at: string
  tried_at: string | null
  sent_at: string | null
  refusal: string | null
  note: string | null
  sent_by?: string | null
}

const asMessage = ({ row }: { row: MessageRow }): Message => ({
  key: row.key,
  chatId: row.chat_id,
  messageId: row.telegram_message_id,
  text: plain(row.request.html),
  state: row.state,
  attempts: row.attempts,
  requestedAt: row.requested_at,
  triedAt: row.tried_at,
  sentAt: row.sent_at,
  refusal: row.refusal ?? row.note,
  sentBy: row.sent_by ?? null,
  causationId: row.cause.causationid,
  traceparent: row.cause.traceparent,
})

/** SQL: the visible text of a message, with single spaces. */
const visibleText = [
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "''"],
  ['&amp;', '&'],
].reduce(
  (sql, [entity, char]) => `replace(${sql}, '${entity}', '${char}')`,
  String.raw`regexp_replace(regexp_replace(request->>'html', '<[^>]*>', '', 'g'), '\s+', ' ', 'g')`,
)

/** An attempt of the broker to deliver an event. */
export interface Attempt {
  at: string
  ms: number
  status: number | null
  error: string | null
}

/** An event that the broker keeps, with its deliveries. */
export interface KeptEvent {
  id: string
  type: string
  source: string
  subject: string | null
  acceptedAt: string
  causationId: string | undefined
  traceparent: string | undefined
  deliveries: { trigger: string; state: string; attempts: Attempt[] }[]
}

export interface DeadLetter {
  id: number
  trigger: string
  code: number | null
  reason: string
  at: string
  replayedAt: string | null
}

/** Reads what PostgreSQL has about events and messages. */
export const recordsIn = (db: ReadOnlyDatabase) => {
  const messages = async (where: string, values: unknown[], limit = 20): Promise<Message[]> =>
    (
      await db.query<{ row: MessageRow }>(
        `select to_jsonb(message) as row from message where ${where} order by seq desc limit ${limit}`,
        values,
      )
    ).map(asMessage)
  const isKept = async () =>
    (await db.query<{ kept: boolean }>(`select to_regclass('broker.event') is not null as kept`))[0]!.kept
  let kept: Promise<boolean> | undefined
  /** Whether this PostgreSQL has the events of the one-machine broker. Brokers of a cluster keep theirs elsewhere. */
  const keepsEvents = () => {
    kept ??= isKept()
    return kept
  }
  return {
    keepsEvents,
    messageOfChat: (chatId: number, messageId: number) =>
      messages('chat_id = $1 and telegram_message_id = $2', [chatId, messageId]),
    /** The messages whose visible text contains this text, without regard to case and line breaks; newest first. */
    messagesWith: (text: string, limit: number) =>
      messages(`position($1 in lower(${visibleText})) > 0`, [text.toLowerCase().trim().replaceAll(/\s+/g, ' ')], limit),
    /** The message of this message.requested. */
    messageOf: async (key: string): Promise<Message | undefined> => (await messages('key = $1', [key]))[0],
    /** The messages that follow from this event. */
    messagesFrom: (id: string) => messages(`starts_with(key, $1 || '/') or cause->>'causationid' = $1`, [id]),

    /** The event with this id; undefined if the broker does not have it, or keeps its events elsewhere. */
    event: async (id: string): Promise<KeptEvent | undefined> => {
      if (!(await keepsEvents())) return undefined
      const sources = await db.query<{ source: string }>(distinctSources)
      const keys = sources.map(({ source }) =>
        eventKey({ attributes: { source, id }, headers: {}, data: Buffer.alloc(0), ttl: 0 }).toString('hex'),
      )
      const [row] = await db.query<{ seq: string; attributes: string; at: string }>(
        `select seq, attributes, to_jsonb(accepted_at)#>>'{}' as at from broker.event where key = any ($1::uuid[]) limit 1`,
        [keys],
      )
      if (row === undefined) return undefined
      const { type, source, subject, causationid, traceparent } = JSON.parse(row.attributes) as Record<string, string>
      return {
        id,
        type: type!,
        source: source!,
        subject: subject ?? null,
        acceptedAt: row.at,
        causationId: causationid,
        traceparent,
        deliveries: await deliveriesOf(db, row.seq),
      }
    },

    deadLettersOf: (id: string) =>
      db.query<DeadLetter>(
        `select id::float8 as id, trigger, code, reason, to_jsonb(at)#>>'{}' as at,
           to_jsonb(replayed_at)#>>'{}' as "replayedAt" from dead_letter where event_id = $1 order by id`,
        [id],
      ),

    /** The ids of the events that opened and closed an incident. */
    incident: async (id: number): Promise<{ opened: string; closed: string | null } | undefined> =>
      (
        await db.query<{ opened: string; closed: string | null }>(
          'select opened_cause as opened, closed_cause as closed from incident where id = $1',
          [id],
        )
      )[0],

    update: async (
      botId: string,
      updateId: string,
    ): Promise<{ state: string; attempts: number; seenAt: string } | undefined> =>
      (
        await db.query<{ state: string; attempts: number; seenAt: string }>(
          `select state, attempts, to_jsonb(seen_at)#>>'{}' as "seenAt" from telegram_update where bot_id = $1 and update_id = $2`,
          [botId, updateId],
        )
      )[0],
  }
}

export type Records = ReturnType<typeof recordsIn>

/** SQL: the sources of all events, by skipping through the index, because no index has the id of an event alone. */
const distinctSources = `
  with recursive kind (type, source) as (
    (select type, source from broker.event order by type collate "C", source collate "C" limit 1)
    union all
    select next.type, next.source from kind cross join lateral (
      select type, source from broker.event
      where (type collate "C", source collate "C") > (kind.type, kind.source)
      order by type collate "C", source collate "C" limit 1
    ) as next
  )
  select distinct source from kind`

const deliveriesOf = async (db: ReadOnlyDatabase, seq: string): Promise<KeptEvent['deliveries']> => {
  const deliveries = await db.query<{ trigger: string; state: string }>(
    'select trigger, state from broker.delivery where event_seq = $1 order by trigger',
    [seq],
  )
  const attempts = await db.query<Attempt & { trigger: string }>(
    `select trigger, to_jsonb(at)#>>'{}' as at, ms, status, error from broker.attempt
     where event_seq = $1 and not letter order by attempt.at`,
    [seq],
  )
  return deliveries.map(({ trigger, state }) => ({
    trigger,
    state,
    attempts: attempts
      .filter(attempt => attempt.trigger === trigger)
      .map(({ at, ms, status, error }) => ({ at, ms, status, error })),
  }))
}
