import { measuredWindow, type PolicyRun, scenario } from './scenario.ts'
import type { Bucket } from './tally.ts'

const width = 640
const left = 20
const right = 20
const top = 128
const row = { height: 122, heading: 28, pods: 58, gap: 5, late: 13 }
const podsAtTop = 10.5

const minutes = (seconds: number) => (seconds - measuredWindow.from) / 60
const lengthMinutes = minutes(measuredWindow.to)
const x = (minute: number) => round(left + (minute / lengthMinutes) * (width - left - right))
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

/** The number of ready pods as a stepped area. */
const podArea = (buckets: Bucket[], base: number) => {
  const y = (pods: number) => round(base - (pods / podsAtTop) * row.pods)
  const corners = buckets.map(({ fromS, pods }) => `L${x(minutes(fromS))} ${y(pods)}H${x(minutes(fromS + 10))}`)
  return `M${x(0)} ${base}${corners.join('')}V${base}Z`
}

/**
 * Red marks where checks were late: the larger their share, the stronger the colour.
 * Neighbouring buckets of equal strength are one mark.
 */
const lateMarks = (buckets: Bucket[], y: number) => {
  const strengths = buckets.map(({ late, checks }) =>
    late === 0 ? 0 : Math.max(2, Math.round((10 * late) / checks)) / 10,
  )
  return strengths
    .map((strength, at) => {
      if (strength === 0 || strengths[at - 1] === strength) return ''
      const until = strengths.findIndex((other, index) => index > at && other !== strength)
      const [start, end] = [buckets[at]!.fromS, until === -1 ? measuredWindow.to : buckets[until]!.fromS].map(s =>
        x(minutes(s)),
      )
      return `<rect class="late" x="${start}" y="${y}" width="${round(end! - start!)}" height="${row.late}" opacity="${strength}"/>`
    })
    .join('')
}

const formatNumber = (value: number) => Math.round(value).toLocaleString('en-US')

const summary = ({ outcome: { lateOver1s, missed } }: PolicyRun) =>
  missed > 0 ? `${formatNumber(lateOver1s)} late, ${formatNumber(missed)} missed` : `${formatNumber(lateOver1s)} late`

/** The label with a number of pods: inside the area, or above it where the area is too flat. */
const podLabel = (text: string, at: number, base: number, pods: number) => {
  const top = (pods / podsAtTop) * row.pods
  return top > 24
    ? `<text class="count bold" x="${at + 8}" y="${base - 9}">${text}</text>`
    : `<text class="ink bold" x="${at + 8}" y="${round(base - top - 7)}">${text}</text>`
}

const policyRow = (run: PolicyRun, index: number): string => {
  const { name, outcome } = run
  const { buckets } = outcome
  const y = top + index * row.height
  const base = y + row.heading + row.pods
  const atRest = Math.round(buckets[0]!.pods)
  const peak = buckets.reduce((highest, bucket) => (bucket.pods > highest.pods ? bucket : highest))
  const counts = [podLabel(atRest === 1 ? '1 pod' : `${atRest} pods`, x(0), base, atRest)]
  if (peak.pods > atRest) counts.push(podLabel(String(Math.round(peak.pods)), x(minutes(peak.fromS)), base, peak.pods))
  const lateY = base + row.gap
  const track = `<rect class="track" x="${x(0)}" y="${lateY}" width="${x(lengthMinutes) - x(0)}" height="${row.late}"/>`
  return [
    `<text class="ink name" x="${left}" y="${y + 18}">${name}</text>`,
    `<text class="ink end" x="${width - right}" y="${y + 18}">${summary(run)}</text>`,
    `<path class="pods" d="${podArea(buckets, base)}"/>`,
    ...counts,
    track,
    lateMarks(buckets, lateY),
  ].join('\n')
}

/**
 * Draws the results as an SVG: for each policy the number of pods, and below it the times at which checks were late.
 */
export const plot = (runs: PolicyRun[]): string => {
  const bottom = top + runs.length * row.height
  const height = bottom + 38
  const [from, to] = [x(minutes(scenario.outage.from)), x(minutes(scenario.outage.to))]
  const ticks = [0, 10, 20, lengthMinutes].map(
    minute =>
      `<text class="soft ${minute === 0 ? '' : minute === lengthMinutes ? 'end' : 'middle'}" x="${x(minute)}" y="${bottom + 18}">${minute === lengthMinutes ? `${minute} min` : minute}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title about">
<title id="title">${formatNumber(scenario.monitors)} monitors while a third of the sites hangs for ten minutes</title>
<desc id="about">${runs.map(run => `${run.name}: ${summary(run)}, at most ${run.outcome.mostPods} pods.`).join(' ')}</desc>
<style>${style}</style>
<rect class="card" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="12"/>
<text class="ink title" x="${left}" y="38">${formatNumber(scenario.monitors)} monitors, ten minutes of outage</text>
<rect class="pods" x="${left}" y="55" width="14" height="14"/><text class="soft" x="${left + 21}" y="68">pods</text>
<rect class="late" x="${left + 80}" y="55" width="14" height="14"/><text class="soft" x="${left + 101}" y="68">checks over a second late, or missed</text>
<rect class="outage" x="${from}" y="${top - 38}" width="${round(to - from)}" height="${bottom - top + 38 - 8}"/>
<text class="away middle" x="${round((from + to) / 2)}" y="${top - 18}">a third hangs</text>
${runs.map(policyRow).join('\n')}
${ticks.join('\n')}
</svg>
`
}
