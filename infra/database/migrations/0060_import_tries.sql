-- Up Migration
-- The attempts of an import since the last one that ended without an unexpected error. An attempt whose process was
-- killed counts too.
alter table series_import add column tries smallint not null default 0;
