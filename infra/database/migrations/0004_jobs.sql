-- Up Migration
-- How far a job that a tick wakes has come. A missed tick is not replayed: the next one starts at the cursor.
create table cursor (
  job text primary key,
  reached timestamptz not null,
  detail jsonb not null default '{}'
);

-- What was announced once is not announced again, even when TVMaze renumbers or re-creates an episode.
create table announcement (
  show_id integer not null,
  -- TVMaze's; survives a new number.
  episode_id integer not null,
  -- s2e5, or special/123 where there is no number; survives a new id.
  episode text not null,
  -- Only chats of this zone were told (dates without an hour); '' for everybody.
  zone text not null default '',
  event_id text not null,
  announced_at timestamptz not null,
  primary key (show_id, episode_id, zone)
);
create index announcement_episode on announcement (show_id, episode);

-- The events that tell of them, kept with them in one transaction and published after it.
create table announcement_event (
  id text primary key,
  type text not null,
  subject text not null,
  data jsonb not null,
  made_at timestamptz not null,
  published_at timestamptz
);
create index announcement_event_unpublished on announcement_event (made_at) where published_at is null;
