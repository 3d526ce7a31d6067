-- Up Migration
alter table page_post
  -- The outage that the post is about; null if people began the matter themselves. It is no foreign key, because a
  -- deleted monitor can be restored with its outages.
  add column incident_id bigint,
  -- How much the post says that services are affected: the ids of monitors with degraded, partial or down. The post
  -- says of all other services that they are not affected.
  add column impacts jsonb not null default '{}' check (jsonb_typeof(impacts) = 'object');
create index page_post_incident on page_post (incident_id) where incident_id is not null;

-- A text about an outage that becomes posts if a person confirms it.
create table page_post_draft (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  incident_id bigint not null references incident on delete cascade,
  status text not null check (status in ('investigating', 'identified', 'monitoring', 'resolved')),
  text text not null check (length(text) between 1 and 1000),
  -- Whether each page gets the text of a template in its language instead.
  is_template boolean not null default false,
  impacts jsonb not null check (jsonb_typeof(impacts) = 'object'),
  -- The update that made the draft, so that a repeated update makes no other.
  cause text not null unique,
  at timestamptz not null,
  outcome text check (outcome in ('published', 'discarded')),
  -- The update that decided the outcome.
  decided_by text,
  check ((outcome is null) = (decided_by is null))
);
create index page_post_draft_at on page_post_draft (at);
create index page_post_draft_chat on page_post_draft (chat_id);
create index page_post_draft_incident on page_post_draft (incident_id);
