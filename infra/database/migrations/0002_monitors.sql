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
  -- When the monitor was created or last resumed. Earlier slots are not checked.
  active_since timestamptz not null default now(),
  -- Spreads the monitors over time and over shards: slot_hash modulo the interval is the time of the monitor's slots
  -- within the interval, and a shard is a range of slot_hash.
  slot_hash integer not null generated always as (((id * 2654435761) % 2147483648)::integer) stored,
  -- The verdict. A write succeeds only if `version` has not changed since the row was read.
  state text not null default 'new' check (state in ('new', 'up', 'down')),
  state_since timestamptz,
  -- The time of the newest result that was judged. Older results are ignored.
  judged_at timestamptz,
  last_ok_at timestamptz,
  version integer not null default 0,
  unique (chat_id, url)
) with (fillfactor = 70);
create index monitor_slot_hash on monitor (slot_hash);

-- There is no foreign key, because it would cost a look-up for each row. The results of a deleted monitor stay until
-- the partition of their day is dropped.
create table probe_result (
  monitor_id bigint not null,
  -- The time of the slot and not of the check, so that a slot that is checked twice has one row.
  due_at timestamptz not null,
  -- The time of the check; null if the slot was not checked.
  started_at timestamptz,
  -- null if Vigia could not check because of an error of its own.
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

-- One row for each monitor and hour, updated with each batch of results.
create table probe_hour (
  monitor_id bigint not null references monitor on delete cascade,
  hour timestamptz not null,
  ok integer not null default 0,
  failed integer not null default 0,
  -- The slots that Vigia could not check because of an error of its own. They count neither as up nor as down.
  missed integer not null default 0,
  -- The sum over the good checks.
  total_ms double precision not null default 0,
  primary key (monitor_id, hour)
) with (fillfactor = 70);

create table incident (
  id bigint generated always as identity primary key,
  monitor_id bigint not null references monitor on delete cascade,
  -- The time of the first failure, and the id of the result that opened the incident:
  -- `monitor/42@2026-11-21T12:05:20.000Z`.
  opened_at timestamptz not null,
  opened_cause text not null,
  status smallint,
  error text not null,
  last_ok_at timestamptz,
  -- The time of the recovery or of the pause. The cause is the id of a result, or `paused`.
  closed_at timestamptz,
  closed_cause text
);
create unique index incident_open on incident (monitor_id) where closed_at is null;
create index incident_monitor on incident (monitor_id, opened_at);
