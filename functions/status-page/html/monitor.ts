import type { ReadComponent, ReadPage } from '#database/pages/page-reading.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayMilliseconds, sayUptime } from '#functions/wording/uptime.ts'
import { componentState } from '../component-state.ts'
import { endOf, isAbout, mattersOf } from '../matters.ts'
import type { PageRequest } from '../page-request.ts'
import { type Bar, barsOf, impactWeights, limitsOf, total, uptimeOf } from '../ranges.ts'
import { history } from './bars.ts'
import { chart } from './chart.ts'
import { layout, type Reader } from './layout.ts'
import { matterList } from './matters.ts'
import { choices, footer, subscribe } from './parts.ts'
import { stateLabel } from './shapes.ts'

/** The page of one monitor. */
export const monitorHtml = (page: ReadPage, component: ReadComponent, request: PageRequest, reader: Reader): string => {
  const { texts, language, now, links } = reader
  const state = componentState(component, now)
  const limits = limitsOf(request.range, page.zone, now)
  const bars = barsOf(component, limits)
  const uptime = uptimeOf(total(bars))
  const isSettled = state === 'up' || state === 'down' || state === 'slow'
  const matters = mattersOf(page).filter(
    matter => isAbout(matter, component.id) && (endOf(matter) ?? Number.POSITIVE_INFINITY) > limits[0]!,
  )
  const heading = html`<h1${request.isEmbedded && html` class="hidden"`}>${component.name}</h1>`
  const body = html`${
    !request.isEmbedded &&
    html`<header><p><a href="${links.to({ monitorId: null })}">${texts.back}: ${page.title}</a></p>${heading}</header>
`
  }<main>${request.isEmbedded && heading}
<p class="overall ${state}" role="status">${stateLabel(state, texts)}</p>
${
  isSettled &&
  component.stateSince !== null &&
  html`<p>${texts.since(texts.states[state], sayDuration(now.getTime() - component.stateSince * 1000, language))}</p>`
}
${!request.isEmbedded && subscribe(reader, component.id)}
${choices(request, reader)}
<section><h2>${texts.uptimeOf(texts.ranges[request.range], uptime === null ? null : sayUptime(uptime, language))}</h2>
<div class="box">${history(component.name, bars, reader)}</div></section>
${component.kind !== 'heartbeat' && html`<section><h2>${texts.chart.title}</h2><div class="box">${chart(bars, reader)}</div></section>`}
${reasons(bars, reader)}
${component.kind !== 'heartbeat' && quality(component, bars, reader)}
<section><h2>${texts.outages}</h2>${
    matters.length === 0 ? html`<p class="soft">${texts.noOutages}</p>` : matterList(page, matters, reader)
  }</section>
</main>
${!request.isEmbedded && footer(request, reader)}`
  return layout(reader, `${component.name} · ${page.title}`, body, {
    isHidden: page.access !== 'public',
    canonical: links.canonical,
  })
}

/** Why the uptime has its value. */
const reasons = (bars: readonly Bar[], { texts, language }: Reader): Html => {
  const sums = total(bars)
  const { upS, downS, unknownS, maintenanceS, degradedImpactS, partialImpactS, downImpactS } = sums
  const { why } = texts
  const said = (seconds: number) => sayDuration(seconds * 1000, language)
  const percent = (share: number) => new Intl.NumberFormat(language, { style: 'percent' }).format(share)
  const affected = (
    [
      [why.impact.degraded, degradedImpactS],
      [why.impact.partial, partialImpactS],
      [why.impact.down, downImpactS],
    ] as const
  ).filter(([, seconds]) => seconds > 0)
  const { degraded, partial, down } = impactWeights
  const times = [
    [why.up, upS],
    ...affected,
    [why.down, downS],
    [why.unknown, unknownS],
    [why.maintenance, maintenanceS],
  ] as const
  return html`<section><h2>${why.title}</h2><div class="box"><p>${why.rule}${affected.length > 0 && ` ${why.impactRule(percent(degraded), percent(partial), percent(down))}`}</p>${
    upS + downS + unknownS + maintenanceS === 0
      ? html`<p>${why.empty}</p>`
      : html`<dl>${times.map(([name, seconds]) => html`<dt>${name}</dt><dd>${said(seconds)}</dd>`)}</dl>`
  }</div></section>`
}

/** How many checks were missed, and how late the others began. */
const quality = ({ intervalS, lateness }: ReadComponent, bars: readonly Bar[], { texts, language }: Reader): Html => {
  const { upS, downS, unknownS } = total(bars)
  const number = new Intl.NumberFormat(language)
  const count = (seconds: number) => number.format(Math.round(seconds / intervalS))
  const said = (ms: number) => sayMilliseconds(Math.max(0, ms), language)
  const missed = Math.round(unknownS / intervalS)
  return html`<section><h2>${texts.checks.title}</h2><div class="box"><p>${texts.checks.every(
    sayDuration(intervalS * 1000, language),
  )} ${upS + downS + unknownS > 0 && texts.checks.missed(missed, count(upS + downS + unknownS))}</p><p>${
    lateness === null ? texts.checks.never : texts.checks.late(said(lateness.halfMs), said(lateness.mostMs))
  }</p></div></section>`
}
