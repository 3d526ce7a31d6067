-- Up Migration
-- The outbox. The key is the id of the message.requested event: the same id is one message.
create table message (
  key text primary key,
  -- The order in which a chat gets its messages.
  seq bigint generated always as identity,
  chat_id bigint not null references chat on update cascade on delete cascade,
  request jsonb not null,
  -- id, traceparent and vigiahops of the event, for what is published about the message later.
  cause jsonb not null,
  state text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'refused')),
  attempts integer not null default 0,
  not_before timestamptz not null,
  lease_until timestamptz,
  -- The newest try, whatever became of it: Telegram's limits are kept by counting these.
  tried_at timestamptz,
  telegram_message_id bigint,
  sent_at timestamptz,
  refusal text,
  -- What the operators should hear about it (Telegram's code and words), even where it was sent in the end.
  note_code integer,
  note text,
  noted_at timestamptz,
  requested_at timestamptz not null
);
create index message_unsent on message (chat_id, seq) where state in ('waiting', 'sending');
create index message_chat on message (chat_id, tried_at);
create index message_tried on message (tried_at);
create index message_noted on message (noted_at) where noted_at is not null;

-- Telegram asked the whole bot to wait, or does not know its token any more. One row a bot; `bot` is a hash of its token,
-- so that a new token starts afresh.
create table bot_pause (
  bot text primary key,
  until timestamptz not null,
  reason text not null
);

-- Groups that became supergroups: a message asked for before the move finds its chat.
create table chat_moved (
  from_id bigint primary key,
  to_id bigint not null
);
