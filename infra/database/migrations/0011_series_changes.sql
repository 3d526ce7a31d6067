-- Up Migration
alter table announcement
  -- The announced date. If the episode is postponed afterwards, it is announced again.
  add column airdate text not null default '',
  add column airstamp text;
-- Older rows have no date. They get the latest date that was possible in any time zone when the announcement was made.
update announcement set airdate = to_char((announced_at + interval '14 hours') at time zone 'UTC', 'YYYY-MM-DD');
alter table announcement
  drop constraint announcement_pkey,
  add primary key (show_id, episode_id, zone, airdate);

-- Set if TVmaze answers with 404 for a followed series: the time of the first 404, the number of them, and, after the
-- chat was notified that the series is gone, the time of the last 404.
alter table follow
  add column missing_since timestamptz,
  add column missing_strikes integer not null default 0,
  add column gone_at timestamptz;
