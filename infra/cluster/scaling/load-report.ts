import type { SimulatedLoad } from './load.ts'
import type { CpuSeconds, LoadRun, LoadRuns, LoadSample } from './load-run.ts'
import { number, share, table } from './report.ts'

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)

/** `1`, or `1 to 2` where the number changed. */
const range = (pods: number[]) => {
  const [least, most] = [Math.min(...pods), Math.max(...pods)].map(Math.round)
  return least === most ? `${least}` : `${least} to ${most}`
}

/** The samples or buckets of each phase. */
const byPhase = <Timed extends { atS: number }>({ phases }: LoadRun, all: Timed[]): Timed[][] =>
  phases.map(({ seconds }, at) => {
    const fromS = phases.slice(0, at).reduce((total, phase) => total + phase.seconds, 0)
    return all.filter(({ atS }) => atS >= fromS && atS < fromS + seconds)
  })

/** What a row of the table shows. */
type Shown = Pick<LoadSample, 'pods' | 'unanswered' | 'checks' | 'late'> & {
  dispatchers?: number | undefined
  missed?: number
}

const row = (name: string, all: Shown[]): string[] => {
  const [checks, late] = [sum(all.map(one => one.checks)), sum(all.map(one => one.late))]
  return [
    name,
    range(all.map(({ pods }) => pods)),
    all[0]!.dispatchers === undefined ? '' : range(all.map(({ dispatchers }) => dispatchers!)),
    number(mean(all.map(({ unanswered }) => unanswered))),
    number(checks),
    `${number(late)} (${share(late, checks)})`,
    all[0]!.missed === undefined ? '' : number(sum(all.map(({ missed }) => missed!))),
  ]
}

/** The measured runs next to the simulation of the same monitors, and the runs' CPU time, as tables in Markdown. */
export const loadReport = ({ broker, queue }: LoadRuns, simulated: SimulatedLoad): string => {
  const names = broker.phases.map(({ monitors, seconds }) => `${number(monitors)} for ${seconds / 60} min`)
  const shown = (run: LoadRun) =>
    byPhase(
      run,
      run.samples.map(sample => ({ ...sample, dispatchers: sample.queue?.dispatchers })),
    )
  const [withBroker, withQueue, inSimulation] = [shown(broker), shown(queue), byPhase(broker, simulated.buckets)]
  const heads = ['checks a minute', 'pods', 'dispatchers', 'unanswered events', 'checks', 'late > 1 s', 'missed']
  return [
    ...[broker, queue].map(run => `- ${run === queue ? 'Queue' : 'Default broker'}: ${about(run)}`),
    '',
    table(
      heads,
      names.flatMap((name, at) => [
        row(`${name}: default broker`, withBroker[at]!),
        row('queue', withQueue[at]!),
        row('simulated', inSimulation[at]!),
      ]),
    ),
    '',
    'Cores that the pods used on average:',
    '',
    table(
      ['checks a minute', ...Object.values(groups)],
      names.flatMap((name, at) => [
        [`${name}: default broker`, ...cores(withBroker[at]!)],
        ['queue', ...cores(withQueue[at]!)],
      ]),
    ),
    '',
  ].join('\n')
}

const about = ({ date, machine, samples, undelivered }: LoadRun) => {
  const worst = seconds(Math.max(...samples.map(({ worstMs }) => worstMs)))
  return `${date.slice(0, 10)}, ${machine}. The longest delay of a check was ${worst}. ${undelivered || 'No'} events for the prober became dead letters.`
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`

const groups: Record<Exclude<keyof CpuSeconds, 'machine'>, string> = {
  prober: 'prober',
  functions: 'other functions',
  databases: 'databases',
  broker: 'broker, queue',
  serving: 'Knative Serving',
}

const sampleS = 5
const cores = (samples: LoadSample[]) =>
  (Object.keys(groups) as (keyof typeof groups)[]).map(group =>
    (sum(samples.map(({ cpu }) => cpu[group])) / (samples.length * sampleS)).toFixed(2),
  )
