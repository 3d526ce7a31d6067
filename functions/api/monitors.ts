import { allowancesIn } from '#database/chats/allowances.ts'
import { hostOf } from '#database/uptime/monitor-limits.ts'
import { type Monitor, monitorsIn } from '#database/uptime/monitors.ts'
import { isChecked } from '#functions/checks/check-of.ts'
import { probeRequest, takeCheck } from '#functions/monitors/requested-check.ts'
import { resourcesOf } from './monitor-resource.ts'
import { limitProblem } from './outside.ts'
import { notFound, Problem } from './problem.ts'
import type { ApiResponse, Call } from './route.ts'

/** The monitor in the path; a Problem if the chat has no such monitor. */
export const monitorOf = async ({ deps: { db }, key, id }: Call): Promise<Monitor> => {
  const monitor = await monitorsIn(db).get(id)
  if (monitor?.chatId !== key.chatId) throw notFound(`monitor ${id}`)
  return monitor
}

export const listMonitors = async (call: Call): Promise<ApiResponse> => {
  const { group, state } = call.query
  const all = await resourcesOf(call)
  const wanted = all.filter(
    monitor => (group === undefined || monitor.group === group) && (state === undefined || monitor.state === state),
  )
  return { content: { monitors: wanted } }
}

export const readMonitor = async (call: Call): Promise<ApiResponse> => ({ content: await resourceOf(call, call.id) })

/** One monitor as the API shows it. */
export const resourceOf = async (call: Call, id: number) => {
  const found = (await resourcesOf(call)).find(monitor => monitor.id === id)
  if (found === undefined) throw notFound(`monitor ${id}`)
  return found
}

export const listGroups = async (call: Call): Promise<ApiResponse> => {
  const byGroup = Map.groupBy(await resourcesOf(call), ({ group }) => group)
  const groups = [...byGroup].flatMap(([name, monitors]) =>
    name === null
      ? []
      : [{ name, monitors: monitors.length, down: monitors.filter(({ state }) => state === 'down').length }],
  )
  return { content: { groups } }
}

/** Deletes a monitor with its history. A second request is answered 404. */
export const deleteMonitor = async (call: Call): Promise<ApiResponse> => {
  const { deps, key, id } = call
  if ((await monitorsIn(deps.db).remove(key.chatId, id)) === null) throw notFound(`monitor ${id}`)
  return { status: 204 }
}

export const pauseMonitor = async (call: Call): Promise<ApiResponse> => {
  const { deps, key, id } = call
  if ((await monitorsIn(deps.db).pause(key.chatId, id)) === null) throw notFound(`monitor ${id}`)
  return readMonitor(call)
}

export const resumeMonitor = async (call: Call): Promise<ApiResponse> => {
  const { deps, key, id } = call
  const { name, url } = await monitorOf(call)
  const resumed = await monitorsIn(deps.db).resumeWithinLimits(key.chatId, id, key.personId, deps.limits)
  if (resumed === null) throw notFound(`monitor ${id}`)
  if ('exceeded' in resumed) throw limitProblem({ limit: resumed.exceeded, host: hostOf(url), key: name }, deps)
  return readMonitor(call)
}

/** Requests a check now. Its result is in the monitor a moment later; the chat gets no message about it. */
export const checkMonitor = async (call: Call): Promise<ApiResponse> => {
  const { deps, cause, context } = call
  const monitor = await monitorOf(call)
  if (!isChecked(monitor)) throw new Problem(409, { detail: 'A heartbeat is not checked; its job pings Vigia.' })
  if (monitor.pausedAt !== null) throw new Problem(409, { detail: 'The monitor is paused; resume it first.' })
  if (!(await takeCheck(checkDependencies(call), cause, monitor.id, 'now')))
    throw new Problem(429, {
      detail: 'This host was checked a moment ago.',
      headers: { 'retry-after': String(deps.limits.manualCheckSeconds) },
    })
  await context.publish([probeRequest(cause, monitor, { reason: 'now', to: null, now: deps.clock() })])
  return { status: 202, content: { accepted: true } }
}

/** Requests the first check of a monitor that was added. Without it, the first check comes at the next slot. */
export const requestFirstCheck = async (call: Call, id: number): Promise<void> => {
  const { deps, cause, context } = call
  const monitor = await monitorsIn(deps.db).get(id)
  if (monitor === null || monitor.judgedAt !== null || monitor.pausedAt !== null || !isChecked(monitor)) return
  if (!(await takeCheck(checkDependencies(call), cause, id, 'first'))) return
  await context
    .publish([probeRequest(cause, monitor, { reason: 'first', to: null, now: deps.clock() })])
    .catch(error => context.log.warn({ error }, 'the first check of a monitor is made at its next slot'))
}

const checkDependencies = ({ deps: { db, limits, clock } }: Call) => ({
  monitors: monitorsIn(db),
  allowances: allowancesIn(db),
  limits,
  clock,
})
