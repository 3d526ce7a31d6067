import { isDeepStrictEqual } from 'node:util'
import { chatsIn } from '#database/chats/chats.ts'
import type { Postgres } from '#database/connect.ts'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { monitorSecretsIn } from '#database/uptime/monitor-secrets.ts'
import { type Monitor, monitorsIn } from '#database/uptime/monitors.ts'
import { slugOf } from '#functions/checks/heartbeat.ts'
import { RetryLater } from '#functions/host/errors.ts'
import type { DesiredMonitor } from '#functions/vigia-yaml/desired.ts'
import { exportedFile } from '#functions/vigia-yaml/export.ts'
import { type LostSecret, lostSecrets } from '#functions/vigia-yaml/kept-secrets.ts'
import { readEntries } from '#functions/vigia-yaml/read-entries.ts'
import type { Fault } from '#functions/vigia-yaml/schema-faults.ts'
import { writeMonitor } from '#functions/vigia-yaml/write-monitor.ts'
import { type Body, bodyFaults, checkBody, parseBody, refuse } from './check-values.ts'
import { mergePatch } from './merge-patch.ts'
import { monitorOf, requestFirstCheck, resourceOf } from './monitors.ts'
import { outsideOf, ownerOf, problemOf } from './outside.ts'
import { notFound } from './problem.ts'
import type { ApiResponse, Call } from './route.ts'
import { MonitorBody } from './schemas.ts'

export const monitorExample = { url: 'https://shop.example.org/health', name: 'Shop', interval: '30s', group: 'Shop' }
const heartbeatExample = { kind: 'heartbeat', name: 'Nightly backup', settings: { periodS: 86_400 } }
export const patchExample = { interval: '30s', settings: { keyword: 'ok' } }

type Fields = Record<string, unknown>

/**
 * POST /monitors: adds a monitor, like a monitor that was added in the chat. If the chat has one of the same URL
 * already, that one gets the fields of the request. So a repeated request has one effect.
 */
export const addMonitor = async (call: Call): Promise<ApiResponse> => {
  const body = checkBody(MonitorBody, call.body, monitorExample)
  const { parentId = null, ...entry } = body.value as Fields
  const newKey = keyOf(entry)
  if (newKey === '')
    refuse([{ path: ['name'], reason: 'is missing; it is a part of the URL of the pings' }], body, heartbeatExample)
  const wanted = await desiredMonitor(call, newKey, entry, body)
  const { id, isNew } = await write(call, {
    id: null,
    configKey: null,
    wanted,
    parentId: parentId as number | null,
    body,
  })
  await requestFirstCheck(call, id)
  return {
    status: isNew ? 201 : 200,
    content: await resourceOf(call, id),
    headers: { location: `/api/v1/monitors/${id}` },
  }
}

/** How often a change begins again because another request changed the monitor meanwhile. */
const mostTries = 5

/** PATCH /monitors/{id}: changes fields of a monitor and keeps its history. */
export const changeMonitor = async (call: Call): Promise<ApiResponse> => {
  const body = parseBody(call.body, patchExample)
  for (let tries = 1; ; tries++)
    try {
      await tryChange(call, body)
      return { content: await resourceOf(call, call.id) }
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile)) throw error
      if (tries === mostTries) throw new RetryLater('the monitor is changed by many requests at once', 1)
    }
}

/** Another request changed the monitor after this one read it; nothing is saved. */
class ChangedMeanwhile extends Error {}

const tryChange = async (call: Call, body: Body): Promise<void> => {
  const { id, deps } = call
  const known = await monitorOf(call)
  const before = await entryOf(call, known)
  const merged = mergePatch(before, body.value, nullableFields)
  refuse(bodyFaults(MonitorBody, merged), body, patchExample)
  const { parentId = null, ...entry } = merged as Fields
  const monitorKey = known.kind === 'heartbeat' ? slugIn(known) : (known.configKey ?? keyOf(entry))
  const wanted = await desiredMonitor(call, monitorKey, entry, body)
  const stored = (await monitorSecretsIn(deps.db).of([id])).get(id) ?? {}
  refuse(
    [
      ...(wanted.kind === known.kind
        ? []
        : [
            {
              path: ['kind'],
              reason: `is ${wanted.kind}; it must stay ${known.kind}, because the history belongs to it`,
            },
          ]),
    ],
    body,
    patchExample,
  )
  const lost = lostSecrets(wanted, { ...known, secrets: stored })
  refuse(secretFaults(lost), body, {
    url: wanted.url,
    secrets: Object.fromEntries(lost.map(({ secret }) => [secret, { value: '…' }])),
  })
  await write(call, { id, configKey: known.configKey, wanted, parentId: parentId as number | null, body, before })
}

