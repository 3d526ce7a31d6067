-- Up Migration
alter table announcement
  -- The date that it was made for: an episode that is put off afterwards is announced again.
  add column airdate text not null default '',
  add column airstamp text;
-- Of older ones only the hour is known at which they were made: no date that was due then, in any zone, was later than this.
update announcement set airdate = to_char((announced_at + interval '14 hours') at time zone 'UTC', 'YYYY-MM-DD');
alter table announcement
  drop constraint announcement_pkey,
  add primary key (show_id, episode_id, zone, airdate);

-- A followed series that TVMaze answers with 404: since when, how often, and when the chat was told that it is gone for good.
alter table follow
  add column missing_since timestamptz,
  add column missing_strikes integer not null default 0,
  add column gone_at timestamptz;
