import type { CpuSeconds, LoadRun, LoadSample } from './load-run.ts'
import { number, share, table } from './report.ts'
import type { Outcome } from './tally.ts'

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)

/** `1`, or `1 to 2` where the number changed. */
const range = (pods: number[]) => {
  const [least, most] = [Math.min(...pods), Math.max(...pods)].map(Math.round)
  return least === most ? `${least}` : `${least} to ${most}`
}

/** A measured run next to the simulation of the same monitors, and the CPU time of the run, as tables in Markdown. */
export const loadReport = (run: LoadRun, simulated: Outcome): string => {
  const phases = run.phases.map(({ monitors, seconds }, at) => {
    const fromS = run.phases.slice(0, at).reduce((total, phase) => total + phase.seconds, 0)
    const isInside = ({ atS }: { atS: number }) => atS >= fromS && atS < fromS + seconds
    return {
      name: `${number(monitors)} for ${seconds / 60} min`,
      samples: run.samples.filter(isInside),
      buckets: simulated.buckets.filter(({ fromS: atS }) => isInside({ atS })),
    }
  })
  const rows = phases.flatMap(({ name, samples, buckets }) => {
    const checks = sum(samples.map(sample => sample.checks))
    const late = sum(samples.map(sample => sample.late))
    const simulatedChecks = sum(buckets.map(bucket => bucket.checks))
    const simulatedLate = sum(buckets.map(bucket => bucket.late))
    return [
      [
        `${name}: measured`,
        range(samples.map(({ pods }) => pods)),
        number(mean(samples.map(({ unanswered }) => unanswered))),
        number(checks),
        `${number(late)} (${share(late, checks)})`,
        number(sum(samples.map(({ missed }) => missed))),
      ],
      [
        'simulated',
        range(buckets.map(({ pods }) => pods)),
        number(mean(buckets.map(({ unanswered }) => unanswered))),
        number(simulatedChecks),
        `${number(simulatedLate)} (${share(simulatedLate, simulatedChecks)})`,
        '',
      ],
    ]
  })
  const heads = ['checks a minute', 'pods', 'unanswered events', 'checks', 'late > 1 s', 'missed']
  return [
    `${run.date.slice(0, 10)}, ${run.machine}. The longest delay of a check was ${seconds(Math.max(...run.samples.map(({ worstMs }) => worstMs)))}.`,
    '',
    table(heads, rows),
    '',
    'Cores that the pods used on average:',
    '',
    table(
      ['checks a minute', ...Object.values(groups)],
      phases.map(({ name, samples }) => [
        name,
        ...(Object.keys(groups) as (keyof typeof groups)[]).map(group => cores(samples, group)),
      ]),
    ),
    '',
  ].join('\n')
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`

const groups: Record<Exclude<keyof CpuSeconds, 'machine'>, string> = {
  prober: 'prober',
  functions: 'other functions',
  databases: 'databases',
  broker: 'broker',
  serving: 'Knative Serving',
}

const sampleS = 5
const cores = (samples: LoadSample[], group: keyof typeof groups) =>
  (sum(samples.map(({ cpu }) => cpu[group])) / (samples.length * sampleS)).toFixed(2)
