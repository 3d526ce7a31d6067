-- Up Migration
-- Whether every member of a group may change what usually only its administrators may.
alter table chat add column everyone_changes boolean not null default false;
