-- Up Migration
-- The outbox. The key is the id of the event message.requested, so a redelivered event adds no second message.
create table message (
  key text primary key,
  -- The order in which a chat gets its messages.
  seq bigint generated always as identity,
  chat_id bigint not null references chat on update cascade on delete cascade,
  request jsonb not null,
  -- id, traceparent and vigiahops of the event, for the events that are published later about the message.
  cause jsonb not null,
  state text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'refused')),
  attempts integer not null default 0,
  not_before timestamptz not null,
  lease_until timestamptz,
  -- The time of the newest attempt, also if it failed. Telegram's rate limits count every attempt.
  tried_at timestamptz,
  telegram_message_id bigint,
  sent_at timestamptz,
  refusal text,
  -- A refusal that is reported to the operators: Telegram's code and reason. A later attempt may have sent the message.
  note_code integer,
  note text,
  noted_at timestamptz,
  requested_at timestamptz not null
);
create index message_unsent on message (chat_id, seq) where state in ('waiting', 'sending');
create index message_chat on message (chat_id, tried_at);
create index message_tried on message (tried_at);
create index message_noted on message (noted_at) where noted_at is not null;

-- Telegram asked the whole bot to wait, or no longer accepts its token. One row for each bot. `bot` is a hash of the
-- token, so a new token is not paused.
create table bot_pause (
  bot text primary key,
  until timestamptz not null,
  reason text not null
);

-- Groups that became supergroups. A message that was requested for the old id is sent to the new one.
create table chat_moved (
  from_id bigint primary key,
  to_id bigint not null
);
