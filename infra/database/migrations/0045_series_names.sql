-- Up Migration
-- The names of the series in the catalogue, in all countries, so that a search finds them in PostgreSQL in spite of
-- typos. pg_trgm is a trusted extension: the owner of a database may create it.
create extension if not exists pg_trgm;
create table series_name (
  show_id integer not null,
  -- In lower case, without accents and punctuation.
  name text not null,
  primary key (show_id, name)
);
create index series_name_similar on series_name using gin (name gin_trgm_ops);
