import { isSchedule } from '#functions/checks/heartbeat.ts'
import type { YamlPath } from '#infra/files/yaml-lines.ts'
import type { DesiredWindow } from './desired.ts'
import { didYouMean } from './did-you-mean.ts'
import { parseDuration } from './duration.ts'
import type { WindowEntry } from './file-schema.ts'

const longestS = 7 * 86_400
const everyDay = '30 2 * * *'

/** Whether the text is an IANA time zone. */
export const isZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return /^[A-Za-z]/.test(zone)
  } catch {
    return false
  }
}

/** Reads a maintenance window. `monitors` are those of its chat. */
export const readWindow = async (
  key: string,
  entry: WindowEntry,
  monitors: Readonly<Record<string, { group?: string }>>,
  report: (path: YamlPath, reason: string) => void,
): Promise<DesiredWindow> => {
  const { title = '', monitor, group, zone = 'UTC' } = entry
  const keys = Object.keys(monitors)
  if (!isZone(zone)) report(['zone'], `${JSON.stringify(zone)} is not a time zone; write it like America/Sao_Paulo`)
  if (monitor !== undefined && group !== undefined) report(['group'], 'is not possible together with monitor')
  if (monitor !== undefined && !keys.includes(monitor))
    report(
      ['monitor'],
      `${JSON.stringify(monitor)} is not the key of a monitor of this chat${didYouMean(monitor, keys)}`,
    )
  const groups = Object.values(monitors).flatMap(each => each.group ?? [])
  if (group !== undefined && !groups.includes(group))
    report(['group'], `${JSON.stringify(group)} is not the group of a monitor of this chat${didYouMean(group, groups)}`)
  const when = isZone(zone) ? await whenOf(entry, zone, report) : null
  return {
    key,
    title,
    monitorKey: monitor ?? null,
    group: group ?? null,
    when: when ?? { cron: everyDay, zone, durationS: 60 },
  }
}

/** When a window is; null if the entry does not say it, which is reported. */
const whenOf = async (
  { cron, duration, from, to }: WindowEntry,
  zone: string,
  report: (path: YamlPath, reason: string) => void,
): Promise<DesiredWindow['when'] | null> => {
  if (cron !== undefined && duration !== undefined && from === undefined && to === undefined) {
    if (!(await isSchedule(cron, zone, new Date())))
      report(['cron'], `${JSON.stringify(cron)} is not a schedule of five fields; write it like ${everyDay}`)
    const durationS = parseDuration(duration)! / 1000
    if (!Number.isInteger(durationS) || durationS < 60 || durationS > longestS)
      report(['duration'], `is ${duration}; it must be whole seconds from 1m to 7d`)
    return { cron, zone, durationS }
  }
  if (from === undefined || to === undefined || cron !== undefined || duration !== undefined) {
    report([], 'needs either cron and duration, or from and to')
    return null
  }
  const [startsAt, endsAt] = [instantOf(from, zone), instantOf(to, zone)]
  if (startsAt === null) report(['from'], `${JSON.stringify(from)} is not a date and a time`)
  if (endsAt === null) report(['to'], `${JSON.stringify(to)} is not a date and a time`)
  if (startsAt === null || endsAt === null) return null
  if (endsAt <= startsAt) report(['to'], `is ${to}; it must be later than ${from}`)
  return { startsAt, endsAt }
}

/** The instant of a local time; null if there is no such day or hour. */
const instantOf = (text: string, timeZone: string): Date | null => {
  try {
    const local = Temporal.PlainDateTime.from(text.replace(' ', 'T'), { overflow: 'reject' })
    return new Date(local.toZonedDateTime(timeZone).epochMilliseconds)
  } catch {
    return null
  }
}
