-- Up Migration
create schema if not exists broker;

-- Counts starts of the broker; a lease number begins with it, so a lease of an earlier start can never be taken for one of now.
create sequence broker.epoch minvalue 0;

-- One row for each event that got a 202. The broker numbers them itself and moves the sequence along in the same commit.
create sequence broker.event_seq minvalue 0;
create table broker.event (
  seq bigint primary key,
  -- What makes it the same event when it comes again: a digest of source, id and, for a reply, the delivery it answers.
  -- A digest because ids have no upper length and index entries do.
  key uuid not null unique,
  id text not null,
  source text not null,
  type text not null,
  subject text,
  -- JSON: every context attribute, also those above, all strings.
  attributes text not null,
  -- JSON: HTTP headers that travel along (trace context, x-request-id ...), or null.
  headers text,
  data bytea not null,
  -- Hops of replies left.
  ttl smallint not null,
  accepted_at timestamptz not null default now()
);
-- Compressing costs more time than the disk space is worth.
alter table broker.event alter column data set storage external;
create index event_type on broker.event (type, seq);
create index event_accepted on broker.event using brin (accepted_at);

-- One row for each Trigger an event matched. No foreign key: both rows are written by one statement, and the check would cost a look-up for each.
create table broker.delivery (
  event_seq bigint not null,
  trigger text not null,
  state text not null default 'pending' check (state in ('pending', 'done', 'dead')),
  -- Attempts made: at the subscriber, or at the dead letter sink once `letter` is there.
  attempts integer not null default 0,
  -- When somebody may take it: at once, when its pause is over, or when the lease of who took it runs out. null: nothing more to do.
  due timestamptz default now(),
  -- Who has it; only this number can settle it.
  lease bigint,
  -- JSON: why it goes to the dead letter sink instead of the subscriber (the knativeerror extensions, which may be none).
  letter text,
  primary key (event_seq, trigger)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
create index delivery_due on broker.delivery (trigger, due) where due is not null;

-- What happened, for people. May lose its last rows in a crash.
create table broker.attempt (
  event_seq bigint not null,
  trigger text not null,
  at timestamptz not null,
  ms integer not null,
  status smallint,
  error text,
  -- It was the dead letter sink that was tried.
  letter boolean not null
);
create index attempt_event on broker.attempt (event_seq);
