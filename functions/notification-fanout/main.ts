import { chatsIn } from '#database/chats/chats.ts'
import { postgres } from '#database/connect.ts'
import { followsIn } from '#database/series/follows.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { MonitorSteady } from '#events/monitor-steady.ts'
import { MonitorUp } from '#events/monitor-up.ts'
import { ProbeFinished } from '#events/probe-finished.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { notificationFanout } from './notification-fanout.ts'

const db = postgres(env('DATABASE_URL'), { applicationName: 'notification-fanout' })
const outside = { follows: followsIn(db), chats: chatsIn(db), clock: systemClock }

serve({
  name: 'notification-fanout',
  events: [
    on(EpisodeDue, event => notificationFanout(event, { of: 'episode.due', data: event.data }, outside)),
    on(EpisodeMissed, event => notificationFanout(event, { of: 'episode.missed', data: event.data }, outside)),
    on(SeriesChanged, event => notificationFanout(event, { of: 'series.changed', data: event.data }, outside)),
    on(MonitorDown, event => notificationFanout(event, { of: 'monitor.down', data: event.data }, outside)),
    on(MonitorUp, event => notificationFanout(event, { of: 'monitor.up', data: event.data }, outside)),
    on(MonitorSteady, event => notificationFanout(event, { of: 'monitor.steady', data: event.data }, outside)),
    on(ProbeFinished, event => notificationFanout(event, { of: 'probe.finished', data: event.data }, outside)),
  ],
  close: [() => db.end()],
})
