import { postgres } from '#database/connect.ts'
import { mongo } from '#database/mongo.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { figuresIn } from '#database/operations/figures.ts'
import { operatorsFiguresIn } from '#database/operations/operators-figures.ts'
import { reportSettingsIn } from '#database/reports/report-settings.ts'
import { reportsIn } from '#database/reports/reports.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { followsIn } from '#database/series/follows.ts'
import { seenIn } from '#database/series/seen.ts'
import { incidentsIn } from '#database/uptime/incidents.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeHoursIn } from '#database/uptime/probe-hours.ts'
import { ReportRequested } from '#events/report-requested.ts'
import { Tick } from '#events/tick.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { operatorsReport } from './operators-report.ts'
import type { Renderer } from './picture/render.ts'
import { reporter, reportTick } from './reporter.ts'

const db = postgres(env('DATABASE_URL'), { applicationName: 'reporter' })
const shows = mongo(env('MONGODB_URI'))

let opened: Promise<Renderer> | undefined
/** Loads the renderer at the first picture, because most ticks draw none. */
const renderer = () => {
  opened ??= import('./picture/render.ts').then(({ openRenderer }) => openRenderer())
  return opened
}

const ticking = {
  settings: reportSettingsIn(db),
  cursors: cursorsIn(db),
  figures: figuresIn(db),
  operatorsFigures: operatorsFiguresIn(db),
  clock: systemClock,
}
const reporting = {
  reports: reportsIn(db),
  monitors: monitorsIn(db),
  probeHours: probeHoursIn(db),
  incidents: incidentsIn(db),
  follows: followsIn(db),
  seen: seenIn(db),
  catalogue: catalogueIn(shows),
  clock: systemClock,
  renderer,
}

serve({
  name: 'reporter',
  events: [
    on(Tick, async (tick, { publish }) => {
      await reportTick(tick, { ...ticking, publish })
      await operatorsReport(tick, { ...ticking, publish })
    }),
    on(ReportRequested, (event, { log }) => reporter(event, { ...reporting, log })),
  ],
  close: [() => db.end(), () => shows.end()],
})
