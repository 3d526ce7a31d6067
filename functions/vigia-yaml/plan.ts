import { isDeepStrictEqual } from 'node:util'
import type { Language } from '#database/chats/language.ts'
import type { StatusPage } from '#database/pages/status-pages.ts'
import type { ConfiguredMonitor } from '#database/uptime/configured-monitors.ts'
import type { ConfiguredWindow } from '#database/uptime/configured-windows.ts'
import type { ConfiguredWebhook } from '#database/webhooks/configured-webhooks.ts'
import type { DesiredChat, DesiredMonitor } from './desired.ts'
import { formatDuration } from './duration.ts'
import { type LostSecret, lostSecrets } from './kept-secrets.ts'
import { type PageChange, pageChanges } from './plan-pages.ts'
import { type WebhookChange, webhookChanges } from './plan-webhooks.ts'
import { type WindowChange, windowChanges } from './plan-windows.ts'

/** A field that changes. A secret is shown without its value. */
export interface FieldChange {
  field: string
  from: string
  to: string
}

/**
 * What happens to a monitor. `adopt`: the file takes over a monitor of the same URL that was added in the chat.
 * `replace`: the kind changes, so the monitor begins anew.
 */
export type MonitorChange =
  | { action: 'create'; chatId: number; key: string; monitor: DesiredMonitor }
  | {
      action: 'update' | 'adopt'
      chatId: number
      key: string
      id: number
      monitor: DesiredMonitor
      fields: FieldChange[]
    }
  | { action: 'replace'; chatId: number; key: string; id: number; monitor: DesiredMonitor; fields: FieldChange[] }
  | { action: 'delete'; chatId: number; key: string; id: number; name: string; url: string }

/** What happens to a chat. A new chat is one that has not used the bot. */
export interface ChatChange {
  action: 'create' | 'update'
  id: number
  language: Language | null
  zone: string | null
  fields: FieldChange[]
}

export interface Plan {
  chats: ChatChange[]
  monitors: MonitorChange[]
  windows: WindowChange[]
  pages: PageChange[]
  webhooks: WebhookChange[]
  /** The number of monitors of the file that stay as they are. */
  unchanged: number
  /** Secrets that the file wants to keep, but that the monitor does not have or has for another host. */
  missingSecrets: ({ chatId: number; key: string } & LostSecret)[]
}

/** What PostgreSQL has. */
export interface Current {
  chats: readonly { id: number; language: Language; zone: string }[]
  /** All monitors of the chats of the file. */
  monitors: readonly ConfiguredMonitor[]
  /** The maintenance windows of these chats that are from a file. */
  windows: readonly ConfiguredWindow[]
  /** All status pages of these chats. */
  pages: readonly StatusPage[]
  /** The hashes of their logos, by the ids of the pages. */
  logos: ReadonlyMap<number, string>
  /** All webhooks of these chats. */
  webhooks: readonly ConfiguredWebhook[]
}

/**
 * Decides what has to change. `prune`: monitors of the file's chats that an earlier file had are deleted if the file no
 * longer has them. Monitors that were added in the chat are never deleted.
 */
export const planOf = (
  desired: readonly DesiredChat[],
  current: Current,
  { prune, now }: { prune: boolean; now: Date },
): Plan => {
  const plan: Plan = { chats: [], monitors: [], windows: [], pages: [], webhooks: [], unchanged: 0, missingSecrets: [] }
  for (const chat of desired) {
    const change = chatChange(chat, current)
    if (change) plan.chats.push(change)
    const monitors = current.monitors.filter(({ chatId }) => chatId === chat.id)
    planMonitors(plan, chat, monitors, prune)
    const windows = current.windows.filter(({ chatId }) => chatId === chat.id)
    const keyOf = (id: number | null) => monitors.find(monitor => monitor.id === id)?.key ?? null
    plan.windows.push(...windowChanges(chat, windows, keyOf, { prune, now }))
    const pages = current.pages.filter(({ chatId }) => chatId === chat.id)
    plan.pages.push(...pageChanges(chat, pages, { keyOf, logos: current.logos, prune }))
    const webhooks = current.webhooks.filter(({ chatId }) => chatId === chat.id)
    plan.webhooks.push(...webhookChanges(chat, webhooks, prune))
  }
  return plan
}

/** Whether there is nothing to do. */
export const isEmpty = ({ chats, monitors, windows, pages, webhooks }: Plan): boolean =>
  [chats, monitors, windows, pages, webhooks].every(changes => changes.length === 0)

