-- Up Migration
alter table webhook
  -- The key in vigia.yaml; null for a webhook that was made in the chat.
  add column config_key text check (config_key <> '');
create unique index webhook_config_key on webhook (chat_id, config_key) where config_key is not null;

alter table webhook_delivery
  -- What it is about, as `incident/7`, and when that happened: deliveries about the same matter are sent in this order.
  add column matter text,
  add column happened_at timestamptz;
create index webhook_delivery_matter on webhook_delivery (webhook_id, matter, happened_at) where matter is not null;
