import { measuredWindow, type PolicyRun, scenario } from './scenario.ts'

const number = (value: number) => Math.round(value).toLocaleString('en-US')
const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`

/**
 * Seconds from the start of the outage to the first bucket (ten seconds long) with more ready pods than before; null if
 * no pod was added during the outage.
 */
export const reactionSeconds = (
  { buckets }: PolicyRun['outcome'],
  { outage }: Pick<typeof scenario, 'outage'>,
): number | null => {
  const at = buckets.findIndex(({ fromS }) => fromS >= outage.from)
  const before = buckets[at - 1]!.pods
  const more = buckets.slice(at).find(({ fromS, pods }) => fromS < outage.to && pods > before)
  return more ? more.fromS - outage.from : null
}

/** The results of the simulation as a table in Markdown. */
export const report = (runs: PolicyRun[]): string => {
  const heads = [
    'policy',
    'late > 1 s',
    'late > 10 s',
    'missed',
    'longest delay',
    'first new pod after',
    'pods',
    'pod-hours',
  ]
  const rows = runs.map(({ name, description, outcome }) => {
    const { checks, lateOver1s, lateOver10s, missed, worstMs, mostPods, podSeconds, buckets } = outcome
    const reaction = reactionSeconds(outcome, scenario)
    const atRest = Math.round(buckets[0]!.pods)
    return [
      `${name}: ${description}`,
      `${number(lateOver1s)} (${share(lateOver1s, checks)})`,
      number(lateOver10s),
      `${number(missed)} (${share(missed, checks)})`,
      `${(worstMs / 1_000).toFixed(1)} s`,
      reaction === null ? '–' : `${reaction} s`,
      atRest === mostPods ? `${mostPods}` : `${atRest} to ${mostPods}`,
      (podSeconds / 3_600).toFixed(2),
    ]
  })
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    `Seed ${scenario.seed}: ${number(scenario.monitors)} monitors, ${number(runs[0]!.outcome.checks)} checks in ${(measuredWindow.to - measuredWindow.from) / 60} minutes.`,
    '',
    line(heads),
    line(heads.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
    '',
  ].join('\n')
}

const marks = ['<!-- npm run simulate -->', '<!-- /simulate -->'] as const

/** Returns the page with the report between its two marks, which are comments. Throws an Error if a mark is missing. */
export const insertReport = (page: string, report: string): string => {
  const [start, end] = marks.map(mark => page.indexOf(mark))
  if (start === -1 || end === -1)
    throw new Error(
      `infra/cluster/scaling/README.md needs both lines ${marks.join(' and ')}: the table is written between them`,
    )
  return `${page.slice(0, start! + marks[0].length)}\n${report}${page.slice(end)}`
}
