-- Up Migration
-- A file with series that a person sent to the bot. The function importer reads it and looks the series up.
create table series_import (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- The update with the file: the same update again adds no second import.
  cause text not null,
  -- The topic of the forum; null outside of topics.
  thread_id bigint,
  file_id text not null,
  file_name text not null,
  state text not null default 'reading'
    check (state in ('reading', 'matching', 'review', 'done', 'undone', 'cancelled', 'refused')),
  -- The message that shows the progress and then the review; null until it is sent.
  message_id bigint,
  -- A process works on the import until this time.
  leased_until timestamptz not null default '-infinity',
  -- When the follows were added. An undo removes only follows of this time.
  done_at timestamptz,
  at timestamptz not null,
  unique (chat_id, cause)
);
create index series_import_at on series_import (at);
create index series_import_open on series_import (leased_until) where state in ('reading', 'matching');

-- A series of the file.
create table imported_series (
  import_id bigint not null references series_import on delete cascade,
  position integer not null check (position >= 0),
  title text not null,
  premiered smallint,
  thetvdb integer,
  imdb text,
  -- False for a series that its owner archived or no longer follows.
  wanted boolean not null,
  -- The watched episodes: [season, number, Unix seconds or null].
  watched jsonb not null default '[]',
  state text not null default 'waiting' check (state in ('waiting', 'found', 'unsure', 'unknown', 'left out')),
  -- TVmaze's id, of a series that is found.
  show_id integer check (show_id > 0),
  -- The series among which the person chooses: [{id, name, premiered, channel}].
  choices jsonb,
  -- The episodes that this import marked as seen: [season, number].
  seen jsonb not null default '[]',
  -- Whether this import added the follow.
  added boolean not null default false,
  check ((state = 'found') = (show_id is not null)),
  primary key (import_id, position)
);
