-- Up Migration
-- When the chat was told that its webhook was disabled.
-- Locks webhook: a chat has at most ten.
alter table webhook add column told_at timestamptz;
update webhook set told_at = disabled_at where disabled_at is not null;
create index webhook_untold on webhook (disabled_at) where disabled_at is not null and told_at is null;

-- The message that tells the same news if its event comes outside of the quiet hours. If the outbox has this message,
-- the event came before the quiet hours and once more during them.
alter table waiting_notice add column message_key text;