/** The fields of a monitor as a request would write them, without those that have their defaults. */
const entryOf = async ({ deps: { db }, key: { chatId } }: Call, { id, parentId }: Monitor): Promise<Fields> => {
  const monitors = (await configuredMonitorsIn(db).of([chatId])).filter(monitor => monitor.id === id)
  const [chat] = exportedFile(await chatsIn(db).findAll([chatId]), monitors, [], [], []).chats
  const [entry] = Object.values(chat?.monitors ?? {})
  if (entry === undefined) throw notFound(`monitor ${id}`)
  return { ...entry, topic: monitors[0]!.threadId, parentId }
}

/** The fields of a monitor in which null is a value: no parent, and the topic General. */
const nullableFields = new Set(['parentId', 'topic'])

/** The name of a heartbeat in the URL of its pings. */
const slugIn = ({ url }: Monitor) => url.slice(url.indexOf(':') + 1)

/** A key for the rules of the file. Only that of a heartbeat matters: it is in the URL of the pings. */
const keyOf = ({ kind, name }: Fields) => (kind === 'heartbeat' ? slugOf(String(name ?? '')) : 'monitor')

/** The monitor that the fields describe, by the rules of vigia.yaml. */
const desiredMonitor = async (call: Call, key: string, entry: Fields, body: Body): Promise<DesiredMonitor> => {
  const file = { chats: [{ id: call.key.chatId, monitors: { [key]: entry } }] }
  const { chats, faults } = await readEntries(file, outsideOf(call.deps))
  const depth = ['chats', 0, 'monitors', key].length
  refuse(
    faults.map(({ path, reason }) => ({ path: path.slice(depth), reason })),
    body,
    monitorExample,
  )
  return chats[0]!.monitors[0]!
}

const secretFaults = (lost: readonly LostSecret[]): Fault[] =>
  lost.map(({ secret, reason }) => ({ path: ['secrets', secret], reason: `${reason} {value: …}` }))

interface Written {
  id: number | null
  configKey: string | null
  wanted: DesiredMonitor
  parentId: number | null
  body: Body
  /** The fields from which a change was made. If the monitor has others now, nothing is written. */
  before?: Fields
}

const write = async (call: Call, { id, configKey, wanted, parentId, body, before }: Written) => {
  const { deps, key } = call
  const owner = await ownerOf(call, [wanted.url])
  if (id === null) refuse(secretFaults(lostSecrets(wanted, undefined)), body, monitorExample)
  try {
    return await deps.db.transaction(async tx => {
      await configuredMonitorsIn(tx).lock()
      if (before !== undefined) {
        const locked = { ...call, deps: { ...deps, db: tx } }
        if (!isDeepStrictEqual(await entryOf(locked, await monitorOf(locked)), before)) throw new ChangedMeanwhile()
      }
      const written = await writeMonitor(tx, { chatId: key.chatId, id, configKey, monitor: wanted }, owner)
      refuse(await parentFaults(tx, key.chatId, written.id, parentId), body, { parentId: null })
      await configuredMonitorsIn(tx).setParent(key.chatId, written.id, parentId)
      return written
    })
  } catch (error) {
    throw problemOf(error, call)
  }
}

/** The parent must be a monitor of the chat that does not depend on this one. */
const parentFaults = async (tx: Postgres, chatId: number, id: number, parentId: number | null): Promise<Fault[]> => {
  if (parentId === null) return []
  const parents = new Map((await monitorsIn(tx).of(chatId)).map(monitor => [monitor.id, monitor.parentId]))
  if (!parents.has(parentId)) return [{ path: ['parentId'], reason: `is ${parentId}; this chat has no such monitor` }]
  const seen = new Set<number>()
  for (let next: number | null | undefined = parentId; next != null && !seen.has(next); next = parents.get(next)) {
    if (next === id) return [{ path: ['parentId'], reason: `is ${parentId}, which depends on this monitor` }]
    seen.add(next)
  }
  return []
}
