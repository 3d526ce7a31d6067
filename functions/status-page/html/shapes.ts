import { type Html, html } from '#functions/telegram/html.ts'
import type { ComponentState, OverallState } from '../component-state.ts'
import type { PageTexts } from '../texts.ts'

/** The shapes in a square of 16 × 16. Each state has a shape of its own, so that colours are not needed. */
const paths = {
  up: 'M8 0a8 8 0 1 0 0 16A8 8 0 0 0 8 0m-1 12L3 8l1.5-1.5L7 9l5-5 1.5 1.5z',
  slow: 'M8 0 16 15H0zM7 5v5h2V5zm0 6v2h2v-2z',
  down: 'M4.7 0h6.6L16 4.7v6.6L11.3 16H4.7L0 11.3V4.7zm-.2 5.9L6.6 8l-2.1 2.1 1.4 1.4L8 9.4l2.1 2.1 1.4-1.4L9.4 8l2.1-2.1-1.4-1.4L8 6.6 5.9 4.5z',
  partial: 'M8 0a8 8 0 1 0 0 16A8 8 0 0 0 8 0m0 2a6 6 0 0 1 0 12z',
  maintenance: 'M8 0l8 8-8 8-8-8zm-1 4v5h2V4zm0 6v2h2v-2z',
  unknown: 'M8 0a8 8 0 1 0 0 16A8 8 0 0 0 8 0m0 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2',
  paused: 'M2 0h4v16H2zM10 0h4v16h-4z',
}

const shapes: Record<ComponentState | OverallState, keyof typeof paths> = {
  up: 'up',
  slow: 'slow',
  degraded: 'slow',
  partial: 'partial',
  down: 'down',
  someDown: 'down',
  allDown: 'down',
  maintenance: 'maintenance',
  unknown: 'unknown',
  waiting: 'unknown',
  none: 'unknown',
  paused: 'paused',
}

/** The shape of a state. The text beside it says the same, so screen readers skip it. */
export const shape = (state: ComponentState | OverallState): Html =>
  html`<svg viewBox="0 0 16 16" aria-hidden="true"><path fill="currentColor" fill-rule="evenodd" d="${paths[shapes[state]]}"/></svg>`

const iconColors: Partial<Record<keyof typeof paths, string>> = {
  up: '#2da44e',
  slow: '#bf8700',
  down: '#d1242f',
  maintenance: '#0969da',
}

/** The icon of a page in the tabs of a browser: its state. The colours are seen on light and on dark tabs. */
export const iconSvg = (state: OverallState): string => {
  const name = shapes[state]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="${iconColors[name] ?? '#818b98'}" fill-rule="evenodd" d="${paths[name]}"/></svg>`
}

/** The state of a component: its shape and its name. */
export const stateLabel = (state: ComponentState, texts: PageTexts): Html =>
  html`<span class="state ${state}">${shape(state)} ${texts.states[state]}</span>`

/** The class that gives the head of a page its colour. */
export const overallClass = (state: OverallState): string =>
  state === 'someDown' || state === 'allDown' ? 'down' : state
