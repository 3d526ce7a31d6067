-- Up Migration
-- A chat subscribes to a status page with a follow of page/<id>.
alter table follow
  drop constraint follow_subject_usable,
  add constraint follow_subject_usable check (case
    when subject ~ '^show/[1-9][0-9]{0,9}$' then substring(subject from 6)::bigint <= 2147483647
    else subject ~ '^(monitor|page)/[1-9][0-9]{0,15}$'
  end);
