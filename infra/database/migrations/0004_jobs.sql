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
  -- s2e5, or special/123 where there is no number; with the zone for dates without an hour.
  episode text not null,
  zone text not null default '',
  event_id text not null,
  announced_at timestamptz not null default now(),
  primary key (show_id, episode, zone)
);
