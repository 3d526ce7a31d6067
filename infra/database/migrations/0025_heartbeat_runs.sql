-- Up Migration
alter table heartbeat
  -- The last run whose duration is known took much longer than usual: its duration, and the median of the runs before it;
  -- null if it did not.
  add column slow_run_ms integer,
  add column usual_run_ms integer;
alter table heartbeat
  -- The time since the heartbeat got its state is in the hourly sums up to here (probe_hour).
  add column counted_until timestamptz;
update heartbeat set counted_until = now();
