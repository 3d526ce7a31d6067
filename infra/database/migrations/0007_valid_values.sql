-- Up Migration
-- A forged button could store a subject that the queries cannot read. These rows are useless, so they are deleted, and
-- the new constraints prevent more of them.
delete from follow where case
  when subject ~ '^show/[1-9][0-9]{0,9}$' then substring(subject from 6)::bigint > 2147483647
  else subject !~ '^monitor/[1-9][0-9]{0,15}$'
end;
update follow set followed_at = now() where followed_at not between '1900-01-01Z' and '2200-01-01Z';
alter table follow
  add constraint follow_subject_usable check (case
    when subject ~ '^show/[1-9][0-9]{0,9}$' then substring(subject from 6)::bigint <= 2147483647
    else subject ~ '^monitor/[1-9][0-9]{0,15}$'
  end),
  add constraint follow_followed_at_usable check (followed_at between '1900-01-01Z' and '2200-01-01Z');

update chat set zone = 'America/Sao_Paulo' where zone !~ '^[A-Za-z0-9_+/-]{1,64}$';
delete from chat where id not between -9007199254740991 and 9007199254740991;
alter table chat
  add constraint chat_zone_usable check (zone ~ '^[A-Za-z0-9_+/-]{1,64}$'),
  -- The integers that JavaScript represents exactly.
  add constraint chat_id_usable check (id between -9007199254740991 and 9007199254740991);

-- The event probe.requested does not accept a longer URL, and one invalid check fails its whole batch of 50.
delete from follow using monitor where subject = 'monitor/' || monitor.id and length(url) > 2048;
delete from monitor where length(url) > 2048;
alter table monitor add constraint monitor_url_usable check (length(url) <= 2048);

-- The invalid records that a rule skipped and that were reported to the operators.
create table skipped_record (
  store text not null,
  key text not null,
  reason text not null,
  reported_at timestamptz not null,
  primary key (store, key)
);
