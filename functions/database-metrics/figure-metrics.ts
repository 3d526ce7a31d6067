import { type Figures, mostCounted, mostKinds, objectives, sampleSize } from '#database/operations/figures.ts'

/** One value of a metric, with its labels. */
type Sample = [labels: Record<string, string | number>, value: number]

/** A metric that is made from the figures. All are gauges, because every one of these values may fall. */
export interface FigureMetric {
  name: string
  help: string
  labelNames: string[]
  /** Without samples, the metric is left out. */
  samples(figures: Figures, now: Date): Sample[]
}

/** Samples with one label, from the entries of an object. */
const byKey = (label: string, values: Record<string, number>): Sample[] =>
  Object.entries(values).map(([key, value]) => [{ [label]: key }, value])

const ageS = (since: Date | null, now: Date) =>
  since === null ? 0 : Math.max(0, now.getTime() - since.getTime()) / 1000

const monitorsInSample = sampleSize.ranges * sampleSize.monitors

export const figureMetrics: FigureMetric[] = [
  {
    name: 'vigia_monitors',
    help: 'Monitors by state: up, down, paused, or new (not judged since it was added or resumed)',
    labelNames: ['state'],
    samples: ({ monitors }) => byKey('state', monitors),
  },
  {
    name: 'vigia_sampled_checks',
    help: `Checks of the last 5 minutes by outcome, in a sample of at most ${monitorsInSample} monitors; unknown: a fault of Vigia prevented a conclusion; missed: the check was too late to be run`,
    labelNames: ['outcome'],
    samples: ({ checks: { latenessS, late, ...outcomes } }) => byKey('outcome', outcomes),
  },
  {
    name: 'vigia_sampled_late_checks',
    help: `Checks among vigia_sampled_checks that began more than ${objectives.latenessS} s late, and the missed ones`,
    labelNames: [],
    samples: ({ checks }) => [[{}, checks.late]],
  },
  {
    name: 'vigia_check_lateness_seconds',
    help: 'How late the sampled checks of the last 5 minutes began, by percentile: 99 is the lateness that 99 % of the checks did not exceed, 100 is that of the latest check; 0 without checks',
    labelNames: ['percentile'],
    samples: ({ checks }) => byKey('percentile', checks.latenessS),
  },
  {
    name: 'vigia_missed_checks',
    help: 'Checks of all monitors in this hour and the hour before (UTC) that were not run or were inconclusive because of a fault of Vigia',
    labelNames: [],
    samples: ({ missedChecks }) => [[{}, missedChecks]],
  },
  {
    name: 'vigia_open_incidents',
    help: 'Outages that were detected and have not ended',
    labelNames: [],
    samples: ({ openIncidents }) => [[{}, openIncidents]],
  },
  {
    name: 'vigia_outbox_messages',
    help: `Messages that are waiting for Telegram or are being sent; counting stops at ${mostCounted}`,
    labelNames: ['state'],
    samples: ({ outbox: { waiting, sending } }) => byKey('state', { waiting, sending }),
  },
  {
    name: 'vigia_outbox_oldest_message_age_seconds',
    help: 'Time since the oldest message in the outbox was requested; 0 if the outbox is empty',
    labelNames: [],
    samples: ({ outbox }, now) => [[{}, ageS(outbox.oldestAt, now)]],
  },
  {
    name: 'vigia_recent_messages',
    help: `Messages requested in the last 5 minutes, by outcome; in_time: sent within ${objectives.messageS} s; late: sent later, or still waiting after ${objectives.messageS} s; without messages that Telegram refused or asked to delay; counting stops at ${mostCounted}`,
    labelNames: ['outcome'],
    samples: ({ messages: { inTime, late } }) => byKey('outcome', { in_time: inTime, late }),
  },
  {
    name: 'vigia_dead_letters',
    help: `Dead letters of the last 24 hours that were not replayed, by kind of error: the ${mostKinds} most frequent fingerprints, and other`,
    labelNames: ['fingerprint', 'trigger'],
    samples: ({ deadLetters }) => [
      ...deadLetters.kinds.map(({ fingerprint, trigger, count }): Sample => [{ fingerprint, trigger }, count]),
      [{ fingerprint: 'other', trigger: 'other' }, deadLetters.others],
    ],
  },
  {
    name: 'vigia_job_reached_timestamp_seconds',
    help: 'The time up to which a job has done its work, in seconds since 1970; a job that has never run is absent',
    labelNames: ['job'],
    samples: ({ jobs }) => jobs.map(({ job, reached }) => [{ job }, reached.getTime() / 1000]),
  },
  {
    name: 'vigia_broker_unfinished_deliveries',
    help: `Deliveries of the one-machine broker in PostgreSQL that are neither done nor dead; counting stops at ${mostCounted}`,
    labelNames: [],
    samples: ({ deliveries }) => (deliveries === null ? [] : [[{}, deliveries.unfinished]]),
  },
  {
    name: 'vigia_broker_oldest_delivery_age_seconds',
    help: 'Time since the broker accepted the oldest event that has an unfinished delivery; 0 without such an event',
    labelNames: [],
    samples: ({ deliveries }, now) => (deliveries === null ? [] : [[{}, ageS(deliveries.oldestAt, now)]]),
  },
]
