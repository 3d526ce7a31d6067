import type { SimulatedLoad } from './load.ts'
import { type LoadRun, type LoadRuns, measuredTotals } from './load-run.ts'
import { measuredWindow, type PolicyRun, scenario } from './scenario.ts'
import type { Bucket, Outcome } from './tally.ts'

/** A row of a picture: the number of pods, and below it the times at which checks were late. */
interface Row {
  name: string
  summary: string
  /** Seconds count from the left edge. Each bucket ends where the next begins. */
  buckets: Pick<Bucket, 'fromS' | 'pods' | 'checks' | 'late'>[]
}

interface Picture {
  title: string
  about: string
  heading: string
  legend: { pods: string; late: string }
  /** The span of time, in seconds, that has a coloured background and this label. */
  highlighted: { from: number; to: number; label: string }
  seconds: number
  /** The minutes at which the time axis has a number, besides its end. */
  ticks: number[]
  podsAtTop: number
  rows: Row[]
}

const width = 640
const left = 20
const right = 20
const top = 128
const height = { row: 122, heading: 28, pods: 58, gap: 5, late: 13 }

const round = (value: number) => Number(value.toFixed(1))

/**
 * The picture has its own background, so that it is readable on any page. Its colours follow the reader's light or dark
 * theme.
 */
const style = `
.card{fill:#fff;stroke:#d0d7de}.ink{fill:#1f2328}.soft{fill:#59636e}.line{stroke:#59636e}.outage{fill:#9a6700;opacity:.13}.away{fill:#8a5d00}
.pods{fill:#0969da;opacity:.85}.track{fill:#818b98;opacity:.22}rect,path{shape-rendering:crispEdges}.card{shape-rendering:auto}.late{fill:#cf222e}.count{fill:#fff}
@media (prefers-color-scheme:dark){
.card{fill:#0d1117;stroke:#3d444d}.ink{fill:#f0f6fc}.soft{fill:#a8b3bf}.line{stroke:#a8b3bf}.outage{fill:#e3b341;opacity:.16}.away{fill:#e3b341}
.pods{fill:#4493f8;opacity:.85}.late{fill:#ff6a63}.count{fill:#0d1117}}
text{font:17px system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
.title{font-size:23px;font-weight:650}.name{font-size:19px;font-weight:650}.end{text-anchor:end}.middle{text-anchor:middle}.bold{font-weight:650}`

/** The horizontal position of a second. */
type Axis = (second: number) => number

const axis =
  ({ seconds }: Picture): Axis =>
  second =>
    round(left + (second / seconds) * (width - left - right))

/** Each bucket with the second at which it ends. */
const withEnds = ({ buckets }: Row, { seconds }: Picture) =>
  buckets.map((bucket, at) => ({ ...bucket, toS: buckets[at + 1]?.fromS ?? seconds }))

/** The number of ready pods as a stepped area. */
const podArea = (row: Row, picture: Picture, base: number) => {
  const x = axis(picture)
  const y = (pods: number) => round(base - podHeight(pods, picture))
  const corners = withEnds(row, picture).map(({ fromS, toS, pods }) => `L${x(fromS)} ${y(pods)}H${x(toS)}`)
  return `M${x(0)} ${base}${corners.join('')}V${base}Z`
}

const podHeight = (pods: number, { podsAtTop }: Picture) => (pods / podsAtTop) * height.pods

/**
 * Red marks where checks were late: the larger their share, the stronger the colour.
 * Neighbouring buckets of equal strength are one mark.
 */
const lateMarks = (row: Row, picture: Picture, y: number) => {
  const x = axis(picture)
  const strengths = row.buckets.map(({ late, checks }) =>
    late === 0 ? 0 : Math.max(2, Math.round((10 * late) / checks)) / 10,
  )
  return strengths
    .map((strength, at) => {
      if (strength === 0 || strengths[at - 1] === strength) return ''
      const until = strengths.findIndex((other, index) => index > at && other !== strength)
      const start = x(row.buckets[at]!.fromS)
      const end = x(until === -1 ? picture.seconds : row.buckets[until]!.fromS)
      return `<rect class="late" x="${start}" y="${y}" width="${round(end - start)}" height="${height.late}" opacity="${strength}"/>`
    })
    .join('')
}

const formatNumber = (value: number) => Math.round(value).toLocaleString('en-US')

const summaryOf = ({ lateOver1s, missed }: Pick<Outcome, 'lateOver1s' | 'missed'>) =>
  missed > 0 ? `${formatNumber(lateOver1s)} late, ${formatNumber(missed)} missed` : `${formatNumber(lateOver1s)} late`

/** The label with a number of pods: inside the area, or above it where the area is too flat. */
const podLabel = (text: string, x: number, base: number, tall: number) =>
  tall > 24
    ? `<text class="count bold" x="${x + 8}" y="${base - 9}">${text}</text>`
    : `<text class="ink bold" x="${x + 8}" y="${round(base - tall - 7)}">${text}</text>`