const chatChange = ({ id, language, zone }: DesiredChat, { chats }: Current): ChatChange | null => {
  const found = chats.find(chat => chat.id === id)
  if (found === undefined) return { action: 'create', id, language, zone, fields: [] }
  const fields = [
    ...changed('language', found.language, language ?? found.language),
    ...changed('zone', found.zone, zone ?? found.zone),
  ]
  return fields.length === 0 ? null : { action: 'update', id, language, zone, fields }
}

const planMonitors = (plan: Plan, chat: DesiredChat, known: readonly ConfiguredMonitor[], prune: boolean): void => {
  const byKey = new Map(known.flatMap(monitor => (monitor.key === null ? [] : [[monitor.key, monitor] as const])))
  const fromChat = known.filter(({ key }) => key === null)
  const keyOf = (id: number | null) => known.find(monitor => monitor.id === id)?.key ?? null
  const chatId = chat.id
  for (const monitor of chat.monitors) {
    const { key } = monitor
    const keyed = byKey.get(key)
    const found = keyed ?? takeFirst(fromChat, ({ url, kind }) => url === monitor.url && kind === monitor.kind)
    plan.missingSecrets.push(...lostSecrets(monitor, found).map(lost => ({ chatId, key, ...lost })))
    if (found === undefined) {
      plan.monitors.push({ action: 'create', chatId, key, monitor })
      continue
    }
    const fields = fieldChanges(found, keyOf(found.parentId), monitor)
    if (keyed === undefined) plan.monitors.push({ action: 'adopt', chatId, key, id: found.id, monitor, fields })
    else if (fields.length === 0) plan.unchanged++
    else
      plan.monitors.push({
        action: found.kind === monitor.kind ? 'update' : 'replace',
        chatId,
        key,
        id: found.id,
        monitor,
        fields,
      })
  }
  if (!prune) return
  const wanted = new Set(chat.monitors.map(({ key }) => key))
  for (const [key, { id, name, url }] of byKey)
    if (!wanted.has(key)) plan.monitors.push({ action: 'delete', chatId, key, id, name, url })
}

/** Removes the first element that fits and returns it, so that each monitor is adopted once. */
const takeFirst = <T>(list: T[], fits: (element: T) => boolean): T | undefined => {
  const at = list.findIndex(fits)
  return at < 0 ? undefined : list.splice(at, 1)[0]
}

const fieldChanges = (from: ConfiguredMonitor, fromParent: string | null, to: DesiredMonitor): FieldChange[] => [
  ...changed('kind', from.kind, to.kind),
  ...changed('name', from.name, to.name),
  ...changed('url', from.url, to.url),
  ...changed('interval', formatDuration(from.intervalS * 1000), formatDuration(to.intervalS * 1000)),
  ...changed('timeout', formatDuration(from.timeoutMs), formatDuration(to.timeoutMs)),
  ...changed('confirmations', from.confirmations, to.confirmations),
  ...changed('recoveries', from.recoveries, to.recoveries),
  ...changed('reminder', from.reminder, to.reminder),
  ...changed('group', from.group, to.group),
  // A parent that was chosen in the chat has no key.
  ...(from.parentId !== null && fromParent === null
    ? changed('parent', `monitor ${from.parentId}`, to.parentKey)
    : changed('parent', fromParent, to.parentKey)),
  ...changed('paused', from.isPaused, to.isPaused),
  ...changed('topic', from.threadId, to.threadId),
  ...settingChanges(from.settings, to.settings),
  ...secretChanges(from.secrets, to.secrets),
]

const changed = (field: string, from: unknown, to: unknown): FieldChange[] =>
  isDeepStrictEqual(from, to) ? [] : [{ field, from: shown(from), to: shown(to) }]

const shown = (value: unknown) =>
  value === null || value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)

const settingChanges = (from: Readonly<Record<string, unknown>>, to: Readonly<Record<string, unknown>>) =>
  namesIn(from, to).flatMap(name => changed(`settings.${name}`, from[name], to[name]))

const secretChanges = (from: Readonly<Record<string, string>>, to: DesiredMonitor['secrets']): FieldChange[] =>
  namesIn(from, to).flatMap(name => {
    const before = from[name]
    const after = to[name]
    if (after === 'stored' || before === after?.value) return []
    const told = after === undefined ? 'none' : before === undefined ? 'hidden' : 'another value'
    return [{ field: `secrets.${name}`, from: before === undefined ? 'none' : 'hidden', to: told }]
  })

const namesIn = (...records: object[]) => [...new Set(records.flatMap(record => Object.keys(record)))].toSorted()
