-- Up Migration
-- For event-query.ts, which reads the newest events of a type and source, and those about a subject. The order is by
-- bytes, because that costs a third of the order of a language, and no user sees this order.
drop index broker.event_type;
create index event_kind on broker.event (type collate "C", source collate "C", seq);
create index event_about on broker.event (subject collate "C", type collate "C", source collate "C", seq) where subject is not null;
-- Not needed, because the order of seq is nearly the order of time.
drop index broker.event_accepted;
