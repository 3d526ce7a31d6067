import { chatsIn } from '#database/chats/chats.ts'
import type { Postgres } from '#database/connect.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { configuredWindowsOf } from '#database/uptime/configured-windows.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { monitorSecretsIn } from '#database/uptime/monitor-secrets.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { applyPage } from './apply-page.ts'
import type { DesiredChat, DesiredMonitor } from './desired.ts'
import { type Current, type MonitorChange, type Plan, planOf } from './plan.ts'
import type { WindowChange } from './plan-windows.ts'
import { slugOfKey } from './target-of.ts'

export interface ApplyOptions {
  /** Whether monitors that an earlier file had are deleted if the file no longer has them. */
  prune: boolean
  /** Looks at the plan before anything is written; throws to stop. */
  check?(plan: Plan): void
}

/** Reads what the chats have, and decides what has to change. */
export const makePlan = async (db: Postgres, desired: readonly DesiredChat[], prune: boolean): Promise<Plan> => {
  const ids = desired.map(({ id }) => id)
  const current: Current = {
    chats: await chatsIn(db).findAll(ids),
    monitors: await configuredMonitorsIn(db).of(ids),
    windows: await configuredWindowsOf(db, ids),
    pages: await statusPagesIn(db).of(ids),
  }
  return planOf(desired, current, { prune, now: new Date() })
}

/**
 * Makes the chats and their monitors as the file wants them, all in one transaction, and returns what changed. A second
 * call changes nothing.
 */
export const applyConfiguration = (
  db: Postgres,
  desired: readonly DesiredChat[],
  { prune, check }: ApplyOptions,
): Promise<Plan> =>
  db.transaction(async tx => {
    await configuredMonitorsIn(tx).lock()
    const plan = await makePlan(tx, desired, prune)
    check?.(plan)
    for (const { id, language, zone } of plan.chats) await chatsIn(tx).configure(id, { language, zone })
    // A new monitor may have the URL of a deleted one, so deletions come first.
    for (const change of plan.monitors)
      if (change.action === 'delete') await monitorsIn(tx).remove(change.chatId, change.id)
    for (const change of plan.monitors) await write(tx, change)
    for (const { id, monitors } of desired)
      await configuredMonitorsIn(tx).setParents(id, new Map(monitors.map(({ key, parentKey }) => [key, parentKey])))
    for (const change of plan.windows) await writeWindow(tx, change)
    for (const change of plan.pages) await applyPage(tx, change)
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

const write = async (tx: Postgres, change: MonitorChange): Promise<void> => {
  if (change.action === 'delete') return
  const { chatId, monitor } = change
  if (change.action === 'replace') await monitorsIn(tx).remove(chatId, change.id)
  const isNew = change.action === 'create' || change.action === 'replace'
  const id = isNew ? await create(tx, chatId, monitor) : change.id
  await configuredMonitorsIn(tx).update({ ...monitor, id })
  await writeSecrets(tx, id, monitor)
  if (monitor.kind === 'heartbeat') await writeHeartbeat(tx, chatId, id, monitor.key)
  if (monitor.isPaused) await monitorsIn(tx).pause(chatId, id)
  else if (!isNew) await monitorsIn(tx).resume(chatId, id)
}

const create = async (tx: Postgres, chatId: number, monitor: DesiredMonitor) => {
  const { key, group, parentKey, isPaused, secrets, threadId, reminder, ...columns } = monitor
  const added = await monitorsIn(tx).add({
    ...columns,
    chatId,
    configKey: key,
    groupName: group,
    settings: { ...columns.settings },
    ...(threadId === null ? {} : { threadId }),
  })
  return added.monitor.id
}

/** A heartbeat has a row of its own, with the token and the slug of its URL. */
const writeHeartbeat = async (tx: Postgres, chatId: number, monitorId: number, key: string): Promise<void> => {
  const heartbeat = await heartbeatsIn(tx).ensure({ monitorId, chatId, slug: slugOfKey(key) })
  if (heartbeat === null)
    throw new Error(`another heartbeat of chat ${chatId} has the name ${slugOfKey(key)}; use another key than ${key}`)
  await heartbeatsIn(tx).keyOf(chatId)
}

/** Replaces the secrets of a monitor, and keeps those that the file wants to keep. */
const writeSecrets = async (tx: Postgres, id: number, { secrets }: DesiredMonitor): Promise<void> => {
  const kept = (await monitorSecretsIn(tx).of([id])).get(id) ?? {}
  const values = Object.entries(secrets).flatMap(([name, secret]) => {
    const value = secret === 'stored' ? kept[name] : secret.value
    return value === undefined ? [] : [[name, value] as const]
  })
  await monitorSecretsIn(tx).replace(id, Object.fromEntries(values))
}
