import { EpisodeDigest } from './episode-digest.ts'
import { EpisodeDue } from './episode-due.ts'
import { EpisodeMissed } from './episode-missed.ts'
import type { EventDefinition } from './event.ts'
import { HeartbeatChanged } from './heartbeat-changed.ts'
import { HeartbeatsDue } from './heartbeats-due.ts'
import { ImportRequested } from './import-requested.ts'
import { ImportsDue } from './imports-due.ts'
import { MaintenanceChanged } from './maintenance-changed.ts'
import { MessageRefused } from './message-refused.ts'
import { MessageRequested } from './message-requested.ts'
import { MonitorDegraded } from './monitor-degraded.ts'
import { MonitorDown } from './monitor-down.ts'
import { MonitorSteady } from './monitor-steady.ts'
import { MonitorUp } from './monitor-up.ts'
import { OperatorsReport } from './operators-report.ts'
import { PagePosted } from './page-posted.ts'
import { ProbeFinished } from './probe-finished.ts'
import { ProbeRequested } from './probe-requested.ts'
import { RecordSkipped } from './record-skipped.ts'
import { ReportRequested } from './report-requested.ts'
import { SeriesChanged } from './series-changed.ts'
import { SeriesFollowed } from './series-followed.ts'
import { ShardDue } from './shard-due.ts'
import { Tick } from './tick.ts'
import { UpdateDeferred } from './update-deferred.ts'
import { WebhookRequested } from './webhook-requested.ts'
import { WebhooksDue } from './webhooks-due.ts'

/** All events, for the schema export, the build and the tests. A function imports only the events that it uses. */
export const allEvents: readonly EventDefinition[] = [
  EpisodeDigest,
  EpisodeDue,
  EpisodeMissed,
  HeartbeatChanged,
  HeartbeatsDue,
  ImportRequested,
  ImportsDue,
  MaintenanceChanged,
  MessageRefused,
  MessageRequested,
  MonitorDegraded,
  MonitorDown,
  MonitorSteady,
  MonitorUp,
  OperatorsReport,
  PagePosted,
  ProbeFinished,
  ProbeRequested,
  RecordSkipped,
  ReportRequested,
  SeriesChanged,
  SeriesFollowed,
  ShardDue,
  Tick,
  UpdateDeferred,
  WebhookRequested,
  WebhooksDue,
]
