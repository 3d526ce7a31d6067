-- Up Migration
-- URLs that get a signed request when something happens.
create table webhook (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- Only what this page shows; null: everything of the chat.
  page_id bigint references status_page on delete cascade,
  url text not null check (length(url) between 1 and 2048),
  -- The secrets of the signatures, as Standard Webhooks writes them. The old one signs too for a while after a change.
  secret text not null check (secret ~ '^whsec_[A-Za-z0-9+/]{32,}={0,2}$'),
  old_secret text check (old_secret ~ '^whsec_[A-Za-z0-9+/]{32,}={0,2}$'),
  old_until timestamptz,
  -- Since when no delivery succeeded; null after a success.
  failing_since timestamptz,
  last_failure text,
  disabled_at timestamptz,
  -- Until then, one process sends to it. So a slow receiver holds up only itself.
  busy_until timestamptz,
  -- The update that made it, so that an update that is repeated makes one.
  cause text not null,
  created_at timestamptz not null,
  unique (chat_id, cause)
);
create index webhook_page on webhook (page_id) where page_id is not null;

-- What a webhook gets.
create table webhook_delivery (
  -- The header webhook-id, which is the same in every attempt.
  id text primary key,
  webhook_id bigint not null references webhook on delete cascade,
  body text not null,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'failed')),
  attempts integer not null default 0,
  due_at timestamptz not null,
  requested_at timestamptz not null
);
create index webhook_delivery_webhook on webhook_delivery (webhook_id);
create index webhook_delivery_due on webhook_delivery (due_at) where state = 'waiting';
create index webhook_delivery_requested_at on webhook_delivery (requested_at);
