import type { Cause, EventOf } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { jsonText, type Postgres } from '../connect.ts'

type Request = EventOf<typeof MessageRequested>['data']

/** A message that this process has claimed and may send until its lease expires. */
export interface ClaimedMessage {
  /** The id of its message.requested. */
  key: string
  /** The chat to send it to. It differs from the requested chat if a group became a supergroup. */
  chatId: number
  request: Request
  cause: Cause
  /** The number of attempts, including this one. Attempts that Telegram answered with 429 are not counted. */
  attempts: number
  requestedAt: Date
  /** Why the bot was paused, if the pause has just ended. */
  pauseReason: string | null
}

/** A sent message whose buttons answer an outage that is over. */
export interface OverdueButtons {
  key: string
  telegramId: number
  request: Request
}

/**
 * The result of a claim. `message`: the message to send. `readyAt`: the time when the next message of the chat may be
 * sent; `sending` is the key of that message if another process sends it now. The whole result is null if no message
 * waits.
 */
export type Claim = { message: ClaimedMessage } | { readyAt: Date; sending: string | null } | null

/** Telegram's code and description of a refusal, for the operators. */
export interface RefusalDetails {
  code: number
  reason: string
}

/** A refusal that is recorded for the operators, with the key, the chat and the cause of the refused message. */
export interface RecordedRefusal extends RefusalDetails {
  key: string
  chatId: number
  cause: Cause
  at: Date
}

/**
 * The duration of a lease, longer than a request to Telegram may take (10 s). After a crash, another process may claim
 * the message when the lease has expired.
 */
const leaseFor = '20 seconds'

/*
 * The clauses of `earliestSendTime`: when bot $3 may send the first message (`head`) of chat $1. The present time is
 * $2. Telegram publishes no limits; these are the limits that it tolerates. The greatest of the clauses counts, and a
 * clause that does not apply is null.
 */
const notBefore = 'head.not_before'
/** Another process sends this message: wait for the end of its lease. */
const lease = `case when head.state = 'sending' then head.lease_until end`
/** At most 3 messages in 3 s to a chat. */
const perChatBurst = `(select tried_at from message where chat_id = $1 and tried_at is not null
    order by tried_at desc offset 2 limit 1) + interval '3 seconds'`
/** At most 20 messages a minute to a group. */
const perGroupMinute = `case when head.kind <> 'private' then
    (select tried_at from message where chat_id = $1 and tried_at is not null
     order by tried_at desc offset 19 limit 1) + interval '1 minute' end`
/** At most 25 messages a second by the bot. Telegram tolerates 30; the other 5 are for the answers of the webhook. */
const wholeBot = `(select tried_at from message where tried_at > $2::timestamptz - interval '1 second'
    order by tried_at desc offset 24 limit 1) + interval '1 second'`
/** Telegram refuses all messages of the bot for some time. */
const pause = '(select until from bot_pause where bot = $3)'

const earliestSendTime = `greatest(${[notBefore, lease, perChatBurst, perGroupMinute, wholeBot, pause].join(', ')})`

/**
 * SQL: whether no other process has changed the message since `head` was read. It makes the claim a conditional write.
 */
const isUnchanged = `message.state = head.state and message.attempts = head.attempts
  and message.not_before = head.not_before and message.lease_until is not distinct from head.lease_until`

/**
 * SQL: true if the claim succeeded or another process sends the message. That process has a valid lease, or it claimed
 * the message just now.
 */
const isBeingSent = `head.state = 'sending' or ready.at <= $2`

/**
 * The outbox: the table `message`, and the pauses of the bot in `bot_pause`. A chat gets its messages one at a time, in
 * the order in which they were requested. The present time is always an argument.
 */
