-- Up Migration
-- When and how a chat is told about the episodes of the series that it follows. A column that is null has the value of
-- the row of the chat, or the default if that is null too.
create table notice_setting (
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- TVmaze's id of the series; 0 for all series of the chat.
  show_id integer not null check (show_id >= 0),
  -- on air; some hours later; an hour before; a day before; in a daily or weekly digest.
  timing text check (timing in ('air', 'later', 'hour', 'day', 'daily', 'weekly')),
  later_hours smallint check (later_hours between 1 and 12),
  -- The hour of the digest in the zone of the chat.
  digest_hour smallint check (digest_hour between 0 and 23),
  -- 1 is Monday. Only weekly digests use it.
  digest_weekday smallint check (digest_weekday between 1 and 7),
  episodes text check (episodes in ('all', 'premieres', 'finales', 'both')),
  -- Specials: also trailers and the like, only those that belong to the story, or none.
  specials text check (specials in ('all', 'main', 'none')),
  -- What came out before this time is not told. A time in the past is the end of an earlier silence.
  muted_until timestamptz check (muted_until between '1900-01-01Z' and '2200-01-01Z'),
  -- The quiet hours of the chat, in minutes after midnight of its zone.
  quiet_from smallint check (quiet_from between 0 and 1439),
  quiet_to smallint check (quiet_to between 0 and 1439),
  primary key (chat_id, show_id),
  check (quiet_from is null = (quiet_to is null) and quiet_from is distinct from quiet_to or quiet_from is null),
  check (show_id = 0 or quiet_from is null)
);

alter table follow
  -- When episode-checker looks at this follow next. Everything that may change what is due sets it to -infinity.
  add column next_at timestamptz not null default '-infinity',
  -- The digests that were due up to this time were sent, or the chat did not want them; null if there was none yet.
  add column told_until timestamptz;
create index follow_next on follow (next_at, chat_id) where starts_with(subject, 'show/');

-- Announcements belong to one chat. Rows of earlier releases have no chat: they count for all chats of their zone.
alter table announcement
  add column chat_id bigint references chat on update cascade on delete cascade,
  drop constraint announcement_pkey;
create unique index announcement_once on announcement (show_id, episode_id, zone, airdate, coalesce(chat_id, 0));
create index announcement_chat on announcement (chat_id) where chat_id is not null;
