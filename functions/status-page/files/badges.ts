import type { ReadComponent, ReadPage } from '#database/pages/page-reading.ts'
import { sayMilliseconds, sayUptime } from '#functions/wording/uptime.ts'
import { type ComponentState, componentState, overallState } from '../component-state.ts'
import { badgeTexts } from '../file-texts.ts'
import type { Reader } from '../html/layout.ts'
import type { PageRequest } from '../page-request.ts'
import { barsOf, limitsOf, total, uptimeOf } from '../ranges.ts'
import type { Badge, BadgeColor } from './badge.ts'
import type { BadgeKind } from './file-kinds.ts'

const stateColors: Record<ComponentState, BadgeColor> = {
  up: 'green',
  slow: 'yellow',
  degraded: 'yellow',
  partial: 'yellow',
  down: 'red',
  maintenance: 'blue',
  unknown: 'grey',
  waiting: 'grey',
  paused: 'grey',
}

/** The badge of a page, or of one of its monitors. */
export const badgeOf = (
  page: ReadPage,
  component: ReadComponent | undefined,
  kind: BadgeKind,
  { range }: PageRequest,
  reader: Reader,
): Badge => {
  const { language, texts, now } = reader
  const words = badgeTexts[language]
  const name = component?.name ?? page.title
  const history = component ?? { sums: page.sums, impacts: page.components.flatMap(({ impacts }) => impacts) }
  const sums = total(barsOf(history, limitsOf(range, page.zone, now)))
  const none: Badge = { label: name, message: words.none, color: 'grey' }
  switch (kind) {
    case 'state':
      return component === undefined
        ? pageState(page, reader)
        : stateBadge(name, componentState(component, now), reader)
    case 'uptime': {
      const uptime = uptimeOf(sums)
      const label = `${name} · ${texts.ranges[range]}`
      if (uptime === null) return { ...none, label }
      return {
        label,
        message: sayUptime(uptime, language),
        color: uptime >= 0.99 ? 'green' : uptime >= 0.95 ? 'yellow' : 'red',
      }
    }
    case 'response':
      return sums.ok === 0
        ? none
        : { label: name, message: sayMilliseconds(sums.totalMs / sums.ok, language), color: 'blue' }
    case 'certificate': {
      const expiresAt = component?.certificateExpiresAt ?? null
      const label = `${name} · ${words.certificate}`
      if (expiresAt === null) return { ...none, label }
      const days = Math.floor((expiresAt * 1000 - now.getTime()) / 86_400_000)
      return { label, message: words.days(days), color: days > 14 ? 'green' : days > 3 ? 'yellow' : 'red' }
    }
    default:
      return kind satisfies never
  }
}

const stateBadge = (label: string, state: ComponentState, { texts }: Reader): Badge => ({
  label,
  message: texts.states[state].toLowerCase(),
  color: stateColors[state],
})

/** The state of a page in few words; how many of its monitors are down if some are. */
const pageState = ({ title, components }: ReadPage, reader: Reader): Badge => {
  const states = components.map(component => componentState(component, reader.now))
  const overall = overallState(states)
  const down = states.filter(state => state === 'down').length
  switch (overall) {
    case 'someDown':
    case 'allDown':
      return { label: title, message: badgeTexts[reader.language].down(down, states.length), color: 'red' }
    case 'none':
      return { label: title, message: badgeTexts[reader.language].none, color: 'grey' }
    default:
      return stateBadge(title, overall, reader)
  }
}
