import type { Postgres } from '#database/connect.ts'
import { importsIn } from '#database/series/imports.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { ImportsDue } from '#events/imports-due.ts'

const minuteMs = 60_000

/**
 * Makes the function that every tick calls. Once a minute it returns the event that lets `importer` go on with imports;
 * none while no import waits. Two processes in the same minute publish the same id.
 */
export const importsDue = (db: Postgres): ((tick: Cause, now: Date) => Promise<VigiaEvent[]>) => {
  let lastMinute: number | undefined
  return async (tick, now) => {
    const minute = Math.floor(now.getTime() / minuteMs)
    if (minute === lastMinute) return []
    const areWaiting = await importsIn(db).areWaiting(now)
    lastMinute = minute
    if (!areWaiting) return []
    const at = new Date(minute * minuteMs).toISOString()
    return [ImportsDue.from(tick, { id: `imports@${at}`, subject: 'imports', data: { at } })]
  }
}
