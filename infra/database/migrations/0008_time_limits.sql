-- Up Migration
-- The time limit of a check is at most two minutes.
alter table monitor
  drop constraint monitor_timeout_ms_check,
  add constraint monitor_timeout_ms_check check (timeout_ms between 100 and 120000);
