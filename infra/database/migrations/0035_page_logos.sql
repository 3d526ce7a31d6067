-- Up Migration
-- The logo of a status page: a PNG, JPEG or WebP without metadata.
create table page_logo (
  page_id bigint primary key references status_page on delete cascade,
  type text not null check (type in ('png', 'jpg', 'webp')),
  bytes bytea not null check (length(bytes) between 1 and 1048576),
  width smallint not null check (width between 1 and 2000),
  height smallint not null check (height between 1 and 2000),
  -- The beginning of the SHA-256 of the bytes, for its address.
  hash text not null check (hash ~ '^[0-9a-f]{16}$'),
  -- The update that sent it, so that a repeated update is answered as before.
  cause text not null
);
alter table status_page
  -- Who was asked for a logo, and when: the person's next picture becomes the logo.
  add column logo_asked_of bigint,
  add column logo_asked_at timestamptz;
