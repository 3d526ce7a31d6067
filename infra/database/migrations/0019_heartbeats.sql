-- Up Migration
-- What the pings of a job said. The period and the grace are in the settings of the monitor.
create table heartbeat (
  monitor_id bigint primary key references monitor on delete cascade,
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- The secret in the URL of the job.
  token uuid not null unique default gen_random_uuid(),
  -- The name in the URL, after the key of the chat.
  slug text not null check (slug ~ '^[a-z0-9_-]{1,100}$'),
  -- new: no ping that ended a run. The times are those at which the pings arrived.
  state text not null default 'new' check (state in ('new', 'up', 'down')),
  -- The ping, or the deadline, that gave the state. `is_told`: the broker has the event about it.
  changed_at timestamptz,
  is_told boolean not null default true,
  -- While down: why (events/probe-error.ts), and the exit code of the job.
  error text,
  exit_code smallint,
  pings bigint not null default 0,
  last_ping_at timestamptz,
  last_start_at timestamptz,
  last_start_run_id uuid,
  -- The times that the last runs took, the newest last. Only runs that began with a start have one.
  durations_ms integer[] not null default '{}',
  -- The next ping is expected at the first time of the schedule after this: the last ping, or the end of a time in which
  -- Vigia could not take pings.
  expected_after timestamptz,
  -- From this time on the next ping is late; null if none is expected. It is computed again before a ping counts as late.
  late_at timestamptz,
  unique (chat_id, slug)
  -- Every ping updates its row. No index contains what it changes, so the update writes no index.
) with (fillfactor = 50);

-- The last 100 pings of each heartbeat: a ping replaces the one that came 100 before it.
create table heartbeat_ping (
  monitor_id bigint not null references heartbeat on delete cascade,
  place smallint not null check (place between 0 and 99),
  number bigint not null,
  at timestamptz not null,
  action text not null check (action in ('success', 'start', 'fail', 'log')),
  exit_code smallint,
  run_id uuid,
  duration_ms integer,
  -- The run took more than three times as long as usual.
  is_slow boolean not null default false,
  log text,
  primary key (monitor_id, place)
) with (fillfactor = 70);

-- The key in the URLs of a chat's heartbeats.
create table heartbeat_key (
  chat_id bigint primary key references chat on update cascade on delete cascade,
  key text not null unique check (key ~ '^[A-Za-z0-9_-]{20,64}$')
);
