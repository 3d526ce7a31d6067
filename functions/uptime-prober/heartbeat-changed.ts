import type { EventOf, VigiaEvent } from '#events/event.ts'
import type { HeartbeatChanged } from '#events/heartbeat-changed.ts'
import type { ResultWriter } from './result-writer.ts'

/**
 * Stores the change of a heartbeat as a result, so that heartbeats have the same verdicts and incidents as checks.
 * Returns the events that follow. The function `heartbeat` has decided already, so neither a failure nor a recovery
 * needs a confirmation.
 */
export const heartbeatChanged = (
  event: EventOf<typeof HeartbeatChanged>,
  { results }: { results: Pick<ResultWriter, 'write'> },
): Promise<VigiaEvent[]> => {
  const { monitorId, at, ok, error, exitCode, slowRun } = event.data
  const result = {
    monitorId,
    dueAt: new Date(at),
    startedAt: new Date(at),
    ok,
    status: exitCode,
    error,
    attempts: 1,
    ...{ dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: null },
    ...(slowRun && { slowRunMs: slowRun.ms }),
    // It is not a slot, so it does not count in the sums of the slots.
    onDemand: true,
  }
  return results.write({ result, confirmed: true }, event, true)
}
