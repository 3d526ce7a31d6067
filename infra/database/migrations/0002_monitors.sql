-- Up Migration
create table monitor (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  name text not null,
  kind text not null check (kind in ('http', 'tcp')),
  url text not null,
  interval_s integer not null check (interval_s between 10 and 86400),
  timeout_ms integer not null check (timeout_ms between 100 and 30000),
  paused_at timestamptz,
  created_at timestamptz not null default now(),
  -- Slots before this instant are not its own: since it was made, or resumed.
  active_since timestamptz not null default now(),
  -- Spreads monitors over the interval (its remainder is the phase) and over shards (ranges of it).
  slot_hash integer not null generated always as (((id * 2654435761) % 2147483648)::integer) stored,
  -- The verdict, written on condition of its version.
  state text not null default 'new' check (state in ('new', 'up', 'down')),
  state_since timestamptz,
  -- Slot of the newest result judged; older ones are ignored.
  judged_at timestamptz,
  last_ok_at timestamptz,
  version integer not null default 0,
  unique (chat_id, url)
) with (fillfactor = 70);
create index monitor_slot_hash on monitor (slot_hash);

-- Without a foreign key, which would cost a look for each row: results of a monitor that is gone leave with their day.
create table probe_result (
  monitor_id bigint not null,
  -- The slot, not the moment of the check: a slot checked twice is one row.
  due_at timestamptz not null,
  -- null where nobody looked.
  started_at timestamptz,
  -- null: nobody can tell, through a fault of ours.
  ok boolean,
  status smallint,
  error text,
  attempts smallint not null default 1,
  dns_ms real,
  connect_ms real,
  tls_ms real,
  first_byte_ms real,
  total_ms real,
  primary key (monitor_id, due_at)
) partition by range (due_at);

-- One row a monitor and hour, kept up with each batch of results.
create table probe_hour (
  monitor_id bigint not null references monitor on delete cascade,
  hour timestamptz not null,
  ok integer not null default 0,
  failed integer not null default 0,
  -- Slots nobody looked at, through a fault of ours. Neither up nor down.
  missed integer not null default 0,
  -- Of the good ones.
  total_ms double precision not null default 0,
  primary key (monitor_id, hour)
) with (fillfactor = 70);

create table incident (
  id bigint generated always as identity primary key,
  monitor_id bigint not null references monitor on delete cascade,
  -- Slot of the first failure, and the result that told: `monitor/42@2026-11-21T12:05:20.000Z`.
  opened_at timestamptz not null,
  opened_cause text not null,
  status smallint,
  error text not null,
  last_ok_at timestamptz,
  -- Slot of the recovery; the cause is then a result, or `paused`.
  closed_at timestamptz,
  closed_cause text
);
create unique index incident_open on incident (monitor_id) where closed_at is null;
create index incident_monitor on incident (monitor_id, opened_at);
