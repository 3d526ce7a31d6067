import type { Postgres } from '#database/connect.ts'
import { flappingsIn } from '#database/uptime/flappings.ts'
import { incidentsIn } from '#database/uptime/incidents.ts'
import { type MonitorEvent, monitorEventsIn } from '#database/uptime/monitor-events.ts'
import { type Told, type ToldState, toldStatesIn, type Untold } from '#database/uptime/told-states.ts'
import { nextTold } from './next-told.ts'
import { downEvent, flappingEvent, type OutageEvent, steadyEvent, upEvent } from './outage-events.ts'

/** A result that may have changed what the chats should know. `cause` is its slot. */
export interface Moment {
  monitorId: number
  at: Date
  cause: string
}

/** What was decided: the events to publish, and the parents that should be checked now. */
export interface Telling {
  events: MonitorEvent[]
  /** Of each monitor that waits for a check of its parent: the parent. */
  uncheckedParents: { monitorId: number; parentId: number }[]
}

/**
 * Decides and stores what the chats are told after these results: at most one event for each monitor. The transaction
 * has locked the monitors and stored their states and incidents.
 */
export const tellChanges = async (tx: Postgres, moments: readonly Moment[]): Promise<Telling> => {
  const untold = await toldStatesIn(tx).untoldAmong(moments)
  const causes = new Map(moments.map(moment => [moment.monitorId, moment]))
  return tell(tx, untold, id => causes.get(id)!)
}

/**
 * Decides and stores what was held back until now, because of maintenance, a parent or a silence. Call it at every
 * tick.
 */
export const tellHeldBack = (db: Postgres, now: Date): Promise<MonitorEvent[]> =>
  db.transaction(async tx => {
    const untold = await toldStatesIn(tx).allUntold(now)
    return (await tell(tx, untold, () => ({ at: now, cause: null }))).events
  })

const tell = async (
  tx: Postgres,
  untold: readonly Untold[],
  momentOf: (monitorId: number) => { at: Date; cause: string | null },
): Promise<Telling> => {
  const changes = untold.flatMap((monitor): Change[] => {
    const state = nextTold(monitor)
    return state === null ? [] : [{ id: monitor.id, from: monitor.told, to: state, at: momentOf(monitor.id).at }]
  })
  const told = await eventsOf(tx, changes)
  await toldStatesIn(tx).save(
    told.map(({ id, to, at, event, incidentId }): Told => ({ id, state: to, at, incidentId, by: event.id })),
  )
  const events = told.map(({ id, event }) => ({ ...event, cause: momentOf(id).cause }))
  const latest = new Date(Math.max(...told.map(({ at }) => at.getTime())))
  const stored = told.length === 0 ? new Set() : await monitorEventsIn(tx).add(events, latest)
  return {
    events: events.filter(({ id }) => stored.has(id)),
    uncheckedParents: untold.flatMap(({ id, uncheckedParentId, actual }) =>
      uncheckedParentId === null || actual === 'up' ? [] : [{ monitorId: id, parentId: uncheckedParentId }],
    ),
  }
}

/** What the chats are told about a monitor now, after what they knew before. */
interface Change {
  id: number
  from: ToldState
  to: ToldState
  at: Date
}

type ToldEvent = Change & { event: OutageEvent; incidentId: number }

/** The event of each change. It has what people need to know, so that nobody has to read it again. */
const eventsOf = async (tx: Postgres, changes: readonly Change[]): Promise<ToldEvent[]> => {
  if (changes.length === 0) return []
  const isRecovery = ({ from, to }: Change) => from === 'down' && to === 'up'
  const isSteady = ({ from }: Change) => from === 'flapping'
  const isOther = (change: Change) => !isRecovery(change) && !isSteady(change)
  const recoveries = changes.filter(isRecovery)
  const steady = changes.filter(isSteady)
  const others = changes.filter(isOther)
  const latest = new Date(Math.max(...changes.map(({ at }) => at.getTime())))
  return [
    ...withFacts(recoveries, await incidentsIn(tx).recoveriesOf(idsOf(recoveries)), recovery => ({
      event: upEvent(recovery),
      incidentId: recovery.id,
    })),
    ...withFacts(steady, await flappingsIn(tx).lastEndOf(idsOf(steady)), end => ({
      event: steadyEvent(end),
      incidentId: end.newestIncidentId,
    })),
    ...withFacts(others, await incidentsIn(tx).newestOf(idsOf(others), latest), (incident, { to, at }) => ({
      event: to === 'flapping' ? flappingEvent(incident, at) : downEvent(incident),
      incidentId: incident.id,
    })),
  ]
}

const idsOf = (changes: readonly Change[]) => changes.map(({ id }) => id)

const withFacts = <Facts extends { monitorId: number }>(
  changes: readonly Change[],
  facts: readonly Facts[],
  eventOfFacts: (facts: Facts, change: Change) => { event: OutageEvent; incidentId: number },
): ToldEvent[] => {
  const byMonitor = new Map(facts.map(each => [each.monitorId, each]))
  return changes.flatMap(change => {
    const found = byMonitor.get(change.id)
    return found === undefined ? [] : [{ ...change, ...eventOfFacts(found, change) }]
  })
}
