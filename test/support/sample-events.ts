import { EpisodeDigest } from '#events/episode-digest.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import { type DataOf, type EventDefinition, type EventOf, rootCause, type VigiaEvent } from '#events/event.ts'
import { HeartbeatChanged } from '#events/heartbeat-changed.ts'
import { HeartbeatsDue } from '#events/heartbeats-due.ts'
import { ImportRequested } from '#events/import-requested.ts'
import { ImportsDue } from '#events/imports-due.ts'
import { MaintenanceChanged } from '#events/maintenance-changed.ts'
import { MessageRefused } from '#events/message-refused.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { MonitorDegraded } from '#events/monitor-degraded.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { MonitorSteady } from '#events/monitor-steady.ts'
import { MonitorUp } from '#events/monitor-up.ts'
import { OperatorsReport } from '#events/operators-report.ts'
import { PagePosted } from '#events/page-posted.ts'
import { ProbeFinished } from '#events/probe-finished.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { RecordSkipped } from '#events/record-skipped.ts'
import { ReportRequested } from '#events/report-requested.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { ShardDue } from '#events/shard-due.ts'
import { Tick } from '#events/tick.ts'
import { UpdateDeferred } from '#events/update-deferred.ts'
import { WebhookRequested } from '#events/webhook-requested.ts'
import { WebhooksDue } from '#events/webhooks-due.ts'

const show = {
  id: 82,
  name: 'Game of Thrones',
  url: 'https://www.tvmaze.com/shows/82/game-of-thrones',
  image: 'https://static.tvmaze.com/uploads/images/medium_portrait/498/1245274.jpg',
  channel: 'HBO',
}
const episode = {
  id: 4952,
  name: 'Winter is Coming',
  season: 1,
  number: 1,
  airdate: '2011-04-17',
  airstamp: '2011-04-18T01:00:00+00:00',
}
const special = { ...episode, id: 4953, name: 'The Lost Tapes', number: null, airstamp: null }
const incident = {
  monitorId: 42,
  incidentId: 7,
  name: 'example.org',
  url: 'https://example.org/health',
  since: '2026-11-21T12:05:20.000Z',
  status: 500,
  error: 'status',
}

