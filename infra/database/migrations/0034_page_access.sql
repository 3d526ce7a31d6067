-- Up Migration
alter table status_page
  drop constraint status_page_access_check,
  -- members: only members of the chat see the page, with a signed link from the bot.
  add constraint status_page_access_check check (access in ('public', 'link', 'members')),
  -- Signs the links of a page for members. With a new key, links that were signed before open nothing.
  add column member_key bytea not null check (length(member_key) >= 32)
    default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
  -- The host at whose root the page is shown; null if it has none.
  add column domain text check (domain ~ '^[a-z0-9.-]{4,253}$'),
  -- Anyone can find out the hosts that have certificates, so a host is not a secret address.
  add constraint status_page_domain_access check (domain is null or access <> 'link');
create unique index status_page_domain on status_page (domain) where domain is not null;
