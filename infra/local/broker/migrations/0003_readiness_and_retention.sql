-- Up Migration
-- One row. /readyz writes it to find out whether PostgreSQL accepts writes.
create table broker.readiness (
  one boolean primary key default true check (one),
  looked_at timestamptz not null default now()
);
insert into broker.readiness default values;

-- Events with a dead delivery are kept longer than the others, and there are few of them.
create index delivery_dead on broker.delivery (event_seq) where state = 'dead';
