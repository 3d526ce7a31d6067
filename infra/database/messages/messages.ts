import type { Cause, EventOf } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { jsonText, type Postgres } from '../connect.ts'

type Request = EventOf<typeof MessageRequested>['data']

/** A message that is ours to send: claimed, until its lease runs out. */
export interface ClaimedMessage {
  /** The id of its message.requested. */
  key: string
  /** Where it goes; not always where it was asked for, for groups move. */
  chatId: number
  request: Request
  cause: Cause
  /** Tries so far, this one counted, those that cost nothing (a 429) left out. */
  attempts: number
  requestedAt: Date
  /** Why the bot stands still, where a pause has just run out. */
  pauseReason: string | null
}

/** A message to send; or when the chat's next one may be sent, and its key where somebody else is sending it; null where nothing waits. */
export type Claim = { message: ClaimedMessage } | { readyAt: Date; sending: string | null } | null

/** What the operators should hear about a message: Telegram's code and words. */
export interface OperatorNote {
  code: number
  reason: string
}

export interface NotedMessage extends OperatorNote {
  key: string
  chatId: number
  cause: Cause
  at: Date
}

// A crash with a message half sent frees it after this; longer than one call of Telegram's may take (10 s).
const LEASE = '20 seconds'

// Telegram's limits (it publishes none; these are what it bears): bursts of three to a chat and one a second on the whole,
// twenty a minute to a group, thirty a second for the whole bot, of which we leave some to the answers of the webhook.
const mayGoAt = `greatest(
  head.not_before,
  case when head.state = 'sending' then head.lease_until end,
  (select tried_at from message where chat_id = $1 and tried_at is not null order by tried_at desc offset 2 limit 1)
    + interval '3 seconds',
  case when head.kind <> 'private' then
    (select tried_at from message where chat_id = $1 and tried_at is not null order by tried_at desc offset 19 limit 1)
    + interval '1 minute' end,
  (select tried_at from message where tried_at > $2::timestamptz - interval '1 second' order by tried_at desc offset 24 limit 1)
    + interval '1 second',
  (select until from bot_pause where bot = $3))`

/**
 * The outbox (`message`), with what it knows of the bot (`bot_pause`). A chat gets its messages one at a time and in the order
 * they were asked for. Every instant is an argument.
 */
