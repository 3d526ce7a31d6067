-- Up Migration
create table chat (
  -- Telegram's id. It changes when a group becomes a supergroup, so every reference has "on update cascade".
  id bigint primary key,
  kind text not null default 'private' check (kind in ('private', 'group', 'supergroup', 'channel')),
  language text not null default 'pt-BR' check (language in ('pt-BR', 'en')),
  zone text not null default 'America/Sao_Paulo',
  -- Since when the chat cannot be reached, and Telegram's reason; null if the chat can be reached.
  unreachable_since timestamptz,
  unreachable_reason text,
  created_at timestamptz not null default now()
);

create table follow (
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- For example show/82.
  subject text not null,
  -- The name at the time of the follow. It is shown while the catalogue is unavailable or does not have the show yet.
  title text,
  followed_at timestamptz not null default now(),
  primary key (chat_id, subject)
);
create index follow_subject on follow (subject);

-- The newest searches of each chat with TVmaze's results, so that showing another page needs no request to TVmaze.
create table search (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  query text not null,
  -- null if TVmaze did not answer. The button "try again" then repeats the query.
  hits jsonb,
  at timestamptz not null default now()
);
create index search_chat on search (chat_id, id);

-- Each update has a lease, so that Telegram's retry is handled after a crash in the middle of the first attempt.
create table telegram_update (
  bot_id bigint not null,
  update_id bigint not null,
  -- deferred: Telegram got its 200, and the broker delivers the update again.
  state text not null check (state in ('processing', 'done', 'deferred')),
  lease_until timestamptz not null,
  -- The number of attempts. A process compares it with its own attempt to find out whether it still has the lease.
  attempts integer not null default 1,
  seen_at timestamptz not null default now(),
  primary key (bot_id, update_id)
);
create index telegram_update_seen_at on telegram_update (seen_at);
