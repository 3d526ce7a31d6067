import { type MaintenanceScope, type MaintenanceWindow, maintenanceIn } from '#database/uptime/maintenance.ts'
import { type Monitor, monitorsIn } from '#database/uptime/monitors.ts'
import { isMaintenanceTime, scopeOfGroup, scopeOfMonitor } from '#functions/monitors/maintenance-scope.ts'
import { parseDuration } from '#functions/vigia-yaml/duration.ts'
import type { WindowEntry } from '#functions/vigia-yaml/file-schema.ts'
import { readWindow } from '#functions/vigia-yaml/read-window.ts'
import type { Fault } from '#functions/vigia-yaml/schema-faults.ts'
import { checkBody, refuse, wrongValues } from './check-values.ts'
import { notFound, Problem } from './problem.ts'
import type { ApiResponse, Call } from './route.ts'
import { MaintenancePlan } from './schemas.ts'

export const maintenanceExample = {
  title: 'New server',
  group: 'Shop',
  zone: 'America/Sao_Paulo',
  cron: '0 2 * * 1',
  duration: '90m',
}

/** The most times of maintenance of a chat that go on or come. */
const maxPlanned = 100

/** GET /maintenance: what goes on or comes. */
export const listMaintenance = async ({ deps: { db, clock }, key }: Call): Promise<ApiResponse> => ({
  content: { maintenance: (await maintenanceIn(db).of(key.chatId, clock())).map(told) },
})

const told = ({ id, title, monitorId, groupName, startsAt, endsAt, repetition }: MaintenanceWindow) => ({
  id,
  title,
  monitorId,
  group: groupName,
  from: startsAt,
  to: endsAt,
  cron: repetition?.cron ?? null,
})

/** POST /maintenance: begins it now (`?for=20m`), or plans it (a window of vigia.yaml in the body). */
export const announceMaintenance = (call: Call): Promise<ApiResponse> =>
  call.query.for === undefined && call.body.trim() !== '' ? plan(call) : beginNow(call)

/** Maintenance of the same monitors that goes on is not begun again, but ends later if it has to. */
const beginNow = async (call: Call): Promise<ApiResponse> => {
  const { deps, key, query } = call
  if (query.for === undefined) throw wrongQuery('for', 'is missing; write how long it lasts, such as ?for=20m')
  const seconds = parseDuration(String(query.for))! / 1_000
  if (!isMaintenanceTime(seconds)) throw wrongQuery('for', `is ${query.for}; it must be whole seconds from 1m to 7d`)
  const scope = await scopeOf(call)
  const now = deps.clock()
  const endsAt = new Date(now.getTime() + seconds * 1_000)
  const title = query.title === undefined ? {} : { title: String(query.title) }
  const windowId = await maintenanceIn(deps.db).beginNow({ ...scope, ...title }, endsAt, now)
  const window = (await maintenanceIn(deps.db).of(key.chatId, now)).find(found => found.windowId === windowId)
  return { content: told(window!) }
}

const plan = async (call: Call): Promise<ApiResponse> => {
  const { deps, key } = call
  const body = checkBody(MaintenancePlan, call.body, maintenanceExample)
  const { monitor, ...entry } = body.value as WindowEntry
  const monitors = await monitorsIn(deps.db).of(key.chatId)
  const faults: Fault[] = []
  const found = monitor === undefined ? null : scopeOfMonitor(key.chatId, monitors, monitor)
  if (monitor !== undefined && found === null)
    faults.push({ path: ['monitor'], reason: `${JSON.stringify(monitor)} is not the id, key or name of a monitor` })
  if (monitor !== undefined && entry.group !== undefined)
    faults.push({ path: ['group'], reason: 'is not possible together with monitor' })
  const report = (path: Fault['path'], reason: string) => void faults.push({ path, reason })
  const { title, group, when } = await readWindow('window', entry, groupsOf(monitors), report)
  const now = deps.clock()
  if ('endsAt' in when && when.endsAt <= now) report(['to'], `is ${entry.to}, which is over`)
  refuse(faults, body, maintenanceExample)
  const tables = maintenanceIn(deps.db)
  if ((await tables.of(key.chatId, now)).length >= maxPlanned)
    throw new Problem(409, { detail: `This chat has ${maxPlanned} times of maintenance; delete one first.` })
  const scope = { chatId: key.chatId, monitorId: found?.monitorId ?? null, groupName: group }
  const { id, isNew } = await tables.addOnce({ ...scope, title, ...when }, now)
  const times =
    'cron' in when ? { from: null, to: null, cron: when.cron } : { from: when.startsAt, to: when.endsAt, cron: null }
  return { status: isNew ? 201 : 200, content: { id, title, monitorId: scope.monitorId, group, ...times } }
}

/** The groups of the chat, as the rules of the file read them. */
const groupsOf = (monitors: readonly Monitor[]) =>
  Object.fromEntries(monitors.map(({ id, groupName }) => [String(id), groupName === null ? {} : { group: groupName }]))

/** DELETE /maintenance: ends what goes on, of all monitors or of the given ones. A repeat changes nothing. */
export const endMaintenance = async (call: Call): Promise<ApiResponse> => {
  const { deps, key, query } = call
  const isForAll = query.monitor === undefined && query.group === undefined
  const scope = await scopeOf(call)
  const now = deps.clock()
  const tables = maintenanceIn(deps.db)
  for (const window of await tables.of(key.chatId, now)) {
    const isMeant = isForAll || (window.monitorId === scope.monitorId && window.groupName === scope.groupName)
    if (isMeant && window.startsAt <= now) await tables.endNow(key.chatId, window.windowId, now)
  }
  return { status: 204 }
}

/** DELETE /maintenance/{id}: ends it, and cancels its coming times. */
export const removeMaintenance = async ({ deps, key, id }: Call): Promise<ApiResponse> => {
  const now = deps.clock()
  if (!(await maintenanceIn(deps.db).remove(key.chatId, id, now))) throw notFound(`maintenance ${id}`)
  return { status: 204 }
}

/** The monitors that `monitor` or `group` names; without them all monitors of the chat. */
const scopeOf = async ({ deps, key: { chatId }, query }: Call): Promise<MaintenanceScope> => {
  const { monitor, group } = query
  if (monitor === undefined && group === undefined) return { chatId, monitorId: null, groupName: null }
  if (monitor !== undefined && group !== undefined) throw wrongQuery('group', 'is not possible together with monitor')
  const monitors = await monitorsIn(deps.db).of(chatId)
  const scope =
    monitor === undefined
      ? scopeOfGroup(chatId, monitors, String(group))
      : scopeOfMonitor(chatId, monitors, String(monitor))
  if (scope !== null) return scope
  throw monitor === undefined
    ? wrongQuery('group', `${JSON.stringify(group)} is not the group of a monitor of this chat`)
    : wrongQuery('monitor', `${JSON.stringify(monitor)} is not the id, key or name of a monitor of this chat`)
}

const wrongQuery = (field: string, reason: string) =>
  wrongValues([{ line: 0, field, reason }], { example: '/api/v1/maintenance?for=20m&group=Shop' })
