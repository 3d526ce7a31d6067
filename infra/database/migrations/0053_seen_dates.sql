-- Up Migration
-- False if nobody knows when the episode was seen: it comes from a file without dates, and seen_at is the time of the
-- import. Statistics of a year leave it out.
alter table seen_episode add column is_dated boolean not null default true;
