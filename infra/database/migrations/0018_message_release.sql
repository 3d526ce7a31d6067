-- Up Migration
-- The release whose telegram-notifier sent the message: `1.4.2 (<commit>)`.
alter table message add column sent_by text;
