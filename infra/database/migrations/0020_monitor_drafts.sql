-- Up Migration
-- The settings that a person is choosing by buttons. They become a monitor only when the person saves them.
create table monitor_draft (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  person_id bigint not null,
  -- The monitor that they change; null for a new one.
  monitor_id bigint references monitor on delete cascade,
  content jsonb not null check (jsonb_typeof(content) = 'object'),
  -- The field that the person's next text fills in; null if no text is expected.
  asked text,
  -- The update that changed the draft last, so that a repeated update does not change it again.
  cause text not null,
  -- Grows with each change, so that of two parallel changes one is refused.
  version integer not null default 1,
  saved_at timestamptz,
  changed_at timestamptz not null,
  -- A new draft replaces the old one and gets a new id, so that the buttons of the old one are recognised.
  unique (chat_id, person_id)
);
create index monitor_draft_changed_at on monitor_draft (changed_at);
create index monitor_draft_monitor on monitor_draft (monitor_id) where monitor_id is not null;
