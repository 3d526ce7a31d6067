-- Up Migration
-- The indexes that retention.ts uses to find the rows to delete.
create index announcement_announced_at on announcement (announced_at);
create index announcement_event_published on announcement_event (published_at) where published_at is not null;
create index incident_closed_at on incident (closed_at) where closed_at is not null;
create index message_settled on message (requested_at) where state in ('sent', 'refused');
create index operator_notice_last_at on operator_notice (last_at);
create index search_at on search (at);
create index chat_unreachable on chat (unreachable_since) where unreachable_since is not null;
create index skipped_record_reported_at on skipped_record (reported_at);
