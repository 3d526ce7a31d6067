import type { ReadComponent, ReadPage } from '#database/pages/page-reading.ts'
import { componentState, overallState } from '../component-state.ts'
import type { Reader } from '../html/layout.ts'
import { iconSvg } from '../html/shapes.ts'
import type { PageRequest, TextFile } from '../page-request.ts'
import { badgeJson, badgeSvg } from './badge.ts'
import { badgeOf } from './badges.ts'

const types: Record<TextFile['format'], string> = {
  svg: 'image/svg+xml; charset=utf-8',
  rss: 'application/rss+xml; charset=utf-8',
  atom: 'application/atom+xml; charset=utf-8',
  json: 'application/json; charset=utf-8',
  ics: 'text/calendar; charset=utf-8',
}

/** A badge, a feed or the calendar of a page. The writers of feeds and calendars are loaded when they are needed. */
export const renderFile = async (
  page: ReadPage,
  component: ReadComponent | undefined,
  file: TextFile,
  request: PageRequest,
  reader: Reader,
): Promise<{ type: string; text: string }> => {
  if (file.kind === 'badge') {
    const badge = badgeOf(page, component, file.badge, request, reader)
    return { type: types[file.format], text: file.format === 'svg' ? badgeSvg(badge) : badgeJson(badge) }
  }
  if (file.kind === 'icon') {
    const states = page.components.map(each => componentState(each, reader.now))
    return { type: types.svg, text: iconSvg(overallState(states)) }
  }
  if (file.kind === 'calendar') {
    const { calendarOf } = await import('./calendar.ts')
    return { type: types.ics, text: calendarOf(page, reader) }
  }
  const { feedOf } = await import('./feeds.ts')
  const type = file.format === 'json' ? 'application/feed+json; charset=utf-8' : types[file.format]
  return { type, text: feedOf(page, file.format, reader) }
}
