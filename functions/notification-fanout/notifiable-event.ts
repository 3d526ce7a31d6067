import type { EpisodeDigest } from '#events/episode-digest.ts'
import type { EpisodeDue } from '#events/episode-due.ts'
import type { EpisodeMissed } from '#events/episode-missed.ts'
import type { DataOf } from '#events/event.ts'
import type { MaintenanceChanged } from '#events/maintenance-changed.ts'
import type { MonitorDegraded } from '#events/monitor-degraded.ts'
import type { MonitorDown } from '#events/monitor-down.ts'
import type { MonitorSteady } from '#events/monitor-steady.ts'
import type { MonitorUp } from '#events/monitor-up.ts'
import type { PagePosted } from '#events/page-posted.ts'
import type { ProbeFinished } from '#events/probe-finished.ts'
import type { SeriesChanged } from '#events/series-changed.ts'

/**
 * The events that chats are notified of. If an event is added here, the code compiles only when the event has a text
 * (wording.ts) and recipients (notification-fanout.ts).
 */
export type NotifiableEvent =
  | { name: 'episode.due'; data: DataOf<typeof EpisodeDue> }
  | { name: 'episode.digest'; data: DataOf<typeof EpisodeDigest> }
  | { name: 'episode.missed'; data: DataOf<typeof EpisodeMissed> }
  | { name: 'series.changed'; data: DataOf<typeof SeriesChanged> }
  | { name: 'maintenance.changed'; data: DataOf<typeof MaintenanceChanged> }
  | { name: 'monitor.degraded'; data: DataOf<typeof MonitorDegraded> }
  | { name: 'monitor.down'; data: DataOf<typeof MonitorDown> }
  | { name: 'monitor.up'; data: DataOf<typeof MonitorUp> }
  | { name: 'monitor.steady'; data: DataOf<typeof MonitorSteady> }
  | { name: 'page.posted'; data: DataOf<typeof PagePosted> }
  | { name: 'probe.finished'; data: DataOf<typeof ProbeFinished> }

export type NotifiableData<Name extends NotifiableEvent['name']> = Extract<NotifiableEvent, { name: Name }>['data']
