-- Up Migration
-- The newest events of a kind, and of a kind about a subject: what event-query.ts reads. In bytewise order, because that costs a
-- third of a language's order and nobody reads the list of kinds.
drop index broker.event_type;
create index event_kind on broker.event (type collate "C", source collate "C", seq);
create index event_about on broker.event (subject collate "C", type collate "C", source collate "C", seq) where subject is not null;
-- Found by its number: numbers are given out in the order of time.
drop index broker.event_accepted;