export const messagesIn = (db: Postgres) => ({
  /** Stores what was asked for, once. The chat it goes to now, or null when no such chat is known. */
  keep: async (event: EventOf<typeof MessageRequested>, at: Date): Promise<{ chatId: number } | null> => {
    const { id, vigiahops, traceparent, data } = event
    const cause: Cause = { id, vigiahops, ...(traceparent === undefined ? {} : { traceparent }) }
    // What is not a date compares as false, and so means nothing.
    const notBefore = new Date(data.notBefore ?? at)
    const chat = await db.query<{ id: number }>(
      `with wanted as (select coalesce((select to_id from chat_moved where from_id = $2), $2::bigint) as id),
       known as (select chat.id from chat join wanted using (id)),
       kept as (
         insert into message (key, chat_id, request, cause, not_before, requested_at)
         select $1, known.id, $3, $4, $6, $5 from known on conflict (key) do nothing returning chat_id)
       select coalesce((select chat_id from message where key = $1), known.id) as id from known`,
      [id, data.chatId, jsonText(data), jsonText(cause), at, notBefore > at ? notBefore : at],
    )
    return chat.rows[0] ? { chatId: chat.rows[0].id } : null
  },

  /**
   * The chat's next message, for us alone. Conditional writes: of two who claim at once one gets it, and the other is told that
   * it is being sent.
   */
  claim: async (chatId: number, bot: string, now: Date): Promise<Claim> => {
    const { rows } = await db.query<ClaimedMessage & { readyAt: Date; claimed: boolean; sending: boolean }>(
      `with head as (
         select message.*, chat.kind from message join chat on chat.id = message.chat_id
         where chat_id = $1 and state in ('waiting', 'sending') order by seq limit 1),
       ready as (select ${mayGoAt} as at from head),
       claimed as (
         update message set state = 'sending', lease_until = $2::timestamptz + interval '${LEASE}', tried_at = $2,
           attempts = message.attempts + 1
         from head, ready where message.key = head.key and ready.at <= $2
           and message.state = head.state and message.attempts = head.attempts and message.not_before = head.not_before
           and message.lease_until is not distinct from head.lease_until
         returning message.key)
       select head.key, head.chat_id as "chatId", head.request, head.cause, head.attempts + 1 as attempts,
         head.requested_at as "requestedAt", (select reason from bot_pause where bot = $3) as "pauseReason",
         case when ready.at > $2 then ready.at else $2::timestamptz + interval '${LEASE}' end as "readyAt",
         exists (select from claimed) as claimed, head.state = 'sending' or ready.at <= $2 as sending
       from head, ready`,
      [chatId, now, bot],
    )
    const found = rows[0]
    if (!found) return null
    const { readyAt, claimed, sending, ...message } = found
    return claimed ? { message } : { readyAt, sending: sending ? message.key : null }
  },

  /** One more call for a message that is ours. */
  renew: async (key: string, now: Date): Promise<void> => {
    await db.query(
      `update message set lease_until = $2::timestamptz + interval '${LEASE}' where key = $1 and state = 'sending'`,
      [key, now],
    )
  },

  /** The receipt. Whoever comes second leaves the first one's. */
  sent: async (key: string, telegramMessageId: number, at: Date): Promise<void> => {
    await db.query(
      `update message set state = 'sent', telegram_message_id = $2, sent_at = $3, lease_until = null
       where key = $1 and state in ('waiting', 'sending')`,
      [key, telegramMessageId, at],
    )
  },

  /** It will never be sent; why, in words. */
  refused: async (key: string, words: string): Promise<void> => {
    await db.query(
      `update message set state = 'refused', refusal = $2, lease_until = null where key = $1 and state in ('waiting', 'sending')`,
      [key, words],
    )
  },

  /** Everything that waits for a chat which cannot be reached. */
  refuseAllOf: async (chatId: number, words: string): Promise<void> => {
    await db.query(`update message set state = 'refused', refusal = $2 where chat_id = $1 and state = 'waiting'`, [
      chatId,
      words,
    ])
  },

  /** To be tried again, not before that instant. A try that Telegram told us not to make (`burnt: false`) is not counted. */
  putBack: async (key: string, notBefore: Date, { burnt }: { burnt: boolean }): Promise<void> => {
    await db.query(
      `update message set state = 'waiting', lease_until = null, not_before = $2, attempts = attempts - $3
       where key = $1 and state = 'sending'`,
      [key, notBefore, burnt ? 0 : 1],
    )
  },

  /** Telegram asked for a wait before the next message to its chat; the try is not counted. */
  flooded: async (key: string, until: Date, at: Date): Promise<void> => {
    await db.query(
      `update message set state = 'waiting', lease_until = null, not_before = $2, flooded_at = $3, attempts = attempts - 1
       where key = $1 and state = 'sending'`,
      [key, until, at],
    )
  },

  /** In how many chats Telegram asked for a wait since then, and when the first of these waits ends. */
  floodsSince: async (since: Date): Promise<{ chats: number; firstEnd: Date | null }> =>
    (
      await db.query<{ chats: number; firstEnd: Date | null }>(
        `select count(distinct chat_id) as chats, min(not_before) filter (where state = 'waiting') as "firstEnd"
         from message where flooded_at >= $1`,
        [since],
      )
    ).rows[0]!,

  /** The topics of a forum in which something is followed, the newest first. */
  topicsOf: async (chatId: number): Promise<number[]> =>
    (
      await db.query<{ id: number }>(
        `select thread_id as id from follow where chat_id = $1 and thread_id is not null
         group by thread_id order by thread_id desc limit 5`,
        [chatId],
      )
    ).rows.map(({ id }) => id),

  /** A topic is gone: what was followed there is told in General from now on. */
  forgetTopic: async (chatId: number, threadId: number): Promise<void> => {
    await db.query('update follow set thread_id = null where chat_id = $1 and thread_id = $2', [chatId, threadId])
  },

  /** Something for the operators; the first one of a message stays. */
  note: async (key: string, { code, reason }: OperatorNote, at: Date): Promise<void> => {
    await db.query('update message set note_code = $2, note = $3, noted_at = $4 where key = $1 and noted_at is null', [
      key,
      code,
      reason,
      at,
    ])
  },

  /** What was noted of these messages, or of any since an instant. */
  notes: async (which: { keys: string[] } | { since: Date }): Promise<NotedMessage[]> =>
    (
      await db.query<NotedMessage>(
        `select key, chat_id as "chatId", cause, note_code as code, note as reason, noted_at as at from message
         where noted_at is not null and ${'keys' in which ? 'key = any ($1)' : 'noted_at >= $1'} order by seq`,
        ['keys' in which ? which.keys : which.since],
      )
    ).rows,

  /** Chats with something that may be due by that instant, who waited longest first. */
  chatsWaiting: async (by: Date, limit: number): Promise<number[]> =>
    (
      await db.query<{ id: number }>(
        `select chat_id as id from message
         where state in ('waiting', 'sending') and case state when 'sending' then lease_until else not_before end <= $1
         group by chat_id order by min(seq) limit $2`,
        [by, limit],
      )
    ).rows.map(({ id }) => id),

  /** Telegram's id of a message that was sent to this chat, or null. */
  telegramIdOf: async (key: string, chatId: number): Promise<number | null> =>
    (
      await db.query<{ id: number | null }>(
        'select telegram_message_id as id from message where key = $1 and chat_id = $2',
        [key, chatId],
      )
    ).rows[0]?.id ?? null,

  /** Nothing is sent by this bot until then. True when that reason is news. */
  pause: async (bot: string, until: Date, reason: string): Promise<boolean> =>
    (
      await db.query<{ news: boolean }>(
        `with known as (select reason from bot_pause where bot = $1)
         insert into bot_pause (bot, until, reason) values ($1, $2, $3)
         on conflict (bot) do update set until = greatest(bot_pause.until, excluded.until), reason = excluded.reason
         returning not exists (select from known where reason = $3) as news`,
        [bot, until, reason],
      )
    ).rows[0]!.news,

  pausedUntil: async (bot: string): Promise<Date | null> =>
    (await db.query<{ until: Date }>('select until from bot_pause where bot = $1', [bot])).rows[0]?.until ?? null,

  /** Telegram takes messages again: a pause that has run out by then is over. */
  resume: async (bot: string, at: Date): Promise<void> => {
    await db.query('delete from bot_pause where bot = $1 and until <= $2', [bot, at])
  },

  /** What was settled and is older than that instant goes; its key is forgotten. */
  forgetBefore: async (requestedBefore: Date): Promise<void> => {
    await db.query(`delete from message where state in ('sent', 'refused') and requested_at < $1`, [requestedBefore])
  },
})

export type Messages = ReturnType<typeof messagesIn>
