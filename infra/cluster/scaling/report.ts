import { measuredWindow, type PolicyRun, scenario } from './scenario.ts'

/** `12,345`. */
export const number = (value: number): string => Math.round(value).toLocaleString('en-US')
/** `1.2 %`. */
export const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`

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
  return [
    `Seed ${scenario.seed}: ${number(scenario.monitors)} monitors, ${number(runs[0]!.outcome.checks)} checks in ${(measuredWindow.to - measuredWindow.from) / 60} minutes.`,
    '',
    table(heads, rows),
    '',
  ].join('\n')
}

/** A table in Markdown. All columns but the first have numbers. */
export const table = (heads: string[], rows: string[][]): string => {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

type Marks = readonly [start: string, end: string]
const scenarioMarks: Marks = ['<!-- npm run simulate -->', '<!-- /simulate -->']
/** The marks around the report of a measured run. */
export const loadMarks: Marks = ['<!-- npm run simulate: load -->', '<!-- /simulate: load -->']

/** Returns the page with the report between two marks, which are comments. Throws an Error if a mark is missing. */
export const insertReport = (page: string, report: string, marks: Marks = scenarioMarks): string => {
  const [start, end] = marks.map(mark => page.indexOf(mark))
  if (start === -1 || end === -1)
    throw new Error(
      `infra/cluster/scaling/README.md needs both lines ${marks.join(' and ')}: the table is written between them`,
    )
  return `${page.slice(0, start! + marks[0].length)}\n${report}${page.slice(end)}`
}
