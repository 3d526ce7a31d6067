-- Up Migration
-- A monitor's time limit can be up to two minutes.
alter table monitor
  drop constraint monitor_timeout_ms_check,
  add constraint monitor_timeout_ms_check check (timeout_ms between 100 and 120000);
