import type { ReadComponent, ReadPage } from '#database/pages/page-reading.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { sayUptime } from '#functions/wording/uptime.ts'
import { componentState, overallState } from '../component-state.ts'
import { mattersOf } from '../matters.ts'
import type { PageRequest } from '../page-request.ts'
import { barsOf, limitsOf, total, uptimeOf } from '../ranges.ts'
import { history } from './bars.ts'
import { layout, type Reader } from './layout.ts'
import { matterList } from './matters.ts'
import { choices, footer, sortedWindows, subscribe, windowList } from './parts.ts'
import { overallClass, shape, stateLabel } from './shapes.ts'

/** A page shows the history of this many monitors at once. Those that are not up are listed on every part. */
export const componentsPerPart = 40

const shownMatters = 20

/** The number of parts of a page. */
export const partsOf = ({ components }: ReadPage): number =>
  Math.max(1, Math.ceil(components.length / componentsPerPart))

/** The whole page. */
export const pageHtml = (page: ReadPage, request: PageRequest, reader: Reader): string => {
  const { texts, now, links } = reader
  const states = page.components.map(component => componentState(component, now))
  const overall = overallState(states)
  const count = (state: string) => states.filter(one => one === state).length
  const matters = mattersOf(page)
  const open = matters.filter(({ isOpen }) => isOpen)
  const outages = matters.filter(({ isOpen, outage }) => !isOpen && outage !== null)
  const pastPosts = matters.filter(({ isOpen, outage }) => !isOpen && outage === null)
  const { planned, past } = sortedWindows(page.windows, now)
  const heading = html`<h1${request.isEmbedded && html` class="hidden"`}>${page.title}</h1>`
  const body = html`${
    !request.isEmbedded &&
    html`<header>${logo(page, reader)}${heading}</header>
`
  }<main>${request.isEmbedded && heading}
<p class="overall ${overallClass(overall)}" role="status">${shape(overall)}<span>${texts.overall[overall](
    count('down'),
    states.length - count('paused'),
  )}</span></p>
${!request.isEmbedded && subscribe(reader)}
${open.length > 0 && html`<section><h2>${texts.openMatters}</h2>${matterList(page, open.slice(0, shownMatters), reader)}</section>`}
${planned.length > 0 && html`<section><h2>${texts.planned}</h2>${windowList(page, planned, reader)}</section>`}
${choices(request, reader)}
${componentSections(page, request, reader)}
<section><h2>${texts.outages}</h2>${
    outages.length === 0
      ? html`<p class="soft">${texts.noOutages}</p>`
      : matterList(page, outages.slice(0, shownMatters), reader)
  }</section>
${pastPosts.length > 0 && html`<section><h2>${texts.pastPosts}</h2>${matterList(page, pastPosts.slice(0, shownMatters), reader)}</section>`}
${past.length > 0 && html`<section><h2>${texts.pastMaintenance}</h2>${windowList(page, past.slice(0, shownMatters), reader)}</section>`}
</main>
${!request.isEmbedded && footer(request, reader)}`
  return layout(reader, page.title, body, {
    isHidden: page.access !== 'public',
    canonical: links.canonical,
  })
}

/** The largest size of a logo on the page. */
const logoBox = { width: 320, height: 64 }

/** The logo. Its size is in the page, so that nothing moves when the picture arrives. */
const logo = ({ logo, title }: ReadPage, { texts, links }: Reader): Html | null => {
  if (logo === null) return null
  const scale = Math.min(1, logoBox.width / logo.width, logoBox.height / logo.height)
  const [width, height] = [logo.width, logo.height].map(side => Math.max(1, Math.round(side * scale)))
  return html`<img class="logo" src="${links.file(`logo-${logo.hash}.${logo.type}`)}" width="${width}" height="${height}" alt="${texts.logo(title)}">`
}

const componentSections = (page: ReadPage, request: PageRequest, reader: Reader): Html => {
  const { texts, links } = reader
  const { components } = page
  const parts = partsOf(page)
  const { part } = request
  const shown = components.slice((part - 1) * componentsPerPart, part * componentsPerPart)
  const limits = limitsOf(request.range, page.zone, reader.now)
  const groups = [...Map.groupBy(shown, ({ group }) => group)]
  const isGrouped = groups.some(([group]) => group !== null)
  return html`${parts > 1 && notUp(page, reader)}${groups.map(
    ([group, members]) =>
      html`<section><h2>${group ?? (isGrouped ? texts.otherGroup : texts.components)}</h2>
${members.map(component => componentBox(component, limits, request, reader))}</section>
`,
  )}${
    parts > 1 &&
    html`<nav class="choice" aria-label="${texts.components}"><p>${texts.parts(part, parts)}</p><ul>${
      part > 1 && html`<li><a href="${links.to({ part: part - 1 })}">${texts.previousPart}</a></li>`
    }${part < parts && html`<li><a href="${links.to({ part: part + 1 })}">${texts.nextPart}</a></li>`}</ul></nav>`
  }`
}

/** The components of all parts that are not up, because a visitor looks for them first. */
const notUp = ({ components }: ReadPage, reader: Reader): Html | null => {
  const { texts, now, links } = reader
  const listed = components.flatMap(component => {
    const state = componentState(component, now)
    return state === 'up' || state === 'maintenance' || state === 'paused' || state === 'waiting'
      ? []
      : [{ component, state }]
  })
  return listed.length === 0
    ? null
    : html`<ul class="plain box">${listed
        .slice(0, 100)
        .map(
          ({ component, state }) =>
            html`<li>${stateLabel(state, texts)} · <a href="${links.to({ monitorId: component.id })}">${component.name}</a></li>`,
        )}</ul>`
}

const componentBox = (
  component: ReadComponent,
  limits: readonly number[],
  { range, isEmbedded }: PageRequest,
  reader: Reader,
): Html => {
  const { texts, language, links } = reader
  const follow = links.subscribe(component.id)
  const bars = barsOf(component, limits)
  const uptime = uptimeOf(total(bars))
  const said = uptime === null ? null : sayUptime(uptime, language)
  return html`<article class="box"><div class="head"><h3><a href="${links.to({ monitorId: component.id })}">${component.name}</a></h3>${stateLabel(
    componentState(component, reader.now),
    texts,
  )}</div><p class="soft">${texts.uptimeOf(texts.ranges[range], said)}${
    !isEmbedded &&
    follow !== null &&
    html` · <a href="${follow}">${texts.follow}<span class="hidden"> ${component.name}</span></a>`
  }</p>
${history(component.name, bars, reader)}</article>
`
}
