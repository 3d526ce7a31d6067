-- Up Migration
-- Keys of the HTTP API. A key opens one chat.
create table api_key (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chat on update cascade on delete cascade,
  -- SHA-256 of the key. The key itself is shown once and is not stored.
  hash bytea not null unique check (length(hash) = 32),
  -- maintenance: only to announce and to end maintenance, for pipelines.
  scope text not null check (scope in ('read', 'write', 'maintenance')),
  -- The person who made it, whose limits count; null for the command line.
  person_id bigint,
  -- The update that made it, so that an update that is repeated makes one key.
  cause text not null,
  created_at timestamptz not null,
  -- The last request, to the minute.
  used_at timestamptz,
  unique (chat_id, cause)
);
