-- Up Migration
alter table monitor
  -- The times of the last changes between up and down; null after a pause and after a time of flapping.
  add column changes timestamptz[],
  -- Only while the monitor is flapping: when it counts as steady again, if it does not change until then.
  add column settles_at timestamptz;

alter table incident
  -- Whether the check that observed the beginning (or the end) ran late. The incident may then have begun (or ended)
  -- earlier.
  add column opened_late boolean not null default false,
  add column closed_late boolean not null default false,
  -- Set if a time of flapping began with the beginning or the end of this incident: the time of the first of the
  -- changes that count as flapping, the time of the last of them, and the id of the result.
  add column flapping_since timestamptz,
  add column flapping_at timestamptz,
  add column flapping_cause text,
  -- When the time of flapping ended. The cause is the id of a result, or `paused`.
  add column steady_at timestamptz,
  add column steady_cause text;
create index incident_flapping on incident (monitor_id, flapping_at) where flapping_at is not null;

-- The sums of the intervals of the good and of the failed slots, in seconds. They make the uptime of a day correct when
-- the interval changed on that day. null in older rows; then every slot counts with the present interval.
alter table probe_hour
  add column ok_s integer,
  add column failed_s integer;
