-- Up Migration
-- What the people of a chat tell the visitors of a status page.
create table page_post (
  id bigint generated always as identity primary key,
  page_id bigint not null references status_page on delete cascade,
  -- The first post about the same matter; null in the first post itself.
  thread_id bigint references page_post on delete cascade,
  status text not null check (status in ('investigating', 'identified', 'monitoring', 'resolved')),
  text text not null check (length(text) between 1 and 1000),
  at timestamptz not null,
  -- The update that made the post, so that a repeated update makes no other.
  cause text not null unique
);
create index page_post_page on page_post (page_id, at);
create index page_post_thread on page_post (thread_id) where thread_id is not null;
create index page_post_at on page_post (at);
