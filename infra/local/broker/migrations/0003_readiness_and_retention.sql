-- Up Migration
-- One row, written to find out whether PostgreSQL takes writes.
create table broker.readiness (
  one boolean primary key default true check (one),
  looked_at timestamptz not null default now()
);
insert into broker.readiness default values;

-- Events with a dead delivery are kept longer than others, and are few.
create index delivery_dead on broker.delivery (event_seq) where state = 'dead';
