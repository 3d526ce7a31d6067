-- Up Migration
-- A chat subscribes to one service of a status page with a follow of page/<id>/monitor/<id>.
alter table follow
  drop constraint follow_subject_usable,
  add constraint follow_subject_usable check (case
    when subject ~ '^show/[1-9][0-9]{0,9}$' then substring(subject from 6)::bigint <= 2147483647
    else subject ~ '^((monitor|page)/[1-9][0-9]{0,15}|page/[1-9][0-9]{0,15}/monitor/[1-9][0-9]{0,15})$'
  end);

-- The seconds of the good checks of an hour while the posts of a page said that the service was affected.
create table page_impact_hour (
  page_id bigint not null references status_page on delete cascade,
  monitor_id bigint not null references monitor on delete cascade,
  hour timestamptz not null,
  degraded_s integer not null,
  partial_s integer not null,
  down_s integer not null,
  primary key (page_id, monitor_id, hour)
);
create index page_impact_hour_hour on page_impact_hour (hour);
create index page_impact_hour_monitor on page_impact_hour (monitor_id);
