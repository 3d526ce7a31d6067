-- Up Migration
-- Other imports use what TVmaze has found by an id of TheTVDB. They find it by the index.
alter table imported_series add column by_thetvdb boolean not null default false;
create index imported_series_by_thetvdb on imported_series (thetvdb) where by_thetvdb;
