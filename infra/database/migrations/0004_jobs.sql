-- Up Migration
-- The time up to which a job has done its work. A missed tick is not repeated: at the next tick, the job
-- continues at its cursor.
create table cursor (
  job text primary key,
  reached timestamptz not null,
  detail jsonb not null default '{}'
);

-- The announced episodes. An episode is not announced again when TVmaze gives it another number or another id.
create table announcement (
  show_id integer not null,
  -- TVmaze's id. It stays the same when TVmaze changes the number.
  episode_id integer not null,
  -- s2e5, or a special/… of season, date and name if the episode has no number. It stays the same when TVmaze changes
  -- the id.
  episode text not null,
  -- A date without an hour is announced to the chats of one time zone at a time, and this is that zone. '' if the
  -- episode was announced to all chats at once.
  zone text not null default '',
  event_id text not null,
  announced_at timestamptz not null,
  primary key (show_id, episode_id, zone)
);
create index announcement_episode on announcement (show_id, episode);

-- The events that announce the episodes. They are stored in the same transaction and published after it.
create table announcement_event (
  id text primary key,
  type text not null,
  subject text not null,
  data jsonb not null,
  made_at timestamptz not null,
  published_at timestamptz
);
create index announcement_event_unpublished on announcement_event (made_at) where published_at is null;
