import { Cron } from 'croner'
import type { Repetition } from '#database/uptime/maintenance.ts'

/** The first start of maintenance after that time; null if the schedule has none. */
export const nextStart = ({ cron, zone }: Pick<Repetition, 'cron' | 'zone'>, after: Date): Date | null =>
  new Cron(cron, { timezone: zone, paused: true, mode: '5-part' }).nextRun(after)
