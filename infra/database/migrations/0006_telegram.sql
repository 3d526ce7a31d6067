-- Up Migration
alter table telegram_update
  -- An attempt sent a message or ended without releasing its lease, so the chat may already have its answer.
  add column may_have_answered boolean not null default false,
  -- The chat got the message that its answer is late.
  add column apologised boolean not null default false;

-- When Telegram last answered this message with 429. If several chats get a 429 within a few seconds, the limit is that
-- of the whole bot.
alter table message add column flooded_at timestamptz;
create index message_flooded on message (flooded_at) where flooded_at is not null;

-- The topic of the forum in which the chat followed the subject. Messages about the subject go there. null for the
-- topic General, and for a chat without topics.
alter table follow add column thread_id bigint check (thread_id > 1);

alter table monitor
  -- The host of the URL, without the port and without a dot at the end. It is in lower case and in punycode, because
  -- the URL was normalised before it was stored.
  add column host text generated always as
    (rtrim(lower(substring(url from '^[a-z]+://(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^:/?#]*)')), '.')) stored,
  -- One address of the host at the time of the request, if it was known. Hosts with the same address share one limit.
  add column address inet,
  -- Telegram's id of the person towards whose limit the monitor counts; null if it is not known.
  add column person_id bigint;
create index monitor_host on monitor (host);
create index monitor_address on monitor (address) where address is not null;
create index monitor_person on monitor (person_id);
update monitor set person_id = chat_id from chat where chat.id = chat_id and chat.kind = 'private';

-- The rate limits of checks on demand: when the whole allowance of a subject (monitor/42, host/example.org) is
-- available again.
create table look (
  subject text primary key,
  free_at timestamptz not null,
  -- The id of the cause that last used the allowance. The same cause is not counted twice.
  cause text not null
);
create index look_free_at on look (free_at);
