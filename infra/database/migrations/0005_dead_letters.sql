-- Up Migration
create table dead_letter (
  id bigint generated always as identity primary key,
  fingerprint text not null,
  -- The Trigger whose subscriber gave up.
  trigger text not null,
  event_source text not null,
  event_id text not null,
  code integer,
  reason text not null,
  -- CloudEvents JSON format.
  event jsonb not null,
  at timestamptz not null default now(),
  replayed_at timestamptz,
  unique (event_source, event_id, trigger)
);
create index dead_letter_fingerprint on dead_letter (fingerprint, at);

-- One message to the operators for each kind of fault; more of the same edit its count.
create table operator_notice (
  fingerprint text primary key,
  telegram_message_id bigint,
  count integer not null default 0,
  -- First and latest of this outbreak; a new message only when it still goes on an hour later.
  first_at timestamptz not null,
  last_at timestamptz not null,
  told_at timestamptz,
  told_count integer not null default 0
);
