import type { Settings } from '#functions/checks/settings.ts'
import { collector, type Imported } from './imported.ts'

/** A check in the response of Healthchecks' API (`GET /api/v3/checks/`), as far as it is read here. */
interface Check {
  name?: string
  slug?: string
  tags?: string
  desc?: string
  status?: string
  grace?: number
  /** The period in seconds; absent for checks with a schedule. */
  timeout?: number
  /** Five fields of cron, or an expression of systemd's OnCalendar. */
  schedule?: string
  tz?: string
  channels?: string
  methods?: string
  manual_resume?: boolean
  filter_subject?: boolean
  filter_body?: boolean
}

/** Reads the JSON of Healthchecks' API: `GET /api/v1|v2|v3/checks/`. Throws an Error if it is something else. */
export const importHealthchecks = (text: string): Imported => {
  const { imported, add, leaveOut } = collector('Healthchecks')
  for (const [index, check] of checksIn(text).entries()) {
    const name = check.name || check.slug || `check ${index + 1}`
    const read = settingsOf(check)
    if ('why' in read) {
      leaveOut(name, read.why)
      continue
    }
    const [group, ...moreTags] = (check.tags ?? '').split(/\s+/).filter(tag => tag !== '')
    add(name, {
      ...(check.slug && { key: check.slug }),
      entry: {
        kind: 'heartbeat',
        name,
        ...(group !== undefined && { group }),
        ...(check.status === 'paused' && { paused: true }),
        settings: read.settings,
      },
      lost: [
        'its job has to ping the new URL of the heartbeat',
        ...(moreTags.length > 0 ? [`a monitor has one group, so the tags ${moreTags.join(', ')} are left out`] : []),
        ...(check.desc ? ['descriptions are left out'] : []),
        ...(check.channels ? ['its integrations are left out, because the messages go to the chat'] : []),
        ...(check.methods === 'POST' ? ['pings by GET are accepted too'] : []),
        ...(check.filter_subject || check.filter_body ? ['filters for e-mails are left out'] : []),
        ...(check.manual_resume ? ['a paused heartbeat is resumed in the chat only'] : []),
      ],
    })
  }
  return imported
}

const settingsOf = ({ timeout, schedule, tz, grace }: Check): { settings: Settings } | { why: string } => {
  const common = grace === undefined ? {} : { graceS: grace }
  if (schedule === undefined) return { settings: { ...(timeout !== undefined && { periodS: timeout }), ...common } }
  const cron = schedule.trim()
  if (cron.split(/[ \t]+/).length !== 5 || cron.includes('\n'))
    return { why: `its schedule ${JSON.stringify(schedule)} is not cron; OnCalendar is not supported` }
  return { settings: { cron, ...(tz && { timeZone: tz }), ...common } }
}

const checksIn = (text: string): Check[] => {
  const value: unknown = parsed(text)
  const checks = Array.isArray(value) ? value : (value as { checks?: unknown } | null)?.checks
  if (!Array.isArray(checks))
    throw new Error(
      'the file is not the response of Healthchecks to GET /api/v3/checks/, because it has no list "checks"',
    )
  return checks.filter(check => typeof check === 'object' && check !== null)
}

const parsed = (text: string) => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`the file is not JSON: ${(error as Error).message}`, { cause: error })
  }
}
