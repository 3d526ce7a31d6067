-- Up Migration
alter table monitor_draft
  -- Passwords, tokens and certificates that the person sent. They go to monitor_secret when the draft is saved.
  add column secrets jsonb not null default '{}' check (jsonb_typeof(secrets) = 'object');
