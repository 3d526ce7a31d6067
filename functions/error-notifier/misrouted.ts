import type { DeadLetter } from '#functions/host/dead-letter.ts'
import filters from './trigger-filters.json' with { type: 'json' }

const filterOf = new Map<string, Record<string, string>>(Object.entries(filters))

/**
 * Whether the filter of the Trigger excludes the event of a dead letter. Knative's broker asks another process whether
 * the filter of a Trigger selects an event. If that process does not answer in time, the broker gives up and sends a
 * dead letter, also for an event that the function would never have got. Nothing is lost then.
 */
export const isMisrouted = ({ trigger, event }: Pick<DeadLetter, 'trigger' | 'event'>): boolean => {
  const filter = filterOf.get(trigger)
  const attributes = event as unknown as Record<string, unknown>
  return filter !== undefined && Object.entries(filter).some(([name, value]) => attributes[name] !== value)
}
