import { probeFinished } from './check-wording.ts'
import { monitorDegraded } from './degraded-wording.ts'
import { episodeDigest } from './digest-wording.ts'
import { episodeDue, episodeMissed } from './episode-wording.ts'
import { heartbeatDown, heartbeatUp } from './heartbeat-wording.ts'
import { maintenanceChanged } from './maintenance-wording.ts'
import { flappingBegan, monitorDown, monitorSteady } from './monitor-wording.ts'
import type { NotifiableEvent } from './notifiable-event.ts'
import { pagePosted } from './page-post-wording.ts'
import { monitorUp } from './recovery-wording.ts'
import { seriesChanged } from './series-change-wording.ts'
import type { Recipient, Wording } from './shared-wording.ts'

/** The message about an event, in the recipient's language and time zone. `botName`: null if it is not known. */
export const wording = (
  event: NotifiableEvent,
  recipient: Recipient,
  now: Date,
  botName: string | null = null,
): Wording => {
  switch (event.name) {
    case 'episode.due':
      return episodeDue(event.data, recipient, now, botName)
    case 'episode.digest':
      return episodeDigest(event.data, recipient, now)
    case 'episode.missed':
      return episodeMissed(event.data, recipient, now)
    case 'series.changed':
      return seriesChanged(event.data, recipient, now)
    case 'maintenance.changed':
      return maintenanceChanged(event.data, recipient, now)
    case 'monitor.degraded':
      return monitorDegraded(event.data, recipient, now)
    case 'monitor.down':
      if (event.data.flapping) return flappingBegan(event.data, true, recipient, now)
      return event.data.heartbeat ? heartbeatDown(event.data, recipient, now) : monitorDown(event.data, recipient, now)
    case 'monitor.up':
      if (event.data.flapping) return flappingBegan(event.data, false, recipient, now)
      return event.data.heartbeat ? heartbeatUp(event.data, recipient, now) : monitorUp(event.data, recipient, now)
    case 'monitor.steady':
      return monitorSteady(event.data, recipient, now)
    case 'page.posted':
      return pagePosted(event.data, recipient)
    case 'probe.finished':
      return probeFinished(event.data, recipient)
    default:
      return event satisfies never
  }
}
