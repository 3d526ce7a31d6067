-- Up Migration
alter table monitor
  -- The last changes between up and down; null after a pause and after a time of flapping.
  add column changes timestamptz[],
  -- While it is flapping: when it is steady again if nothing changes until then.
  add column settles_at timestamptz;

alter table incident
  -- Whether the look that saw it begin or end came late: it may have begun or ended before.
  add column opened_late boolean not null default false,
  add column closed_late boolean not null default false,
  -- Where a time of flapping began to be told with its beginning or end: the first of the changes that were too many, the last of them,
  -- and the result that told.
  add column flapping_since timestamptz,
  add column flapping_at timestamptz,
  add column flapping_cause text,
  -- The result after which it was steady; the cause is then a result, or `paused`.
  add column steady_at timestamptz,
  add column steady_cause text;
create index incident_flapping on incident (monitor_id, flapping_at) where flapping_at is not null;

-- Seconds that the slots stand for, so that the uptime of a day in which the interval changed is that of its time. null in hours that
-- were counted without them: each slot stands for the interval of now.
alter table probe_hour
  add column ok_s integer,
  add column failed_s integer;
