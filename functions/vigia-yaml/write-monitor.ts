import type { Postgres } from '#database/connect.ts'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { type ExceededLimit, exceededLimit, hostOf, type MonitorLimits } from '#database/uptime/monitor-limits.ts'
import { monitorSecretsIn } from '#database/uptime/monitor-secrets.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { mayUseAt } from '#functions/checks/secret-origin.ts'
import type { DesiredMonitor } from './desired.ts'
import { slugOfKey } from './target-of.ts'

/** Whose limits count for monitors that are added or changed. */
export interface Owner {
  /** null: only the limits of the chat and of the hosts count. */
  personId: number | null
  limits: MonitorLimits
  /** The addresses of hosts that are known. Monitors of the same address count as monitors of one host. */
  addresses: ReadonlyMap<string, string>
}

/** A limit of the owner does not allow the monitor; nothing is saved. */
export class LimitExceeded extends Error {
  override name = 'LimitExceeded'
  readonly limit: ExceededLimit
  readonly host: string
  readonly key: string

  constructor(limit: ExceededLimit, monitor: Pick<DesiredMonitor, 'key' | 'url'>) {
    super(`the monitor ${monitor.key} exceeds the limit "${limit}"`)
    this.limit = limit
    this.host = hostOf(monitor.url)
    this.key = monitor.key
  }
}

/** Another heartbeat of the chat has the name in the URL of the pings; nothing is saved. */
export class HeartbeatTaken extends Error {
  override name = 'HeartbeatTaken'
  readonly slug: string

  constructor(chatId: number, slug: string, key: string) {
    super(`another heartbeat of chat ${chatId} has the name ${slug}; use another key than ${key}`)
    this.slug = slug
  }
}

/** The monitor to write: `id` is null for a new one, `configKey` is null for one that is in no file. */
export interface WrittenMonitor {
  chatId: number
  id: number | null
  configKey: string | null
  monitor: DesiredMonitor
}

/**
 * Makes or changes a monitor with its secrets and its heartbeat, all but its parent, and returns its id. A new monitor
 * whose URL the chat has already changes the monitor that there is; `isNew` is false then. Only inside a transaction.
 */
export const writeMonitor = async (
  tx: Postgres,
  written: WrittenMonitor,
  owner: Owner | null,
): Promise<{ id: number; isNew: boolean }> => {
  const { chatId, configKey, monitor } = written
  const ownership = await claim(tx, written, owner)
  const urlBefore = written.id === null ? monitor.url : (await monitorsIn(tx).get(written.id))?.url
  const { id, isNew } = written.id === null ? await create(tx, written, ownership) : { id: written.id, isNew: false }
  await configuredMonitorsIn(tx).update({ ...monitor, ...ownership, key: configKey, id })
  await writeSecrets(tx, id, monitor, urlBefore ?? monitor.url)
  if (monitor.kind === 'heartbeat') await writeHeartbeat(tx, chatId, id, monitor.key)
  if (monitor.isPaused) await monitorsIn(tx).pause(chatId, id)
  else if (!isNew) await monitorsIn(tx).resume(chatId, id)
  return { id, isNew }
}

interface Ownership {
  personId: number | null
  address: string | null
}

/** Checks the limits of the owner. A monitor that stays paused adds no load. */
const claim = async (
  tx: Postgres,
  { chatId, id, configKey, monitor }: WrittenMonitor,
  owner: Owner | null,
): Promise<Ownership> => {
  if (owner === null) return { personId: null, address: null }
  const { personId, limits, addresses } = owner
  const address = addresses.get(hostOf(monitor.url)) ?? null
  if (id !== null && monitor.isPaused) return { personId, address }
  const wanted = { chatId, personId, url: monitor.url, configKey, address, intervalS: monitor.intervalS }
  const exceeded = await exceededLimit(tx, { ...wanted, ...(id !== null && { id }) }, limits)
  if (exceeded !== null) throw new LimitExceeded(exceeded, monitor)
  return { personId, address }
}

const create = async (tx: Postgres, { chatId, configKey, monitor }: WrittenMonitor, ownership: Ownership) => {
  const { key, group, parentKey, isPaused, secrets, threadId, reminder, ...columns } = monitor
  const added = await monitorsIn(tx).add({
    ...columns,
    ...ownership,
    chatId,
    configKey,
    groupName: group,
    settings: { ...columns.settings },
    ...(threadId === null ? {} : { threadId }),
  })
  return { id: added.monitor.id, isNew: added.isNew }
}

/** A heartbeat has a row of its own, with the token and the slug of its URL. */
const writeHeartbeat = async (tx: Postgres, chatId: number, monitorId: number, key: string): Promise<void> => {
  const slug = slugOfKey(key)
  const heartbeat = await heartbeatsIn(tx).ensure({ monitorId, chatId, slug })
  if (heartbeat === null) throw new HeartbeatTaken(chatId, slug, key)
  await heartbeatsIn(tx).keyOf(chatId)
}

/** Replaces the secrets of a monitor, and keeps those that are to be kept. They are never sent to another host. */
const writeSecrets = async (tx: Postgres, id: number, { key, secrets, url }: DesiredMonitor, urlBefore: string) => {
  const kept = (await monitorSecretsIn(tx).of([id])).get(id) ?? {}
  const values = Object.entries(secrets).flatMap(([name, secret]) => {
    if (secret === 'stored' && kept[name] !== undefined && !mayUseAt(name, urlBefore, url))
      throw new Error(`the secret ${name} of ${key} was given for another host; give it again`)
    const value = secret === 'stored' ? kept[name] : secret.value
    return value === undefined ? [] : [[name, value] as const]
  })
  await monitorSecretsIn(tx).replace(id, Object.fromEntries(values))
}
