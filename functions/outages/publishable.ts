import type { MonitorEvent } from '#database/uptime/monitor-events.ts'
import type { Cause, NewEvent, VigiaEvent } from '#events/event.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { MonitorSteady } from '#events/monitor-steady.ts'
import { MonitorUp } from '#events/monitor-up.ts'

/** By the name of an event: makes the event from what is stored of it. */
export type StoredEvents = Readonly<Record<string, (cause: Cause, event: NewEvent<never>) => VigiaEvent>>

/** The events about outages. */
export const outageEvents: StoredEvents = {
  'monitor.down': (cause, event) => MonitorDown.from(cause, event),
  'monitor.up': (cause, event) => MonitorUp.from(cause, event),
  'monitor.steady': (cause, event) => MonitorSteady.from(cause, event),
}

/**
 * The stored events as they are published. Every call makes the same events, with the cause of this publication. Events
 * with another name than those of `known` are left out: a newer version has stored them, and publishes them.
 */
export const publishable = (
  cause: Cause,
  events: readonly MonitorEvent[],
  known: StoredEvents = outageEvents,
): VigiaEvent[] =>
  events.flatMap(
    ({ id, name, subject, data, time }) => known[name]?.(cause, { id, subject, data: data as never, time }) ?? [],
  )
