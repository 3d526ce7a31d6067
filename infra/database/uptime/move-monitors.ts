import type { Postgres } from '../connect.ts'

/** SQL: the target has the source's URL and key of vigia.yaml, so both are the same monitor. */
const isSame = `target.chat_id = $2 and target.url = source.url and target.config_key is not distinct from source.config_key`

/** SQL: the pairs of the same monitor in both chats, `source` and `target`. */
const pairs = `monitor source join monitor target on ${isSame}`

/**
 * Moves the monitors of a chat, with their heartbeats, maintenance, events and pages, to a chat that may have monitors
 * too. Of two monitors with the same URL and the same key of vigia.yaml, only the one of the new chat stays; the
 * follows of the other are deleted. If both chats have a key with different URLs, both monitors stay; the moved one
 * loses its key and is then like a monitor that was added in the chat. Only inside a transaction.
 */
export const moveMonitors = async (tx: Postgres, fromId: number, toId: number): Promise<void> => {
  const chats = [fromId, toId]
  await renameHeartbeats(tx, chats)
  // Without a key, only one monitor of a chat may have the URL.
  await tx.query(
    `with renamed as (
       select distinct on (source.url) source.id from monitor source
       join monitor target on target.chat_id = $2 and target.config_key = source.config_key and target.url <> source.url
       where source.chat_id = $1 and not exists (
         select from monitor other where other.chat_id in ($1, $2) and other.url = source.url and other.config_key is null)
       order by source.url, source.id
     ) update monitor set config_key = null from renamed where monitor.id = renamed.id`,
    chats,
  )
  await tx.query(
    `update monitor source set chat_id = $2 where chat_id = $1 and not exists (
       select from monitor target where (${isSame}) or (target.chat_id = $2 and target.config_key = source.config_key))`,
    chats,
  )
  await tx.query(
    `update monitor child set parent_id = target.id from ${pairs}
     where source.chat_id = $1 and child.chat_id = $2 and child.parent_id = source.id`,
    chats,
  )
  await tx.query(
    `update maintenance plan set monitor_id = target.id from ${pairs}
     where source.chat_id = $1 and plan.monitor_id = source.id`,
    chats,
  )
  await movePages(tx, chats)
  await tx.query(
    `with duplicate as (delete from monitor where chat_id = $1 returning id)
     delete from follow using duplicate where subject = 'monitor/' || duplicate.id`,
    [fromId],
  )
  // A maintenance with a key that both chats have comes from the same file, so only the one of the new chat stays.
  await tx.query(
    `update maintenance source set chat_id = $2 where chat_id = $1 and not exists (
       select from maintenance target where target.chat_id = $2 and target.config_key = source.config_key)`,
    chats,
  )
  await tx.query('update monitor_event set chat_id = $2 where chat_id = $1', chats)
  await moveHeartbeats(tx, chats)
  await tx.query(
    `update monitor_draft source set chat_id = $2 where chat_id = $1 and not exists (
       select from monitor_draft target where target.chat_id = $2 and target.person_id = source.person_id)`,
    chats,
  )
}

/** Two heartbeats with the same name are two jobs, each with its own token, so the moved one gets another name. */
const renameHeartbeats = (tx: Postgres, chats: number[]) =>
  tx.query(
    `with renamed as (
       update heartbeat source set slug = left(slug, 80) || '-' || monitor_id where chat_id = $1
         and exists (select from heartbeat target where target.chat_id = $2 and target.slug = source.slug)
       returning monitor_id, slug
     ) update monitor set url = 'heartbeat:' || slug from renamed where id = monitor_id`,
    chats,
  )

/**
 * A chat has one key for the URLs with names. If both chats have heartbeats, the key of the new chat stays, and the
 * URLs with the other key end; the URLs with tokens stay.
 */
const moveHeartbeats = async (tx: Postgres, chats: number[]): Promise<void> => {
  await tx.query(
    `delete from heartbeat_key where chat_id = $2 and exists (select from heartbeat_key where chat_id = $1)
     and not exists (select from heartbeat where chat_id = $2)`,
    chats,
  )
  await tx.query(
    `update heartbeat_key set chat_id = $2 where chat_id = $1
     and not exists (select from heartbeat_key where chat_id = $2)`,
    chats,
  )
  await tx.query('update heartbeat set chat_id = $2 where chat_id = $1', chats)
}

/** Moves the status pages before the duplicate monitors are deleted. A page whose slug is taken gets another one. */
const movePages = async (tx: Postgres, chats: number[]): Promise<void> => {
  await tx.query(
    `update status_page_component shown set monitor_id = target.id from ${pairs}
     where source.chat_id = $1 and shown.monitor_id = source.id and not exists (
       select from status_page_component other where other.page_id = shown.page_id and other.monitor_id = target.id)`,
    chats,
  )
  const hasOther = (column: string) =>
    `exists (select from status_page other where other.chat_id = $2 and other.${column} = source.${column})`
  await tx.query(
    `update status_page source set chat_id = $2,
       slug = case when ${hasOther('slug')} then left(slug, 20) || '-' || id else slug end,
       config_key = case when ${hasOther('config_key')} then null else config_key end
     where chat_id = $1`,
    chats,
  )
}
