import type { ReadComponent, ReadPage } from '#database/pages/page-reading.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { type ComponentState, componentState, overallState } from '../component-state.ts'
import { type Matter, mattersOf } from '../matters.ts'
import type { PageRequest } from '../page-request.ts'
import { barsOf, limitsOf } from '../ranges.ts'
import { history, legend } from './bars.ts'
import { layout, type Reader } from './layout.ts'
import { logoName } from './links.ts'
import { matterList } from './matters.ts'
import { bdi, choices, footer, languageLink, sortedWindows, subscribe, timesLine, windowList } from './parts.ts'
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
  const pastPosts = matters.filter(({ isOpen, outage }) => !isOpen && outage === null)
  const { planned, past } = sortedWindows(page.windows, now)
  const body = html`${pageHead(page, request, reader)}<main>${request.isEmbedded && html`<h1 class="hidden">${page.title}</h1>`}
<p class="overall ${overallClass(overall)}" role="status">${shape(overall)}<span>${texts.overall[overall](
    count('down'),
    states.length - count('paused'),
  )}</span></p>
${open.length > 0 && html`<section><h2>${texts.openMatters}</h2>${matterList(page, open.slice(0, shownMatters), reader)}</section>`}
${planned.length > 0 && html`<section><h2>${texts.planned}</h2>${windowList(page, planned, reader)}</section>`}
${
  page.components.length === 0
    ? html`<p>${texts.noComponents}</p>`
    : html`${partsOf(page) > 1 && notUp(page, reader)}${choices(request, reader)}${componentSections(page, request, reader)}
${pastOutages(page, matters, reader)}`
}
${pastPosts.length > 0 && html`<section><h2>${texts.pastPosts}</h2>${matterList(page, pastPosts.slice(0, shownMatters), reader)}</section>`}
${past.length > 0 && html`<section><h2>${texts.pastMaintenance}</h2>${windowList(page, past.slice(0, shownMatters), reader)}</section>`}
${request.isEmbedded && timesLine(reader)}</main>
${!request.isEmbedded && footer(request, reader)}`
  return layout(reader, page.title, body, {
    isHidden: page.access !== 'public',
    canonical: links.canonical,
    icon: reader.links.file('icon.svg'),
  })
}

/** The outages that are over. If there are none but one goes on, the page does not say that there was none. */
const pastOutages = (page: ReadPage, matters: readonly Matter[], reader: Reader): Html | null => {
  const outages = matters.filter(({ outage }) => outage !== null)
  const past = outages.filter(({ isOpen }) => !isOpen).slice(0, shownMatters)
  if (past.length === 0 && outages.length > 0) return null
  return html`<section><h2>${reader.texts.outages}</h2>${
    past.length === 0 ? html`<p class="soft">${reader.texts.noOutages}</p>` : matterList(page, past, reader)
  }</section>`
}

/** The largest size of a logo on the page. */
const logoBox = { width: 320, height: 64 }

/** The logo. Its size is in the page, so that nothing moves when the picture arrives. */
const logo = ({ logo, title }: ReadPage, { texts, links }: Reader): Html | null => {
  if (logo === null) return null
  const scale = Math.min(1, logoBox.width / logo.width, logoBox.height / logo.height)
  const [width, height] = [logo.width, logo.height].map(side => Math.max(1, Math.round(side * scale)))
  return html`<img class="logo" src="${links.file(logoName(logo))}" width="${width}" height="${height}" alt="${texts.logo(title)}">`
}

const pageHead = (page: ReadPage, { isEmbedded }: PageRequest, reader: Reader): Html | null =>
  isEmbedded
    ? null
    : html`<header>${logo(page, reader)}<h1>${page.title}</h1><div class="actions">${subscribe(reader)}${languageLink(reader)}</div></header>
`

const componentSections = (page: ReadPage, request: PageRequest, reader: Reader): Html => {
  const { texts, links } = reader
  const { components } = page
  const parts = partsOf(page)
  const { part } = request
  const shown = components.slice((part - 1) * componentsPerPart, part * componentsPerPart)
  const limits = limitsOf(request.range, page.zone, reader.now)
  const groups = [...Map.groupBy(shown, ({ group }) => group)]
  const boxes = (members: readonly ReadComponent[]) =>
    html`<div class="box">${members.map(component => componentBox(component, limits, request, reader))}</div>`
  const [only, other] = groups
  return html`${
    other === undefined
      ? html`<section><h2>${only?.[0] ?? texts.components}</h2>${boxes(shown)}</section>`
      : groups.map(
          ([group, members]) =>
            html`<details class="group"${isOpen(members, shown, reader.now) && html` open`}><summary><h2>${group ?? texts.otherGroup}</h2><span><span class="soft more">${texts.services(
              members.length,
            )}</span> ${stateLabel(worstState(members, reader.now), texts)}</span></summary>${boxes(members)}</details>
`,
        )
  }${legend(
    shown.flatMap(component => barsOf(component, limits)),
    reader,
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
    : html`<section><h2>${texts.notUp}</h2><ul class="box">${listed
        .slice(0, 100)
        .map(
          ({ component, state }) =>
            html`<li class="head"><a href="${links.to({ monitorId: component.id })}">${bdi(component.name)}</a>${stateLabel(state, texts)}</li>`,
        )}</ul></section>`
}

/** A part of a page with at most this many components shows all of them at once. */
const openComponents = 12

/** Whether a group is open: in a long list, those in which everything is up are closed. */
const isOpen = (members: readonly ReadComponent[], shown: readonly ReadComponent[], now: Date): boolean =>
  shown.length <= openComponents || !['up', 'paused'].includes(worstState(members, now))

const worstFirst: ComponentState[] = [
  'down',
  'partial',
  'degraded',
  'slow',
  'maintenance',
  'unknown',
  'waiting',
  'up',
  'paused',
]

const worstState = (members: readonly ReadComponent[], now: Date): ComponentState => {
  const states = members.map(component => componentState(component, now))
  return worstFirst.find(state => states.includes(state)) ?? 'waiting'
}

const componentBox = (
  component: ReadComponent,
  limits: readonly number[],
  request: PageRequest,
  reader: Reader,
): Html => {
  const { texts, links, now } = reader
  const follow = request.isEmbedded ? null : links.subscribe(component.id)
  return html`<article><div class="head"><h3><a href="${links.to({ monitorId: component.id })}">${component.name}</a></h3>${stateLabel(
    componentState(component, now),
    texts,
  )}${
    follow !== null &&
    html`<a class="follow" href="${follow}">${texts.follow}<span class="hidden"> ${component.name}</span></a>`
  }</div>
${history(component.name, barsOf(component, limits), request, reader)}</article>
`
}
