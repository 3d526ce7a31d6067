-- Up Migration
-- The outbox. The key is the id of the message.requested event: the same id is one message.
create table message (
  key text primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  request jsonb not null,
  state text not null check (state in ('waiting', 'sending', 'sent', 'refused')),
  attempts integer not null default 0,
  not_before timestamptz not null default now(),
  lease_until timestamptz,
  telegram_message_id bigint,
  sent_at timestamptz,
  refusal text,
  requested_at timestamptz not null default now()
);
create index message_waiting on message (not_before) where state in ('waiting', 'sending');
