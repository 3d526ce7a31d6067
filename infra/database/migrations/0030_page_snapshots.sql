-- Up Migration
-- What visitors of a page see besides the sums of checks, as one text that is read fast. Only pages that were visited
-- lately have a row. A row is always made anew from the tables, and never changed in parts.
create table page_snapshot (
  page_id bigint primary key references status_page on delete cascade,
  -- The number of the transaction that made the snapshot, so that no two snapshots have the same version.
  version bigint not null,
  made_at timestamptz not null,
  -- When maintenance begins or ends, or the day of the chat's zone ends. Then the snapshot changes by itself.
  valid_until timestamptz not null,
  facts json not null
);
create index page_snapshot_made on page_snapshot (made_at);

-- The sums of hours that are over, of the components that a part of a page shows, in the unit of the bars. The later
-- hours are added when the page is read.
create table page_history (
  page_id bigint not null references page_snapshot on delete cascade,
  unit text not null check (unit in ('hour', 'day')),
  first integer not null,
  monitor_ids bigint[] not null,
  zone text not null,
  since timestamptz not null,
  until timestamptz not null,
  -- Arrays of numbers, as infra/database/pages/page-sums.ts reads them.
  sums json not null,
  primary key (page_id, unit, first)
);

-- A mark that the snapshot of a page is outdated, stored in the transaction that changes what the page shows. The next
-- snapshot removes the marks of the changes that it contains. There is no foreign key, because the change must not fail
-- when the snapshot is deleted at the same time; and no unique key, because changes must not wait for each other.
create table page_change (
  id bigint generated always as identity primary key,
  page_id bigint not null,
  at timestamptz not null default now()
);
create index page_change_page on page_change (page_id);
create index page_change_at on page_change (at);

create function page_changed(changed bigint) returns void language sql as $$
  insert into page_change (page_id) select page_id from page_snapshot where page_id = changed
$$;

-- A page itself, and its zone.
create function status_page_changed() returns trigger language plpgsql as $$
begin
  perform page_changed(new.id);
  return null;
end $$;
create trigger page_changed after update on status_page for each row execute function status_page_changed();

create function chat_zone_changed() returns trigger language plpgsql as $$
begin
  perform page_changed(id) from status_page where chat_id = new.id;
  return null;
end $$;
create trigger page_changed after update on chat for each row when (old.zone is distinct from new.zone)
  execute function chat_zone_changed();

-- The tables whose rows name the page.
create function rows_of_page_changed() returns trigger language plpgsql as $$
begin
  perform page_changed(page_id) from (select distinct page_id from changed) pages;
  return null;
end $$;
create trigger page_changed_insert after insert on status_page_component referencing new table as changed
  for each statement execute function rows_of_page_changed();
create trigger page_changed_update after update on status_page_component referencing new table as changed
  for each statement execute function rows_of_page_changed();
create trigger page_changed_delete after delete on status_page_component referencing old table as changed
  for each statement execute function rows_of_page_changed();
create trigger page_changed_insert after insert on page_post referencing new table as changed
  for each statement execute function rows_of_page_changed();
create trigger page_changed_update after update on page_post referencing new table as changed
  for each statement execute function rows_of_page_changed();
create trigger page_changed_delete after delete on page_post referencing old table as changed
  for each statement execute function rows_of_page_changed();

-- A monitor. Each check updates its row, so the condition has only what visitors see change now and then.
create function monitor_of_page_changed() returns trigger language plpgsql as $$
begin
  perform page_changed(page_id) from status_page_component where monitor_id = new.id;
  return null;
end $$;
create trigger page_changed after update on monitor for each row
  when (old.state is distinct from new.state or old.state_since is distinct from new.state_since
    or old.paused_at is distinct from new.paused_at or (old.slow_since is null) <> (new.slow_since is null)
    or old.name is distinct from new.name or old.group_name is distinct from new.group_name
    or old.kind is distinct from new.kind or old.interval_s is distinct from new.interval_s)
  execute function monitor_of_page_changed();

-- An outage, also if its monitor does not change.
create function incident_of_page_changed() returns trigger language plpgsql as $$
begin
  perform page_changed(page_id) from (
    select distinct page_id from changed join status_page_component using (monitor_id)
  ) pages;
  return null;
end $$;
create trigger page_changed_insert after insert on incident referencing new table as changed
  for each statement execute function incident_of_page_changed();
create trigger page_changed_update after update on incident referencing new table as changed
  for each statement execute function incident_of_page_changed();

-- Maintenance concerns all pages of its chat.
create function maintenance_changed() returns trigger language plpgsql as $$
begin
  perform page_changed(page.id) from (select distinct chat_id from changed) plan join status_page page using (chat_id);
  return null;
end $$;
create trigger page_changed_update after update on maintenance referencing new table as changed
  for each statement execute function maintenance_changed();
create trigger page_changed_delete after delete on maintenance referencing old table as changed
  for each statement execute function maintenance_changed();

create function maintenance_window_changed() returns trigger language plpgsql as $$
begin
  perform page_changed(page.id) from (
    select distinct chat_id from changed join maintenance plan on plan.id = maintenance_id
  ) plan join status_page page using (chat_id);
  return null;
end $$;
create trigger page_changed_insert after insert on maintenance_window referencing new table as changed
  for each statement execute function maintenance_window_changed();
create trigger page_changed_update after update on maintenance_window referencing new table as changed
  for each statement execute function maintenance_window_changed();
create trigger page_changed_delete after delete on maintenance_window referencing old table as changed
  for each statement execute function maintenance_window_changed();
