-- Up Migration
-- When a chat gets reports. A chat without a row gets none.
create table report_setting (
  chat_id bigint primary key references chat on update cascade on delete cascade,
  frequency text not null default 'none' check (frequency in ('none', 'daily', 'weekly')),
  -- 1 is Monday. Only weekly reports use it.
  weekday smallint not null default 1 check (weekday between 1 and 7),
  -- The hour in the zone of the chat.
  hour smallint not null default 8 check (hour between 0 and 23),
  theme text not null default 'light' check (theme in ('light', 'dark')),
  -- The topic of the forum in which the report was asked for; null for General, and for a chat without topics.
  thread_id bigint check (thread_id > 1),
  -- The reports that were due up to this time are requested, or the chat did not want them.
  done_until timestamptz not null
);

create table report (
  id bigint generated always as identity primary key,
  -- The id of the event report.requested, so a redelivered event makes no second report.
  key text not null unique,
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- The text; null if there was nothing to report.
  html text,
  -- PNG; null for a report without a picture.
  picture bytea,
  made_at timestamptz not null
);
-- A PNG is compressed already.
alter table report alter column picture set storage external;
create index report_made_at on report (made_at);
create index report_chat on report (chat_id);
