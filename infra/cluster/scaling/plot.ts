import { counted, type Played, world } from './scenario.ts'
import type { Stretch } from './tally.ts'

const width = 640
const left = 20
const right = 20
const top = 128
const row = { height: 122, words: 28, pods: 58, gap: 5, late: 13 }
const mostPods = 10.5

const minutes = (seconds: number) => (seconds - counted.from) / 60
const lasts = minutes(counted.to)
const x = (minute: number) => round(left + (minute / lasts) * (width - left - right))
const round = (value: number) => Number(value.toFixed(1))

/** Drawn on a card of its own, so that it reads the same wherever it is put; the card follows the reader's light or dark. */
const style = `
.card{fill:#fff;stroke:#d0d7de}.ink{fill:#1f2328}.soft{fill:#59636e}.line{stroke:#59636e}.outage{fill:#9a6700;opacity:.13}.away{fill:#8a5d00}
.pods{fill:#0969da;opacity:.85}.bed{fill:#818b98;opacity:.22}rect,path{shape-rendering:crispEdges}.card{shape-rendering:auto}.late{fill:#cf222e}.count{fill:#fff}
@media (prefers-color-scheme:dark){
.card{fill:#0d1117;stroke:#3d444d}.ink{fill:#f0f6fc}.soft{fill:#a8b3bf}.line{stroke:#a8b3bf}.outage{fill:#e3b341;opacity:.16}.away{fill:#e3b341}
.pods{fill:#4493f8;opacity:.85}.late{fill:#ff6a63}.count{fill:#0d1117}}
text{font:17px system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
.title{font-size:23px;font-weight:650}.name{font-size:19px;font-weight:650}.end{text-anchor:end}.middle{text-anchor:middle}.bold{font-weight:650}`

/** The pods that are ready, as an area with steps. */
const area = (stretches: Stretch[], base: number) => {
  const y = (pods: number) => round(base - (pods / mostPods) * row.pods)
  const corners = stretches.map(({ from, pods }) => `L${x(minutes(from))} ${y(pods)}H${x(minutes(from + 10))}`)
  return `M${x(0)} ${base}${corners.join('')}V${base}Z`
}

/** Where checks were late: the more of them, the stronger; ten seconds alike are one mark. */
const marks = (stretches: Stretch[], y: number) => {
  const strengths = stretches.map(({ late, checks }) =>
    late === 0 ? 0 : Math.max(2, Math.round((10 * late) / checks)) / 10,
  )
  return strengths
    .map((strength, at) => {
      if (strength === 0 || strengths[at - 1] === strength) return ''
      const until = strengths.findIndex((other, index) => index > at && other !== strength)
      const [start, end] = [stretches[at]!.from, until === -1 ? counted.to : stretches[until]!.from].map(s =>
        x(minutes(s)),
      )
      return `<rect class="late" x="${start}" y="${y}" width="${round(end! - start!)}" height="${row.late}" opacity="${strength}"/>`
    })
    .join('')
}

const inFull = (value: number) => Math.round(value).toLocaleString('en-US')

const found = ({ outcome: { late1, missed } }: Played) =>
  missed > 0 ? `${inFull(late1)} late, ${inFull(missed)} missed` : `${inFull(late1)} late`

/** A number of pods, in their area; above it where that is too flat. */
const inside = (words: string, at: number, base: number, pods: number) => {
  const top = (pods / mostPods) * row.pods
  return top > 24
    ? `<text class="count bold" x="${at + 8}" y="${base - 9}">${words}</text>`
    : `<text class="ink bold" x="${at + 8}" y="${round(base - top - 7)}">${words}</text>`
}

const strip = (played: Played, index: number): string => {
  const { name, outcome } = played
  const { stretches } = outcome
  const y = top + index * row.height
  const base = y + row.words + row.pods
  const atRest = Math.round(stretches[0]!.pods)
  const peak = stretches.reduce((most, one) => (one.pods > most.pods ? one : most))
  const counts = [inside(atRest === 1 ? '1 pod' : `${atRest} pods`, x(0), base, atRest)]
  if (peak.pods > atRest) counts.push(inside(String(Math.round(peak.pods)), x(minutes(peak.from)), base, peak.pods))
  const lateY = base + row.gap
  const beds = `<rect class="bed" x="${x(0)}" y="${lateY}" width="${x(lasts) - x(0)}" height="${row.late}"/>`
  return [
    `<text class="ink name" x="${left}" y="${y + 18}">${name}</text>`,
    `<text class="ink end" x="${width - right}" y="${y + 18}">${found(played)}</text>`,
    `<path class="pods" d="${area(stretches, base)}"/>`,
    ...counts,
    beds,
    marks(stretches, lateY),
  ].join('\n')
}

/** The figures as a picture: for each policy its pods, and under them when checks were late. */
export const plot = (played: Played[]): string => {
  const bottom = top + played.length * row.height
  const height = bottom + 38
  const [from, to] = [x(minutes(world.outage.from)), x(minutes(world.outage.to))]
  const ticks = [0, 10, 20, lasts].map(
    minute =>
      `<text class="soft ${minute === 0 ? '' : minute === lasts ? 'end' : 'middle'}" x="${x(minute)}" y="${bottom + 18}">${minute === lasts ? `${minute} min` : minute}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title about">
<title id="title">${inFull(world.monitors)} monitors while a third of the sites hangs for ten minutes</title>
<desc id="about">${played.map(one => `${one.name}: ${found(one)}, at most ${one.outcome.mostPods} pods.`).join(' ')}</desc>
<style>${style}</style>
<rect class="card" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="12"/>
<text class="ink title" x="${left}" y="38">${inFull(world.monitors)} monitors, ten minutes of outage</text>
<rect class="pods" x="${left}" y="55" width="14" height="14"/><text class="soft" x="${left + 21}" y="68">pods</text>
<rect class="late" x="${left + 80}" y="55" width="14" height="14"/><text class="soft" x="${left + 101}" y="68">checks over a second late, or missed</text>
<rect class="outage" x="${from}" y="${top - 38}" width="${round(to - from)}" height="${bottom - top + 38 - 8}"/>
<text class="away middle" x="${round((from + to) / 2)}" y="${top - 18}">a third hangs</text>
${played.map(strip).join('\n')}
${ticks.join('\n')}
</svg>
`
}