/** One event of each type, with realistic data. */
const samples = [
  of(EpisodeDue, 'show/82', { show, episodes: [episode], chats: [7] }),
  of(EpisodeDigest, 'chat/7', { chatId: 7, why: 'daily', shows: [{ show, episodes: [episode, special] }] }),
  of(EpisodeMissed, 'episodes', {
    chats: [7],
    from: '2026-11-18T00:00:00.000Z',
    to: '2026-11-20T00:00:00.000Z',
    shows: [{ show, episodes: [episode, special] }],
  }),
  of(MaintenanceChanged, 'maintenance-window/5', {
    windowId: 5,
    chatId: 7,
    phase: 'started',
    title: 'upgrade of the database',
    startsAt: '2026-11-21T12:00:00.000Z',
    endsAt: '2026-11-21T12:20:00.000Z',
    scope: 'all',
    monitors: { count: 1, names: ['example.org'] },
  }),
  of(PagePosted, 'page/3', {
    ...{ postId: 9, pageId: 3, title: 'Loja da Ana', status: 'investigating' },
    ...{ text: 'Card payments are slow.', at: '2026-11-21T12:05:20.000Z' },
  }),
  of(HeartbeatChanged, 'monitor/42', {
    monitorId: 42,
    at: '2026-11-21T12:05:20.000Z',
    ok: false,
    error: 'job-failed',
    exitCode: 3,
  }),
  of(HeartbeatsDue, 'heartbeats', { at: '2026-11-21T12:05:20.000Z' }),
  of(MessageRefused, 'chat/7', {
    chatId: 7,
    message: 'incident/7/monitor.down/message.requested/7',
    code: 400,
    reason: "Bad Request: can't parse entities",
  }),
  of(MessageRequested, 'chat/7', {
    chatId: 7,
    html: '<b>Game of Thrones</b> S01E01',
    photo: show.image,
    buttons: [[{ text: 'remover', data: 'unfollow:82' }], [{ text: 'TVmaze', url: show.url }]],
    replyTo: 'incident/7/monitor.down/message.requested/7',
    silent: true,
  }),
  of(MonitorDegraded, 'monitor/42', {
    monitorId: 42,
    name: 'example.org',
    url: 'https://example.org/health',
    reason: 'certificate',
    state: 'began',
    expiresAt: '2026-12-05T00:00:00.000Z',
    days: 14,
  }),
  of(MonitorDown, 'monitor/42', { ...incident, lastOkAt: '2026-11-21T12:04:20.000Z' }),
  of(MonitorSteady, 'monitor/42', {
    monitorId: 42,
    incidentId: 7,
    name: 'example.org',
    url: 'https://example.org/health',
    since: '2026-11-21T12:05:20.000Z',
    changes: 8,
    uptime: 0.5,
    downSince: null,
    status: 503,
    error: 'status',
  }),
  of(MonitorUp, 'monitor/42', { ...incident, status: null, error: 'timeout', until: '2026-11-21T12:12:20.000Z' }),
  of(ProbeFinished, 'monitor/42', {
    monitorId: 42,
    name: 'example.org',
    url: 'https://example.org/health',
    chatId: 7,
    reason: 'now',
    ok: true,
    status: 200,
    error: null,
    totalMs: 131,
  }),
  of(ProbeRequested, 'shard/3', {
    reason: 'slot',
    checks: [
      {
        monitorId: 42,
        kind: 'http',
        url: 'https://example.org/health',
        timeoutMs: 10_000,
        intervalS: 60,
        dueAt: '2026-11-21T12:05:20.000Z',
      },
    ],
  }),
  of(RecordSkipped, 'record/follow', {
    store: 'follow',
    key: 'show/999999999999999',
    reason: 'the subject is not the id of a series',
  }),
  of(OperatorsReport, 'operators', {
    from: '2026-11-20T11:00:00.000Z',
    to: '2026-11-21T11:00:00.000Z',
    monitors: { up: 40, down: 1, new: 0, paused: 2 },
    missedChecks: 3,
    latenessS: { half: 0.1, most: 0.4, all: 1.2 },
    messages: { sent: 120, refused: 1, waiting: 0 },
    deadLetters: [{ fingerprint: 'a1b2c3', trigger: 'telegram-notifier-message-requested', count: 2 }],
    otherDeadLetters: 0,
    events: 250_000,
    database: { bytes: 1_200_000_000, grown: 30_000_000 },
    tables: [{ name: 'probe_slot', bytes: 900_000_000, grown: 20_000_000 }],
  }),
  of(ImportRequested, 'chat/7', { chatId: 7, importId: 3 }),
  of(ImportsDue, 'imports', { at: '2026-11-21T12:05:00.000Z' }),
  of(ReportRequested, 'chat/7', {
    chatId: 7,
    language: 'pt-BR',
    zone: 'America/Sao_Paulo',
    frequency: 'daily',
    theme: 'light',
    from: '2026-11-20T11:00:00.000Z',
    to: '2026-11-21T11:00:00.000Z',
    onDemand: false,
  }),
  of(SeriesChanged, 'show/82', {
    change: 'moved',
    show,
    episode,
    before: { airdate: '2011-04-10', airstamp: null },
  }),
  of(SeriesFollowed, 'show/82', { chatId: 7, showId: 82, followedAt: '2026-11-21T12:00:00.000Z' }),
  of(ShardDue, 'shard/3', {
    shard: 3,
    shards: 8,
    from: '2026-11-21T12:05:20.000Z',
    to: '2026-11-21T12:05:42.000Z',
  }),
  of(Tick, '', {}),
  of(UpdateDeferred, 'update/10', {
    update: { update_id: 10 },
    signature: 'a'.repeat(64),
  }),
  of(WebhookRequested, 'webhook/5', {
    webhookId: 5,
    type: 'incident.opened',
    timestamp: '2026-11-21T12:00:00Z',
    payload: { monitor: { id: 42, name: 'Loja' } },
  }),
  of(WebhooksDue, 'webhooks', { at: '2026-11-21T12:00:00Z' }),
]

function of<Definition extends EventDefinition>(definition: Definition, subject: string, data: DataOf<Definition>) {
  return { definition: definition as EventDefinition, subject, data: data as Record<string, unknown> }
}

/** A realistic event of this type, with some fields of its data replaced. */
export const sampleEvent = <Definition extends EventDefinition>(
  definition: Definition,
  changes: Partial<DataOf<Definition>> = {},
): EventOf<Definition> => {
  const found = samples.find(one => one.definition.type === definition.type)
  if (!found) throw new Error(`there is no sample of ${definition.name} in test/support/sample-events.ts`)
  const data = { ...found.data, ...changes }
  return (
    definition.name === Tick.name
      ? { ...tick, data }
      : definition.from(rootCause('sample'), { ...found, data } as never)
  ) as EventOf<Definition>
}

const tick: VigiaEvent = {
  id: '8f1c0f0e-5d2e-4b52-9d1f-0d8d4a9b3f60',
  type: Tick.type,
  source: '/apis/v1/namespaces/vigia/pingsources/probe-scheduler',
  time: '2026-11-21T12:05:20.131Z',
  datacontenttype: 'application/json',
  data: {},
  vigiahops: 0,
  tick: 'probe-scheduler',
}
