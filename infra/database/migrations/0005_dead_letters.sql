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
  at timestamptz not null,
  replayed_at timestamptz,
  unique (event_source, event_id, trigger)
);
create index dead_letter_at on dead_letter (at);

-- Alerts that are no dead letters: kept by the id of their event, so that a redelivery is not counted twice.
create table alert (
  event_id text primary key,
  fingerprint text not null,
  at timestamptz not null
);
create index alert_at on alert (at);

-- What the operators are told: one row for each kind of fault, with its latest outbreak.
create table operator_notice (
  fingerprint text primary key,
  -- What happened, as the message says it: {title, subject, code, reason}.
  news jsonb not null,
  -- This outbreak: how often, since when, when last.
  count integer not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  -- What the operators know of it: the message, when it was sent and last edited, and the count it shows.
  telegram_message_id bigint,
  told_at timestamptz,
  edited_at timestamptz,
  told_count integer not null default 0,
  -- Told only as one of many that were held back.
  held_back boolean not null default false
);
create index operator_notice_untold on operator_notice (last_at) where told_count < count;
create index operator_notice_told_at on operator_notice (told_at);

-- One row: the message that says how many were held back in this hour. Whoever locks it speaks to the operators, one at a time.
create table operator_digest (
  one boolean primary key default true check (one),
  telegram_message_id bigint,
  told_at timestamptz,
  edited_at timestamptz,
  told_count integer not null default 0,
  count integer not null default 0
);
insert into operator_digest default values;
