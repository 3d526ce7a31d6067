import { chatsIn } from '#database/chats/chats.ts'
import type { Postgres } from '#database/connect.ts'
import { pageLogosIn } from '#database/pages/logos.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { configuredWindowsOf } from '#database/uptime/configured-windows.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { configuredWebhooksIn } from '#database/webhooks/configured-webhooks.ts'
import { applyPage } from './apply-page.ts'
import { applyWebhook } from './apply-webhook.ts'
import type { DesiredChat } from './desired.ts'
import { type Current, type MonitorChange, type Plan, planOf } from './plan.ts'
import type { WebhookChange } from './plan-webhooks.ts'
import type { WindowChange } from './plan-windows.ts'
import { type Owner, writeMonitor } from './write-monitor.ts'

export interface ApplyOptions {
  /** Whether monitors that an earlier file had are deleted if the file no longer has them. */
  prune: boolean
  /** Looks at the plan before anything is written; throws to stop. */
  check?(plan: Plan): void
  /** Whose limits count; null for the operators of Vigia, who have none. */
  owner?: Owner | null
}

/** Reads what the chats have, and decides what has to change. */
export const makePlan = async (db: Postgres, desired: readonly DesiredChat[], prune: boolean): Promise<Plan> => {
  const ids = desired.map(({ id }) => id)
  const pages = await statusPagesIn(db).of(ids)
  const current: Current = {
    chats: await chatsIn(db).findAll(ids),
    monitors: await configuredMonitorsIn(db).of(ids),
    windows: await configuredWindowsOf(db, ids),
    pages,
    logos: await pageLogosIn(db).hashesOf(pages.map(({ id }) => id)),
    webhooks: await configuredWebhooksIn(db).of(ids),
  }
  return planOf(desired, current, { prune, now: new Date() })
}

/**
 * Makes the chats and their monitors as the file wants them, all in one transaction, and returns what changed. A second
 * call changes nothing. Throws LimitExceeded if the owner's limits do not allow it.
 */
export const applyConfiguration = (
  db: Postgres,
  desired: readonly DesiredChat[],
  { prune, check, owner = null }: ApplyOptions,
): Promise<Plan> =>
  db.transaction(async tx => {
    await configuredMonitorsIn(tx).lock()
    const plan = await makePlan(tx, desired, prune)
    check?.(plan)
    for (const { id, language, zone } of plan.chats) await chatsIn(tx).configure(id, { language, zone })
    // A new monitor may have the URL of a deleted one, so deletions come first.
    for (const change of plan.monitors)
      if (change.action === 'delete') await monitorsIn(tx).remove(change.chatId, change.id)
    for (const change of plan.monitors) await write(tx, change, owner)
    for (const { id, monitors } of desired)
      await configuredMonitorsIn(tx).setParents(id, new Map(monitors.map(({ key, parentKey }) => [key, parentKey])))
    for (const change of plan.windows) await writeWindow(tx, change)
    for (const change of plan.pages) await applyPage(tx, change)
    // Deletions come first, because a chat may have only a few webhooks.
    const isDeletion = ({ action }: WebhookChange) => action === 'delete'
    for (const change of plan.webhooks.filter(isDeletion)) await applyWebhook(tx, change)
    for (const change of plan.webhooks.filter(each => !isDeletion(each))) await applyWebhook(tx, change)
    return plan
  })

const writeWindow = async (tx: Postgres, change: WindowChange): Promise<void> => {
  const { chatId, key } = change
  const now = new Date()
  if (change.action !== 'create') await maintenanceIn(tx).remove(chatId, change.id, now)
  if (change.action === 'delete') return
  const { title, monitorKey, group, when } = change.window
  const monitorId = monitorKey === null ? null : await configuredMonitorsIn(tx).idOf(chatId, monitorKey)
  await maintenanceIn(tx).add({ chatId, monitorId, groupName: group, title, configKey: key, ...when }, now)
}

const write = async (tx: Postgres, change: MonitorChange, owner: Owner | null): Promise<void> => {
  if (change.action === 'delete') return
  const { chatId, monitor, action, key } = change
  if (action === 'replace') await monitorsIn(tx).remove(chatId, change.id)
  const id = action === 'create' || action === 'replace' ? null : change.id
  await writeMonitor(tx, { chatId, id, configKey: key, monitor }, owner)
}
