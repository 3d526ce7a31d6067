-- Up Migration
create schema if not exists broker;

-- The number of starts of the broker. A lease number begins with it, so a lease of an earlier start never equals a
-- lease of this start.
create sequence broker.epoch minvalue 0;

-- One row for each event that was answered with 202. The broker numbers the events itself and sets the sequence in the
-- same commit.
create sequence broker.event_seq minvalue 0;
create table broker.event (
  seq bigint primary key,
  -- A digest of source, id and, for a reply, the delivery that it answers. A repeated event has the same key. It is a
  -- digest, because the length of an index entry is limited and the length of an id is not.
  key uuid not null unique,
  id text not null,
  source text not null,
  type text not null,
  subject text,
  -- JSON: every context attribute as a string, including those above.
  attributes text not null,
  -- JSON: the HTTP headers that the broker passes on (trace context, x-request-id ...), or null.
  headers text,
  data bytea not null,
  -- How many more times a reply may be published in response to this event.
  ttl smallint not null,
  accepted_at timestamptz not null default now()
);
-- Without compression, because the time for it costs more than the disk space.
alter table broker.event alter column data set storage external;
create index event_type on broker.event (type, seq);
create index event_accepted on broker.event using brin (accepted_at);

-- One row for each Trigger that an event matched. There is no foreign key, because one statement writes the event and
-- its deliveries, and the check would cost a look-up for each row.
create table broker.delivery (
  event_seq bigint not null,
  trigger text not null,
  state text not null default 'pending' check (state in ('pending', 'done', 'dead')),
  -- The number of attempts: at the dead letter sink if `letter` is set, else at the subscriber.
  attempts integer not null default 0,
  -- When the delivery may be claimed: at once, after the pause before a retry, or when the lease expires. null if the
  -- delivery is finished.
  due timestamptz default now(),
  -- The number of the current lease. Only a process that has this number can settle the delivery.
  lease bigint,
  -- JSON: why the event is a dead letter (the knativeerror extensions, possibly none). null if it is not a dead letter.
  letter text,
  primary key (event_seq, trigger)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
create index delivery_due on broker.delivery (trigger, due) where due is not null;

-- The log of attempts, for people. A crash may lose its newest rows.
create table broker.attempt (
  event_seq bigint not null,
  trigger text not null,
  at timestamptz not null,
  ms integer not null,
  status smallint,
  error text,
  -- True for an attempt at the dead letter sink, false for one at the subscriber.
  letter boolean not null
);
create index attempt_event on broker.attempt (event_seq);
