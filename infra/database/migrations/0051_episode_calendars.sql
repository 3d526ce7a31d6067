-- Up Migration
-- The calendar of a chat: its episodes for calendar programs, at a secret address.
create table episode_calendar (
  chat_id bigint primary key references chat on update cascade on delete cascade,
  -- Who knows it can read the calendar. A revoked calendar has no row.
  secret text not null unique,
  made_at timestamptz not null,
  -- What the calendar said when it was read last: an array of entries. The next reading finds what has changed since.
  entries jsonb not null default '[]' check (jsonb_typeof(entries) = 'array'),
  -- Grows with each change of the entries, so that of two readings at once only one stores its result.
  version integer not null default 0
);
