-- Up Migration
-- One row: when TVMaze was called in the last seconds, by any function, and until when it asked all of them to wait.
create table tvmaze_budget (
  one boolean primary key default true check (one),
  granted timestamptz[] not null default '{}',
  paused_until timestamptz
);
insert into tvmaze_budget default values;

alter table follow
  -- Since when a chat waits for the first look at a series that it followed; null once there was one.
  add column waiting_since timestamptz,
  -- When that look was.
  add column looked_at timestamptz;
create index follow_waiting on follow (chat_id, waiting_since) where waiting_since is not null;
