import type { Heartbeat, Heartbeats } from '#database/uptime/heartbeats.ts'
import { rootCause, type VigiaEvent } from '#events/event.ts'
import { HeartbeatChanged } from '#events/heartbeat-changed.ts'
import type { Publish } from '#functions/host/publish.ts'

/** A heartbeat whose state has changed, as it is stored. */
export type ChangedHeartbeat = Pick<
  Heartbeat,
  'monitorId' | 'state' | 'changedAt' | 'error' | 'exitCode' | 'slowRunMs' | 'usualRunMs'
>

/** The event about the last change of a heartbeat. Every call makes the same event. */
export const changeEvent = (heartbeat: ChangedHeartbeat): VigiaEvent => {
  const { monitorId, state, changedAt, error, exitCode, slowRunMs: ms, usualRunMs: usualMs } = heartbeat
  const at = changedAt!.toISOString()
  const id = `monitor/${monitorId}@${at}`
  return HeartbeatChanged.from(rootCause(id), {
    subject: `monitor/${monitorId}`,
    time: changedAt!,
    data: {
      ...{ monitorId, at, ok: state === 'up', error, exitCode },
      ...(ms !== null && usualMs !== null && { slowRun: { ms, usualMs } }),
    },
  })
}

/** Publishes the events about these changes, and stores that the broker has them. */
export const tellChanges = async (
  changed: readonly ChangedHeartbeat[],
  heartbeats: Pick<Heartbeats, 'markTold'>,
  publish: Publish,
): Promise<void> => {
  if (changed.length === 0) return
  await publish(changed.map(changeEvent))
  await heartbeats.markTold(changed)
}
