-- Up Migration
alter table monitor
  -- What the chats were told last: the monitor is up, down or flapping. It differs from the state of the monitor while
  -- something holds the message back (maintenance, a parent that is down, a silence).
  add column told_state text not null default 'up' check (told_state in ('up', 'down', 'flapping')),
  add column told_at timestamptz,
  -- The newest incident when the chats were told, and the id of the event.
  add column told_incident_id bigint,
  add column told_by text,
  -- How often a reminder is sent while the monitor is down, and the number of the last reminder.
  add column reminder text not null default 'off' check (reminder in ('off', '30m', '2h', 'doubling')),
  add column reminded integer not null default 0,
  -- No message is sent before this time; infinity: until the monitor is up again.
  add column silenced_until timestamptz,
  -- The checks in a row that were slow, or that were fast again while the monitor counts as slow.
  add column pace_count smallint not null default 0,
  -- Since when the monitor counts as slow, the time of the check that confirmed it, and what the chats were told.
  add column slow_since timestamptz,
  add column slow_ms real,
  add column told_slow_since timestamptz,
  -- The smallest of 30, 14, 7 and 1 days within which the certificate expires (null if it is later), its expiry, and
  -- what the chats were told.
  add column certificate_days smallint,
  add column certificate_expires_at timestamptz,
  add column told_certificate_days smallint;

update monitor set told_at = state_since,
  told_state = case when settles_at is not null then 'flapping' when state = 'down' then 'down' else 'up' end,
  told_incident_id = newest.id,
  told_by = 'incident/' || newest.id || '/monitor.down'
from (select monitor_id, max(id) as id from incident group by monitor_id) newest
where newest.monitor_id = monitor.id and (settles_at is not null or state = 'down');

-- The monitors whose state the chats do not know yet.
create index monitor_untold on monitor (id) where paused_at is null
  and told_state <> case when settles_at is not null then 'flapping' when state = 'down' then 'down' else 'up' end;
create index monitor_told_down on monitor (id) where told_state = 'down';
create index monitor_untold_degraded on monitor (id)
  where slow_since is distinct from told_slow_since or certificate_days is distinct from told_certificate_days;

-- A parent belongs to the same chat, and no monitor depends on itself, because its messages would be held back for ever.
create function refuse_parent() returns trigger language plpgsql as $$
begin
  -- Two transactions at once could close a circle of which each sees only a part.
  perform pg_advisory_xact_lock(hashtext('monitor parents'));
  if exists (select from monitor where id = new.parent_id and chat_id <> new.chat_id) then
    raise exception 'monitor % and its parent % belong to different chats', new.id, new.parent_id
      using errcode = 'check_violation', constraint = 'monitor_parent_chat';
  end if;
  if exists (
    with recursive ancestor as (
      select parent_id as id from monitor where id = new.id
      union select monitor.parent_id from monitor join ancestor using (id)
    )
    select from ancestor where id = new.id
  ) then
    raise exception 'monitor % would depend on itself', new.id
      using errcode = 'check_violation', constraint = 'monitor_parent_circle';
  end if;
  return null;
end $$;
create constraint trigger monitor_parent after insert or update of parent_id on monitor
  deferrable for each row when (new.parent_id is not null) execute function refuse_parent();

-- The events that chats are notified of. They are stored in the transaction that decides them, so that each can be
-- published again with the same id. A message about a monitor is decided once, because the id is unique.
create table monitor_event (
  -- For example incident/7/monitor.down.
  id text primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  monitor_id bigint references monitor on delete cascade,
  -- The slot whose result led to the event: `monitor/42@2026-11-21T12:05:20.000Z`; null for other causes.
  cause text,
  name text not null,
  subject text not null,
  data jsonb not null,
  -- The time of the event, and when it was decided.
  time timestamptz not null,
  at timestamptz not null
);
create index monitor_event_cause on monitor_event (cause) where cause is not null;
create index monitor_event_at on monitor_event (at);
create index monitor_event_monitor on monitor_event (monitor_id);
create index monitor_event_chat on monitor_event (chat_id);

-- What people answered to the message about an outage. The first person to press a button counts.
create table incident_answer (
  incident_id bigint not null references incident on delete cascade,
  answer text not null check (answer in ('acknowledge', 'hour', 'morning', 'recovery')),
  person_id bigint not null,
  person_name text not null,
  at timestamptz not null,
  primary key (incident_id, answer)
);

-- Planned maintenance of one monitor, of a group, or (with neither) of all monitors of the chat.
create table maintenance (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  monitor_id bigint references monitor on delete cascade,
  group_name text check (group_name <> ''),
  title text not null default '',
  -- The topic of the forum that gets the messages.
  thread_id bigint check (thread_id > 1),
  -- The key in vigia.yaml; null if it is not from a file.
  config_key text check (config_key <> ''),
  -- When it begins, in cron and an IANA zone, and how long it lasts. All are null for a maintenance that happens once.
  cron text,
  zone text,
  duration_s integer check (duration_s between 60 and 604800),
  created_at timestamptz not null,
  check (monitor_id is null or group_name is null),
  check (num_nulls(cron, zone, duration_s) in (0, 3))
);
create index maintenance_chat on maintenance (chat_id);
create index maintenance_monitor on maintenance (monitor_id) where monitor_id is not null;
create unique index maintenance_config_key on maintenance (chat_id, config_key) where config_key is not null;

-- The times of maintenance: one for each maintenance that happens once, and the next one of each that repeats.
create table maintenance_window (
  id bigint generated always as identity primary key,
  maintenance_id bigint not null references maintenance on delete cascade,
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at >= starts_at),
  -- Which message was decided last.
  told text not null default 'nothing' check (told in ('nothing', 'announced', 'started', 'ended')),
  unique (maintenance_id, starts_at)
);
create index maintenance_window_ends_at on maintenance_window (ends_at);
create index maintenance_window_untold on maintenance_window (starts_at) where told <> 'ended';

-- The slots during maintenance. They count neither as up nor as down.
alter table probe_hour add column maintenance integer not null default 0;
