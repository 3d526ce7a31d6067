-- Up Migration
alter table message
  -- The monitor whose outage the buttons answer (`monitor/42`); null if they answer none, or were removed.
  add column outage text,
  -- The outage is over, so the buttons are to be removed at or after this time; null while it goes on.
  add column close_after timestamptz;
create index message_outage on message (chat_id, outage) where outage is not null;
create index message_close_after on message (close_after) where close_after is not null;

-- Monitors that were deleted in the chat, with everything that was deleted with them, so that a person can undo it.
create table removed_monitor (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  monitor_id bigint not null,
  name text not null,
  content jsonb not null,
  removed_at timestamptz not null,
  -- When it was restored; then the content is empty.
  restored_at timestamptz
);
create index removed_monitor_removed_at on removed_monitor (removed_at);
create index removed_monitor_of on removed_monitor (chat_id, monitor_id);
