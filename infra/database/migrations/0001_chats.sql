-- Up Migration
create table chat (
  -- Telegram's id; changes when a group becomes a supergroup, hence "on update cascade" everywhere below.
  id bigint primary key,
  kind text not null default 'private' check (kind in ('private', 'group', 'supergroup', 'channel')),
  language text not null default 'pt-BR' check (language in ('pt-BR', 'en')),
  zone text not null default 'America/Sao_Paulo',
  -- null while the chat can be reached; else since when it cannot, and Telegram's words for it.
  unreachable_since timestamptz,
  unreachable_reason text,
  created_at timestamptz not null default now()
);

create table follow (
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- show/82
  subject text not null,
  -- What it was called then: a list can be shown while the catalogue is away or has not heard of the show yet.
  title text,
  followed_at timestamptz not null default now(),
  primary key (chat_id, subject)
);
create index follow_subject on follow (subject);

-- What a chat looked for and TVMaze answered, so that turning its pages asks nobody. A chat keeps its newest few.
create table search (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  query text not null,
  -- null where TVMaze did not answer: the button "try again" knows what was asked.
  hits jsonb,
  at timestamptz not null default now()
);
create index search_chat on search (chat_id, id);

-- A lease, not a mere mark: a crash between "seen" and "done" must not swallow Telegram's retry.
create table telegram_update (
  bot_id bigint not null,
  update_id bigint not null,
  -- deferred: Telegram has its 200, the broker brings the update again.
  state text not null check (state in ('processing', 'done', 'deferred')),
  lease_until timestamptz not null,
  -- How often it was begun; also tells a holder's own lease from that of a later one.
  attempts integer not null default 1,
  seen_at timestamptz not null default now(),
  primary key (bot_id, update_id)
);
create index telegram_update_seen_at on telegram_update (seen_at);
