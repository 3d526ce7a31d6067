-- Up Migration
-- A notice may be about a group of alerts: from this count on, the operators get a new message and not an edit of the
-- last one. null for notices about errors.
alter table operator_notice add column new_message_from integer;
