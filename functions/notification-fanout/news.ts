import type { EpisodeDue } from '#events/episode-due.ts'
import type { EpisodeMissed } from '#events/episode-missed.ts'
import type { DataOf } from '#events/event.ts'
import type { MonitorDown } from '#events/monitor-down.ts'
import type { MonitorSteady } from '#events/monitor-steady.ts'
import type { MonitorUp } from '#events/monitor-up.ts'
import type { ProbeFinished } from '#events/probe-finished.ts'
import type { SeriesChanged } from '#events/series-changed.ts'

/** Everything that is told to people. A new kind compiles only when it has words (wording.ts) and readers (notification-fanout.ts). */
export type News =
  | { of: 'episode.due'; data: DataOf<typeof EpisodeDue> }
  | { of: 'episode.missed'; data: DataOf<typeof EpisodeMissed> }
  | { of: 'series.changed'; data: DataOf<typeof SeriesChanged> }
  | { of: 'monitor.down'; data: DataOf<typeof MonitorDown> }
  | { of: 'monitor.up'; data: DataOf<typeof MonitorUp> }
  | { of: 'monitor.steady'; data: DataOf<typeof MonitorSteady> }
  | { of: 'probe.finished'; data: DataOf<typeof ProbeFinished> }

export type NewsOf<Of extends News['of']> = Extract<News, { of: Of }>['data']
