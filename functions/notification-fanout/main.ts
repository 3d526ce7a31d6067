import { chatsIn } from '#database/chats/chats.ts'
import { postgres } from '#database/connect.ts'
import { subscribersIn } from '#database/pages/subscribers.ts'
import { followsIn } from '#database/series/follows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { webhookListenersIn } from '#database/webhooks/webhooks.ts'
import { EpisodeDigest } from '#events/episode-digest.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import { MaintenanceChanged } from '#events/maintenance-changed.ts'
import { MonitorDegraded } from '#events/monitor-degraded.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { MonitorSteady } from '#events/monitor-steady.ts'
import { MonitorUp } from '#events/monitor-up.ts'
import { PagePosted } from '#events/page-posted.ts'
import { ProbeFinished } from '#events/probe-finished.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env, envOptional } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { notificationFanout } from './notification-fanout.ts'

const db = postgres(env('DATABASE_URL'), { applicationName: 'notification-fanout' })
const dependencies = {
  follows: followsIn(db),
  subscribers: subscribersIn(db),
  chats: chatsIn(db),
  noticeSettings: noticeSettingsIn(db),
  waitingNotices: waitingNoticesIn(db),
  webhooks: webhookListenersIn(db),
  clock: systemClock,
  botName: envOptional('TELEGRAM_BOT_NAME') ?? null,
}

serve({
  name: 'notification-fanout',
  events: [
    on(EpisodeDue, event => notificationFanout(event, { name: 'episode.due', data: event.data }, dependencies)),
    on(EpisodeDigest, event => notificationFanout(event, { name: 'episode.digest', data: event.data }, dependencies)),
    on(EpisodeMissed, event => notificationFanout(event, { name: 'episode.missed', data: event.data }, dependencies)),
    on(SeriesChanged, event => notificationFanout(event, { name: 'series.changed', data: event.data }, dependencies)),
    on(MaintenanceChanged, event =>
      notificationFanout(event, { name: 'maintenance.changed', data: event.data }, dependencies),
    ),
    on(MonitorDegraded, event =>
      notificationFanout(event, { name: 'monitor.degraded', data: event.data }, dependencies),
    ),
    on(MonitorDown, event => notificationFanout(event, { name: 'monitor.down', data: event.data }, dependencies)),
    on(MonitorUp, event => notificationFanout(event, { name: 'monitor.up', data: event.data }, dependencies)),
    on(MonitorSteady, event => notificationFanout(event, { name: 'monitor.steady', data: event.data }, dependencies)),
    on(PagePosted, event => notificationFanout(event, { name: 'page.posted', data: event.data }, dependencies)),
    on(ProbeFinished, event => notificationFanout(event, { name: 'probe.finished', data: event.data }, dependencies)),
  ],
  close: [() => db.end()],
})
