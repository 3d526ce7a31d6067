-- Up Migration
-- For figures.ts, which adds up the missed checks of the last hours. A healthy system has few rows with missed checks.
create index probe_hour_missed on probe_hour (hour) where missed > 0;
