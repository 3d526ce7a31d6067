-- Up Migration
-- The episodes that the people of a chat have seen. An import from another service adds rows to this table.
create table seen_episode (
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- TVmaze's id.
  show_id integer not null check (show_id > 0),
  season integer not null check (season between 0 and 9999),
  number integer not null check (number between 1 and 99999),
  seen_at timestamptz not null,
  primary key (chat_id, show_id, season, number)
);
create index seen_episode_show on seen_episode (show_id);
