-- Up Migration
alter table telegram_update
  -- An attempt sent something, or ended without a word of what it did: the chat may have its answer.
  add column may_have_answered boolean not null default false,
  -- The chat was told once that its answer is late.
  add column apologised boolean not null default false;

-- When Telegram last asked for a wait before this message (429). Several chats in a few seconds: the limit is the whole bot's.
alter table message add column flooded_at timestamptz;
create index message_flooded on message (flooded_at) where flooded_at is not null;

-- The topic of a forum in which it was followed, and so where news of it goes; null for none, and for General.
alter table follow add column thread_id bigint check (thread_id > 1);

alter table monitor
  -- As the URL names it: lower case, punycode, without port and without a dot at the end. The URL was normalised when it was given.
  add column host text generated always as
    (rtrim(lower(substring(url from '^[a-z]+://(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^:/?#]*)')), '.')) stored,
  -- One of its addresses when it was asked for, where it was known: names that lead to one machine share its limit.
  add column address inet,
  -- Telegram's id of the person who last asked for it to be watched; null where that is not known.
  add column person_id bigint;
create index monitor_host on monitor (host);
create index monitor_address on monitor (address) where address is not null;
create index monitor_person on monitor (person_id);
update monitor set person_id = chat_id from chat where chat.id = chat_id and chat.kind = 'private';

-- Checks on demand: when a subject (monitor/42, host/example.org) has its whole allowance again.
create table look (
  subject text primary key,
  free_at timestamptz not null,
  -- What last used it: a repeat of the same is not counted again.
  cause text not null
);
create index look_free_at on look (free_at);
