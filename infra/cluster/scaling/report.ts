import { counted, type Played, world } from './scenario.ts'

const number = (value: number) => Math.round(value).toLocaleString('en-US')
const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`

/** Seconds after the outage began until the first pod more than before was ready, to ten seconds; a dash where none came. */
export const reactionOf = (
  { stretches }: Played['outcome'],
  { outage }: Pick<typeof world, 'outage'>,
): number | null => {
  const at = stretches.findIndex(({ from }) => from >= outage.from)
  const before = stretches[at - 1]!.pods
  const more = stretches.slice(at).find(({ from, pods }) => from < outage.to && pods > before)
  return more ? more.from - outage.from : null
}

/** What the simulation found, as a table in Markdown. */
export const report = (played: Played[]): string => {
  const heads = ['policy', 'late > 1 s', 'late > 10 s', 'missed', 'worst', 'first new pod', 'pods', 'pod-hours']
  const rows = played.map(({ name, means, outcome }) => {
    const { checks, late1, late10, missed, worstMs, mostPods, podSeconds, stretches } = outcome
    const reaction = reactionOf(outcome, world)
    const atRest = Math.round(stretches[0]!.pods)
    return [
      `${name}: ${means}`,
      `${number(late1)} (${share(late1, checks)})`,
      number(late10),
      `${number(missed)} (${share(missed, checks)})`,
      `${(worstMs / 1_000).toFixed(1)} s`,
      reaction === null ? '–' : `${reaction} s`,
      atRest === mostPods ? `${mostPods}` : `${atRest} to ${mostPods}`,
      (podSeconds / 3_600).toFixed(2),
    ]
  })
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    `Seed ${world.seed}: ${number(world.monitors)} monitors, ${number(played[0]!.outcome.checks)} checks in ${(counted.to - counted.from) / 60} minutes.`,
    '',
    line(heads),
    line(heads.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
    '',
  ].join('\n')
}

const marks = ['<!-- npm run simulate -->', '<!-- /simulate -->'] as const

/** The page with the report in its place, between the two marks. */
export const quoted = (page: string, report: string): string => {
  const [start, end] = marks.map(mark => page.indexOf(mark))
  if (start === -1 || end === -1) throw new Error(`infra/cluster/scaling/README.md has lost ${marks.join(' or ')}`)
  return `${page.slice(0, start! + marks[0].length)}\n${report}${page.slice(end)}`
}
