-- Up Migration
alter table monitor
  drop constraint monitor_kind_check,
  add constraint monitor_kind_check
    check (kind in ('http', 'tcp', 'tls', 'dns', 'ping', 'websocket', 'grpc', 'heartbeat')),
  -- The settings of the kind (functions/checks). They contain no secrets.
  add column settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  -- The key of the monitor in vigia.yaml; null for a monitor that is not from a file.
  add column config_key text check (config_key <> ''),
  add column group_name text check (group_name <> ''),
  -- While the parent is down, a failure of this monitor is probably a consequence. The constraint is deferrable,
  -- because a backup may have a monitor before its parent.
  add column parent_id bigint references monitor on delete set null deferrable check (parent_id <> id),
  -- How many attempts in a row must fail before the monitor is down, and succeed before it is up again. They are the
  -- attempts of one check.
  add column confirmations smallint not null default 3 check (confirmations between 1 and 10),
  add column recoveries smallint not null default 2 check (recoveries between 1 and 10),
  drop constraint monitor_chat_id_url_key;
-- Monitors of a file may share a URL. The expression stands for `nulls not distinct`, which needs PostgreSQL 15.
create unique index monitor_url on monitor (chat_id, url, coalesce(config_key, ''));
create unique index monitor_config_key on monitor (chat_id, config_key) where config_key is not null;
create index monitor_parent on monitor (parent_id) where parent_id is not null;

-- Passwords and tokens of monitors. They never leave this table except for the check itself and for a backup.
create table monitor_secret (
  monitor_id bigint not null references monitor on delete cascade,
  name text not null check (name ~ '^[a-z][a-z0-9-]{0,39}$'),
  value text not null check (length(value) <= 65536),
  primary key (monitor_id, name)
);
