-- Up Migration
-- For figures.ts: the age of the oldest message that is neither sent nor refused, and the messages of the last minutes
-- among those.
create index message_unsent_since on message (requested_at) where state in ('waiting', 'sending');
