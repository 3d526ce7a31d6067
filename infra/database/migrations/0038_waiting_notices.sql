-- Up Migration
-- Notices that wait for their time: news about a series that came in the quiet hours of a chat, and reminders that a
-- person asked for.
create table waiting_notice (
  -- The id of the event that led to it, and the chat. A redelivered event makes no second notice.
  key text primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- The topic of the forum; null for General, and for a chat without topics.
  thread_id bigint check (thread_id > 1),
  kind text not null check (kind in ('news', 'reminder')),
  due_at timestamptz not null,
  -- The event: series.changed, episode.missed or episode.due.
  name text not null,
  subject text not null,
  data jsonb not null,
  made_at timestamptz not null,
  -- When it was told, or dropped because the chat does not want it any more.
  done_at timestamptz
);
create index waiting_notice_due on waiting_notice (due_at) where done_at is null;
create index waiting_notice_done on waiting_notice (done_at) where done_at is not null;
create index waiting_notice_chat on waiting_notice (chat_id);
