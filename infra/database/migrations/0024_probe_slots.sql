-- Up Migration
-- The results of checks in less than 100 bytes each, with the index. They replace the rows of `probe_result`, which
-- needs 138 bytes. The existing rows of `probe_result` are not converted, because there may be 200 million of them, and
-- nothing reads most of them: their partitions are dropped within 14 days.

-- The milliseconds since the beginning of the day in UTC.
create function ms_of_day(at timestamptz) returns integer language sql immutable strict parallel safe as
  $$ select ((date_part('epoch', at at time zone 'UTC') * 1000)::bigint % 86400000)::integer $$;

-- No column is null, because a row with a null has eight bytes more. There is no foreign key, because it would cost a
-- look-up for each row. The results of a deleted monitor stay until the partition of their day is dropped.
create table probe_slot (
  -- The time of the slot and not of the check, so that a slot that is checked twice has one row.
  due_at timestamptz not null,
  monitor_id integer not null,
  -- The seconds for which the result counts in the sums: the interval that the monitor had. Negative: it counts as
  -- maintenance. 0: it does not count, because a person requested the check, or a job sent a ping.
  weight_s integer not null,
  -- 0 to 31: good. From 32: failed. Negative: unknown. infra/database/uptime/packed-result.ts has the rules.
  outcome smallint not null,
  -- How long after due_at the check began: milliseconds; below -1 seconds; -1: it did not begin.
  late smallint not null,
  -- The HTTP status or the exit code of a job; 0 if there is none.
  status smallint not null,
  -- The phases: tenths of a millisecond; below -1 milliseconds; -1 if the check did not reach the phase.
  dns smallint not null,
  connect smallint not null,
  tls smallint not null,
  first_byte smallint not null,
  total smallint not null
) partition by range (due_at);

-- The key is the monitor and the slot, as a unique index of each partition on (monitor_id, ms_of_day(due_at)). A
-- primary key of the whole table would have to contain due_at, which takes ten bytes more for each row.
do $$
declare name text;
begin
  for name in select right(relname, 8) from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'probe_result'::regclass
  loop
    execute format('create table probe_slot_%s partition of probe_slot for values from (%L) to (%L)', name,
      to_date(name, 'YYYYMMDD')::text || 'T00:00:00Z', (to_date(name, 'YYYYMMDD') + 1)::text || 'T00:00:00Z');
    execute format('create unique index probe_slot_%s_key on probe_slot_%s (monitor_id, ms_of_day(due_at))', name, name);
  end loop;
end $$;

-- During an upgrade and after a rollback, the older release writes to `probe_result`. Its rows are stored in both
-- tables, so that a slot which both releases check counts once. The older release makes no partitions of `probe_slot`;
-- on days without one its rows are only in `probe_result`.
create function keep_as_probe_slot() returns trigger language plpgsql as $$
declare watched monitor;
begin
  if to_regclass('probe_slot_' || to_char(new.due_at at time zone 'UTC', 'YYYYMMDD')) is null then
    return new;
  end if;
  select * into watched from monitor where id = new.monitor_id;
  insert into probe_slot (due_at, monitor_id, weight_s, outcome, late, status, dns, connect, tls, first_byte, total)
  select new.due_at, new.monitor_id,
    -- The older release does not say whether the check belongs to a slot, but a slot lies on the grid of its monitor.
    case
      when watched.id is null or date_part('epoch', new.due_at)::numeric % watched.interval_s <> watched.slot_hash % watched.interval_s
        then 0
      when exists (
        select from maintenance_window join maintenance plan on plan.id = maintenance_id
        where plan.chat_id = watched.chat_id and (plan.monitor_id is null or plan.monitor_id = watched.id)
          and (plan.group_name is null or plan.group_name = watched.group_name)
          and starts_at <= new.due_at and ends_at > new.due_at
      ) then -watched.interval_s
      else watched.interval_s
    end,
    least(31, greatest(0, new.attempts)) * case when new.ok is null then -1 else 1 end
      + case when new.ok then 0 else
        32 * case when new.ok is null then -1 else 1 end * coalesce(array_position(array[
          'not-checked', 'timeout', 'refused', 'reset', 'dns', 'unreachable', 'tls', 'tls-expired', 'tls-wrong-host',
          'tls-incomplete', 'tls-untrusted', 'tls-weak', 'tls-client-certificate', 'status', 'keyword', 'json',
          'body-too-large', 'reply', 'starttls', 'dns-answer', 'not-serving', 'ping-unavailable', 'protocol',
          'too-large', 'too-many-redirects', 'bad-redirect', 'private-address', 'blocked-port', 'missing-port',
          'bad-url', 'bad-scheme', 'credentials', 'no-ping', 'run-overdue', 'job-failed', 'no-ipv4', 'no-ipv6'],
          new.error), 1) end,
    case
      when late_ms is null then -1
      when late_ms < 32767.5 then greatest(0, round(late_ms))
      else greatest(-32768, -round(late_ms / 1000))
    end,
    coalesce(new.status, 0), phase[1], phase[2], phase[3], phase[4], phase[5]
  from (select date_part('epoch', new.started_at - new.due_at) * 1000 as late_ms) begun
  cross join (
    select array_agg(case
      when ms is null then -1
      when ms < 3276.75 then greatest(0, round(ms::numeric * 10))
      else greatest(-32768, -round(ms))
    end order by place) as phase
    from unnest(array[new.dns_ms, new.connect_ms, new.tls_ms, new.first_byte_ms, new.total_ms]::float8[])
      with ordinality as given (ms, place)
  ) phases
  on conflict do nothing;
  if not found then return null; end if;
  return new;
end $$;
create trigger probe_result_as_slot before insert on probe_result for each row execute function keep_as_probe_slot();

-- Stores the rows that are still read in `probe_slot` too, by the trigger: the last minutes, the newest result of each
-- monitor, and the results since the beginning of an outage. The older release waits with its results for the end of
-- this migration.
insert into probe_result
select still_read.* from monitor
left join lateral (
  select min(opened_at) - interval '10 minutes' as since from incident
  where monitor_id = monitor.id and (closed_at is null or id >= told_incident_id)
) outage on true
cross join lateral (
  (select * from probe_result where monitor_id = monitor.id and due_at > now() - interval '1 day' order by due_at desc limit 1)
  union
  select * from probe_result
  where monitor_id = monitor.id and due_at >= least(outage.since, now() - interval '10 minutes')
) still_read
on conflict do nothing;

-- The seconds of all slots; null in older rows, as in ok_s. The longest response, and the good checks that were slow.
alter table probe_hour
  add column missed_s integer,
  add column maintenance_s integer,
  add column max_ms real,
  add column slow integer not null default 0;

-- The sums of the hours of a day in UTC, kept for ever. The days are in UTC and not in the time zone of a chat, because
-- the zone of a chat can change, and then days would overlap or be missing. The sums by hour, of the last 400 days,
-- give the days of any zone.
create table probe_day (
  monitor_id bigint not null references monitor on delete cascade,
  day date not null,
  ok integer not null,
  failed integer not null,
  missed integer not null,
  maintenance integer not null,
  ok_s integer not null,
  failed_s integer not null,
  missed_s integer not null,
  maintenance_s integer not null,
  slow integer not null,
  max_ms real,
  total_ms double precision not null,
  primary key (monitor_id, day)
);
