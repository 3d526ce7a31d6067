-- Up Migration
-- A reply to a message about an outage finds the outage by the message.
create index message_of_incident on message (chat_id, telegram_message_id)
  where key like 'incident/%' and telegram_message_id is not null;
