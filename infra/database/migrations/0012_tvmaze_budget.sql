-- Up Migration
-- One row for all functions: the times of the last calls to TVmaze, and the end of the pause that TVmaze asked for.
create table tvmaze_budget (
  one boolean primary key default true check (one),
  granted timestamptz[] not null default '{}',
  paused_until timestamptz
);
insert into tvmaze_budget default values;

alter table follow
  -- Since when a chat waits for the first fetch of a series that it followed; null after the fetch.
  add column waiting_since timestamptz,
  -- The time of that fetch.
  add column looked_at timestamptz;
create index follow_waiting on follow (chat_id, waiting_since) where waiting_since is not null;