export const messagesIn = (db: Postgres) => ({
  /**
   * Stores a requested message once. If it says that an outage is over, the buttons of the earlier messages are to be
   * removed. Returns the chat to send it to, or null if the chat is unknown. */
  keep: async (event: EventOf<typeof MessageRequested>, at: Date): Promise<{ chatId: number } | null> => {
    const { id, vigiahops, traceparent, causationid, data } = event
    const cause: Cause & { causationid?: string } = {
      id,
      vigiahops,
      ...(traceparent === undefined ? {} : { traceparent }),
      // For a person who looks for the cause of a message: on a cluster the broker keeps no events.
      ...(causationid === undefined ? {} : { causationid }),
    }
    // An invalid date is not greater than `at`, so it is ignored.
    const notBefore = new Date(data.notBefore ?? at)
    const chat = await db.query<{ id: number }>(
      `with wanted as (select coalesce((select to_id from chat_moved where from_id = $2), $2::bigint) as id),
       known as (select chat.id from chat join wanted using (id)),
       kept as (
         insert into message (key, chat_id, request, cause, not_before, requested_at, outage)
         select $1, known.id, $3, $4, $6, $5, $7 from known on conflict (key) do nothing returning chat_id),
       ended as (
         update message set close_after = $5 from kept
         where message.chat_id = kept.chat_id and message.outage = $8 and close_after is null)
       select coalesce((select chat_id from message where key = $1), known.id) as id from known`,
      [
        ...[id, data.chatId, jsonText(data), jsonText(cause), at, notBefore > at ? notBefore : at],
        ...[data.outage ?? null, data.endsOutage ?? null],
      ],
    )
    return chat.rows[0] ? { chatId: chat.rows[0].id } : null
  },

  /**
   * Claims the next message of the chat. If two processes claim at once, one of them gets the message and the other
   * gets its key in `sending`.
   */
  claim: async (chatId: number, bot: string, now: Date): Promise<Claim> => {
    const { rows } = await db.query<ClaimedMessage & { readyAt: Date; claimed: boolean; sending: boolean }>(
      `with head as (
         select message.*, chat.kind from message join chat on chat.id = message.chat_id
         where chat_id = $1 and state in ('waiting', 'sending') order by seq limit 1),
       ready as (select ${earliestSendTime} as at from head),
       claimed as (
         update message set state = 'sending', lease_until = $2::timestamptz + interval '${leaseFor}', tried_at = $2,
           attempts = message.attempts + 1
         from head, ready where message.key = head.key and ready.at <= $2 and ${isUnchanged}
         returning message.key)
       select head.key, head.chat_id as "chatId", head.request, head.cause, head.attempts + 1 as attempts,
         head.requested_at as "requestedAt", (select reason from bot_pause where bot = $3) as "pauseReason",
         case when ready.at > $2 then ready.at else $2::timestamptz + interval '${leaseFor}' end as "readyAt",
         exists (select from claimed) as claimed, ${isBeingSent} as sending
       from head, ready`,
      [chatId, now, bot],
    )
    const found = rows[0]
    if (!found) return null
    const { readyAt, claimed, sending, ...message } = found
    return claimed ? { message } : { readyAt, sending: sending ? message.key : null }
  },

  /** Renews the lease of a claimed message before another request to Telegram. */
  renew: async (key: string, now: Date): Promise<void> => {
    await db.query(
      `update message set lease_until = $2::timestamptz + interval '${leaseFor}' where key = $1 and state = 'sending'`,
      [key, now],
    )
  },

  /** Marks the message as sent by a release and stores Telegram's id of it. A second call changes nothing. */
  markSent: async (key: string, telegramMessageId: number, at: Date, release: string): Promise<void> => {
    await db.query(
      `update message set state = 'sent', telegram_message_id = $2, sent_at = $3, sent_by = $4, lease_until = null
       where key = $1 and state in ('waiting', 'sending')`,
      [key, telegramMessageId, at, release],
    )
  },

  /** Marks the message as refused: it will never be sent. `reason` says why. */
  markRefused: async (key: string, reason: string): Promise<void> => {
    await db.query(
      `update message set state = 'refused', refusal = $2, lease_until = null where key = $1 and state in ('waiting', 'sending')`,
      [key, reason],
    )
  },

  /** Marks all waiting messages of an unreachable chat as refused. */
  markAllRefused: async (chatId: number, reason: string): Promise<void> => {
    await db.query(`update message set state = 'refused', refusal = $2 where chat_id = $1 and state = 'waiting'`, [
      chatId,
      reason,
    ])
  },

  /**
   * Schedules another attempt. `countsAsAttempt: false` for an answer that is not the fault of the message, such as a
   * pause of the bot.
   */
  putBack: async (key: string, notBefore: Date, { countsAsAttempt }: { countsAsAttempt: boolean }): Promise<void> => {
    await db.query(
      `update message set state = 'waiting', lease_until = null, not_before = $2, attempts = attempts - $3
       where key = $1 and state = 'sending'`,
      [key, notBefore, countsAsAttempt ? 0 : 1],
    )
  },

  /** Telegram answered 429: the chat gets no message before `until`. The attempt is not counted. */
  putBackAfterFlood: async (key: string, until: Date, at: Date): Promise<void> => {
    await db.query(
      `update message set state = 'waiting', lease_until = null, not_before = $2, flooded_at = $3, attempts = attempts - 1
       where key = $1 and state = 'sending'`,
      [key, until, at],
    )
  },

  /**
   * The number of chats for which Telegram answered 429 since `since`, and the first time at which one of these chats
   * may get a message again.
   */
  floodsSince: async (since: Date): Promise<{ chats: number; earliestEnd: Date | null }> =>
    (
      await db.query<{ chats: number; earliestEnd: Date | null }>(
        `select count(distinct chat_id) as chats, min(not_before) filter (where state = 'waiting') as "earliestEnd"
         from message where flooded_at >= $1`,
        [since],
      )
    ).rows[0]!,

  /** Up to five topics of a forum that have follows, the newest topic first. */
  topicsOf: async (chatId: number): Promise<number[]> =>
    (
      await db.query<{ id: number }>(
        `select thread_id as id from follow where chat_id = $1 and thread_id is not null
         group by thread_id order by thread_id desc limit 5`,
        [chatId],
      )
    ).rows.map(({ id }) => id),

  /** Moves the follows of a deleted topic to the topic General. False if there are none. */
  forgetTopic: async (chatId: number, threadId: number): Promise<boolean> =>
    (await db.query('update follow set thread_id = null where chat_id = $1 and thread_id = $2', [chatId, threadId]))
      .rowCount > 0,

  /** Records a refusal for the operators. Of several refusals of a message, only the first is recorded. */
  recordRefusal: async (key: string, { code, reason }: RefusalDetails, at: Date): Promise<void> => {
    await db.query('update message set note_code = $2, note = $3, noted_at = $4 where key = $1 and noted_at is null', [
      key,
      code,
      reason,
      at,
    ])
  },

  /** The recorded refusals of these messages, or all refusals that were recorded since an instant. */
  recordedRefusals: async (which: { keys: string[] } | { since: Date }): Promise<RecordedRefusal[]> =>
    (
      await db.query<RecordedRefusal>(
        `select key, chat_id as "chatId", cause, note_code as code, note as reason, noted_at as at from message
         where noted_at is not null and ${'keys' in which ? 'key = any ($1)' : 'noted_at >= $1'} order by seq`,
        ['keys' in which ? which.keys : which.since],
      )
    ).rows,

  /** Chats with a message that may be due by that time; the chat that has waited longest comes first. */
  chatsWaiting: async (by: Date, limit: number): Promise<number[]> =>
    (
      await db.query<{ id: number }>(
        `select chat_id as id from message
         where state in ('waiting', 'sending') and case state when 'sending' then lease_until else not_before end <= $1
         group by chat_id order by min(seq) limit $2`,
        [by, limit],
      )
    ).rows.map(({ id }) => id),

  /** Telegram's id of a message that was sent to this chat; null if it was not sent. */
  telegramIdOf: async (key: string, chatId: number): Promise<number | null> =>
    (
      await db.query<{ id: number | null }>(
        'select telegram_message_id as id from message where key = $1 and chat_id = $2',
        [key, chatId],
      )
    ).rows[0]?.id ?? null,

  /** The chats with buttons that are to be removed by that time. */
  chatsWithOverdueButtons: async (by: Date, limit: number): Promise<number[]> =>
    (
      await db.query<{ id: number }>(
        `select chat_id as id from message where close_after <= $1 and state = 'sent'
         group by chat_id order by min(close_after) limit $2`,
        [by, limit],
      )
    ).rows.map(({ id }) => id),

  /** The messages of a chat whose buttons are to be removed by that time, the oldest first. */
  overdueButtons: async (chatId: number, by: Date, limit: number): Promise<OverdueButtons[]> =>
    (
      await db.query<OverdueButtons>(
        `select key, telegram_message_id as "telegramId", request from message
         where chat_id = $1 and outage is not null and close_after <= $2 and state = 'sent' order by seq limit $3`,
        [chatId, by, limit],
      )
    ).rows,

  /** Stores that the buttons of a message were removed. */
  markClosed: async (key: string): Promise<void> => {
    await db.query('update message set outage = null, close_after = null where key = $1', [key])
  },

  /** The buttons of the chat's messages are to be removed later, because Telegram asks for a wait. */
  closeLater: async (chatId: number, after: Date): Promise<void> => {
    await db.query(
      'update message set close_after = greatest(close_after, $2) where chat_id = $1 and close_after is not null',
      [chatId, after],
    )
  },

  /** Pauses the bot until that time. Returns true if the bot was not paused for the same reason before. */
  pause: async (bot: string, until: Date, reason: string): Promise<boolean> =>
    (
      await db.query<{ isNew: boolean }>(
        `with known as (select reason from bot_pause where bot = $1)
         insert into bot_pause (bot, until, reason) values ($1, $2, $3)
         on conflict (bot) do update set until = greatest(bot_pause.until, excluded.until), reason = excluded.reason
         returning not exists (select from known where reason = $3) as "isNew"`,
        [bot, until, reason],
      )
    ).rows[0]!.isNew,

  pausedUntil: async (bot: string): Promise<Date | null> =>
    (await db.query<{ until: Date }>('select until from bot_pause where bot = $1', [bot])).rows[0]?.until ?? null,

  /** Ends a pause whose time is over, because Telegram accepts messages again. */
  resume: async (bot: string, at: Date): Promise<void> => {
    await db.query('delete from bot_pause where bot = $1 and until <= $2', [bot, at])
  },

  /**
   * Deletes sent and refused messages that were requested before that time. A later request with the same key is sent
   * again.
   */
  forgetBefore: async (requestedBefore: Date): Promise<void> => {
    await db.query(`delete from message where state in ('sent', 'refused') and requested_at < $1`, [requestedBefore])
  },
})

export type Messages = ReturnType<typeof messagesIn>
