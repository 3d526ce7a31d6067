-- Up Migration
-- A page that shows the state and the history of monitors to visitors.
create table status_page (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- The name in the address of a public page: /status/<slug>.
  slug text not null check (slug ~ '^[a-z0-9-]{3,40}$'),
  title text not null check (length(title) between 1 and 100),
  -- The language for a visitor whose browser names neither Portuguese nor English.
  language text not null check (language in ('pt-BR', 'en')),
  -- link: the page is only at /status/p/<secret>, and nothing is at its slug.
  access text not null default 'public' check (access in ('public', 'link')),
  secret text not null unique check (secret ~ '^[A-Za-z0-9_-]{22,64}$'),
  -- The key in vigia.yaml; null if it is not from a file.
  config_key text check (config_key <> ''),
  created_at timestamptz not null default now()
);
create unique index status_page_slug on status_page (slug) where access = 'public';
-- A slug is taken for other chats only by a public page, so that nobody can find out the slugs of secret pages.
create unique index status_page_chat on status_page (chat_id, slug);
create unique index status_page_config_key on status_page (chat_id, config_key) where config_key is not null;

create table status_page_component (
  page_id bigint not null references status_page on delete cascade,
  monitor_id bigint not null references monitor on delete cascade,
  position smallint not null,
  -- What the page calls the monitor and its group; null: as the chat calls them.
  name text check (length(name) between 1 and 100),
  group_name text check (length(group_name) between 1 and 100),
  primary key (page_id, monitor_id)
);
create index status_page_component_monitor on status_page_component (monitor_id);
