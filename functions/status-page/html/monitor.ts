import type { ReadComponent, ReadPage } from '#database/pages/page-reading.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayMilliseconds, sayUptime } from '#functions/wording/uptime.ts'
import { componentState } from '../component-state.ts'
import { endOf, isAbout, mattersOf } from '../matters.ts'
import type { PageRequest } from '../page-request.ts'
import { type Bar, barsOf, impactWeights, limitsOf, total, uptimeOf } from '../ranges.ts'
import { chosenHistory, legend } from './bars.ts'
import { chart } from './chart.ts'
import { layout, type Reader } from './layout.ts'
import { matterList } from './matters.ts'
import { bdi, choices, footer, languageLink, subscribe, timesLine } from './parts.ts'
import { shape } from './shapes.ts'

/** The page of one monitor. */
export const monitorHtml = (page: ReadPage, component: ReadComponent, request: PageRequest, reader: Reader): string => {
  const { texts, language, now } = reader
  const state = componentState(component, now)
  const limits = limitsOf(request.range, page.zone, now)
  const bars = barsOf(component, limits)
  const isSettled = state === 'up' || state === 'down' || state === 'slow'
  const matters = mattersOf(page).filter(
    matter => isAbout(matter, component.id) && (endOf(matter) ?? Number.POSITIVE_INFINITY) > limits[0]!,
  )
  const body = html`${monitorHead(page, component, request, reader)}<main>${request.isEmbedded && html`<h1 class="hidden">${component.name}</h1>`}
<p class="overall ${state}" role="status">${shape(state)}<span>${
    isSettled && component.stateSince !== null
      ? texts.since(texts.states[state], sayDuration(now.getTime() - component.stateSince * 1000, language))
      : texts.states[state]
  }</span></p>
${choices(request, reader)}
${figures(component, bars, matters.filter(({ outage }) => outage?.monitorId === component.id).length, request, reader)}
<section><h2>${texts.history}</h2><div class="box"><div>${chosenHistory(component.name, bars, reader)}</div></div>${legend(bars, reader)}</section>
${component.kind !== 'heartbeat' && html`<section><h2>${texts.chart.title}</h2><div class="box">${chart(component.name, bars, request, reader)}</div></section>`}
${reasons(bars, reader)}
${component.kind !== 'heartbeat' && quality(component, bars, reader)}
<section><h2>${texts.outages}</h2>${
    matters.length === 0 ? html`<p class="soft">${texts.noOutages}</p>` : matterList(page, matters, reader)
  }</section>
${request.isEmbedded && timesLine(reader)}</main>
${!request.isEmbedded && footer(request, reader)}`
  return layout(reader, `${component.name} · ${page.title}`, body, {
    isHidden: page.access !== 'public',
    canonical: reader.links.canonical,
    icon: reader.links.file('icon.svg'),
  })
}

const monitorHead = (
  { title }: ReadPage,
  { id, name }: ReadComponent,
  { isEmbedded }: PageRequest,
  reader: Reader,
): Html | null =>
  isEmbedded
    ? null
    : html`<header><div class="actions"><a href="${reader.links.to({ monitorId: null })}"><span aria-hidden="true">←</span> ${bdi(title)}</a>${languageLink(reader)}</div><h1>${name}</h1>${subscribe(reader, id)}</header>
`

/** The figures of the period that a visitor looks for first. */
const figures = (
  { kind, intervalS }: ReadComponent,
  bars: readonly Bar[],
  outages: number,
  { range }: PageRequest,
  { texts, language }: Reader,
): Html => {
  const sums = total(bars)
  const uptime = uptimeOf(sums)
  const number = new Intl.NumberFormat(language)
  const shown = [
    [texts.uptimeIn(texts.ranges[range]), uptime === null ? '–' : sayUptime(uptime, language)],
    [texts.outages, number.format(outages)],
    ...(kind === 'heartbeat'
      ? []
      : [
          [texts.chart.response, sums.ok === 0 ? '–' : sayMilliseconds(sums.totalMs / sums.ok, language)],
          [texts.checks.notDone, number.format(Math.round(sums.unknownS / intervalS))],
        ]),
  ]
  return html`<dl class="figures">${shown.map(([name, figure]) => html`<div><dt>${name}</dt><dd>${figure}</dd></div>`)}</dl>`
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
      : html`<dl class="facts">${times.map(([name, seconds]) => html`<dt>${name}</dt><dd>${said(seconds)}</dd>`)}</dl>`
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
