-- Up Migration
create table dead_letter (
  id bigint generated always as identity primary key,
  fingerprint text not null,
  -- The Trigger that could not deliver the event.
  trigger text not null,
  event_source text not null,
  event_id text not null,
  code integer,
  reason text not null,
  -- The event in CloudEvents' JSON format.
  event jsonb not null,
  at timestamptz not null,
  replayed_at timestamptz,
  unique (event_source, event_id, trigger)
);
create index dead_letter_at on dead_letter (at);

-- Alerts, which are not dead letters. They are stored by the id of their event, so a redelivery is not counted twice.
create table alert (
  event_id text primary key,
  fingerprint text not null,
  at timestamptz not null
);
create index alert_at on alert (at);

-- The notices to the operators: one row for each kind of error.
create table operator_notice (
  fingerprint text primary key,
  -- The content of the message: {title, subject, code, reason}.
  news jsonb not null,
  -- The number of errors, and the times of the first and the last of them. After an hour without an error they begin
  -- again.
  count integer not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  -- The message to the operators: its id, when it was sent and last edited, and the count that it shows.
  telegram_message_id bigint,
  told_at timestamptz,
  edited_at timestamptz,
  told_count integer not null default 0,
  -- There is no message about this notice; it only counts in the digest.
  held_back boolean not null default false
);
create index operator_notice_untold on operator_notice (last_at) where told_count < count;
create index operator_notice_told_at on operator_notice (told_at);

-- One row: the message with the number of notices that were held back. A process locks the row before it decides which
-- messages to send to the operators, so only one process does so at a time.
create table operator_digest (
  one boolean primary key default true check (one),
  telegram_message_id bigint,
  told_at timestamptz,
  edited_at timestamptz,
  told_count integer not null default 0,
  count integer not null default 0
);
insert into operator_digest default values;