const drawRow = (row: Row, picture: Picture, index: number): string => {
  const { name, summary, buckets } = row
  const x = axis(picture)
  const y = top + index * height.row
  const base = y + height.heading + height.pods
  const atRest = Math.round(buckets[0]!.pods)
  const peak = buckets.reduce((highest, bucket) => (bucket.pods > highest.pods ? bucket : highest))
  const counts = [podLabel(atRest === 1 ? '1 pod' : `${atRest} pods`, x(0), base, podHeight(atRest, picture))]
  if (peak.pods > atRest)
    counts.push(podLabel(String(Math.round(peak.pods)), x(peak.fromS), base, podHeight(peak.pods, picture)))
  const lateY = base + height.gap
  const track = `<rect class="track" x="${x(0)}" y="${lateY}" width="${x(picture.seconds) - x(0)}" height="${height.late}"/>`
  return [
    `<text class="ink name" x="${left}" y="${y + 18}">${name}</text>`,
    `<text class="ink end" x="${width - right}" y="${y + 18}">${summary}</text>`,
    `<path class="pods" d="${podArea(row, picture, base)}"/>`,
    ...counts,
    track,
    lateMarks(row, picture, lateY),
  ].join('\n')
}

/** Draws a picture as an SVG. */
const draw = (picture: Picture): string => {
  const { title, about, heading, legend, highlighted, seconds, rows } = picture
  const x = axis(picture)
  const bottom = top + rows.length * height.row
  const total = bottom + 38
  const [from, to] = [x(highlighted.from), x(highlighted.to)]
  const ticks = [...picture.ticks, seconds / 60].map(
    minute =>
      `<text class="soft ${minute === 0 ? '' : minute === seconds / 60 ? 'end' : 'middle'}" x="${x(minute * 60)}" y="${bottom + 18}">${minute === seconds / 60 ? `${minute} min` : minute}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" role="img" aria-labelledby="title about">
<title id="title">${title}</title>
<desc id="about">${about}</desc>
<style>${style}</style>
<rect class="card" x=".5" y=".5" width="${width - 1}" height="${total - 1}" rx="12"/>
<text class="ink title" x="${left}" y="38">${heading}</text>
<rect class="pods" x="${left}" y="55" width="14" height="14"/><text class="soft" x="${left + 21}" y="68">${legend.pods}</text>
<rect class="late" x="${left + 80}" y="55" width="14" height="14"/><text class="soft" x="${left + 101}" y="68">${legend.late}</text>
<rect class="outage" x="${from}" y="${top - 38}" width="${round(to - from)}" height="${bottom - top + 38 - 8}"/>
<text class="away middle" x="${round((from + to) / 2)}" y="${top - 18}">${highlighted.label}</text>
${rows.map((row, index) => drawRow(row, picture, index)).join('\n')}
${ticks.join('\n')}
</svg>
`
}

const legend = { pods: 'pods', late: 'checks over a second late, or missed' }

/** Draws the results of the policies. */
export const plot = (runs: PolicyRun[]): string => {
  const fromStart = (second: number) => second - measuredWindow.from
  const monitors = formatNumber(scenario.monitors)
  return draw({
    title: `${monitors} monitors while a third of the sites hangs for ten minutes`,
    about: runs
      .map(({ name, outcome }) => `${name}: ${summaryOf(outcome)}, at most ${outcome.mostPods} pods.`)
      .join(' '),
    heading: `${monitors} monitors, ten minutes of outage`,
    legend,
    highlighted: {
      from: fromStart(scenario.outage.from),
      to: fromStart(scenario.outage.to),
      label: 'a third hangs',
    },
    seconds: fromStart(measuredWindow.to),
    ticks: [0, 10, 20],
    podsAtTop: 10.5,
    rows: runs.map(({ name, outcome }) => ({
      name,
      summary: summaryOf(outcome),
      buckets: outcome.buckets.map(bucket => ({ ...bucket, fromS: fromStart(bucket.fromS) })),
    })),
  })
}

/** Draws the measured runs above the simulation of the same monitors. */
export const plotLoad = (runs: LoadRuns, simulated: SimulatedLoad): string => {
  const { phases } = runs.broker
  const [before, , after] = phases
  const from = before!.seconds
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0)
  const counts = phases.map(({ monitors }) => formatNumber(monitors))
  const rows: Row[] = [
    measuredRow('Cluster, default broker', runs.broker),
    measuredRow("Cluster, RabbitMQ's queue", runs.queue),
    {
      name: 'Simulated',
      summary: summaryOf(simulated),
      buckets: simulated.buckets.map(({ atS, ...bucket }) => ({ ...bucket, fromS: atS })),
    },
  ]
  return draw({
    title: `${counts.join(', then ')} checks a minute, on a cluster and in the simulation`,
    about: rows.map(({ name, summary }) => `${name}: ${summary}.`).join(' '),
    heading: `${counts.join(' → ')} checks a minute`,
    legend,
    highlighted: { from, to: seconds - after!.seconds, label: `${counts[1]} a minute` },
    seconds,
    ticks: [0, from / 60, (seconds - after!.seconds) / 60],
    podsAtTop: 3.5,
    rows,
  })
}

const measuredRow = (name: string, run: LoadRun): Row => ({
  name,
  summary: summaryOf(measuredTotals(run)),
  buckets: run.samples.map(({ atS, late, missed, ...sample }) => ({ ...sample, fromS: atS, late: late + missed })),
})
