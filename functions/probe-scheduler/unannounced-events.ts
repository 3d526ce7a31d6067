import type { Postgres } from '#database/connect.ts'
import { monitorEventsIn } from '#database/uptime/monitor-events.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { publishable } from '#functions/outages/publishable.ts'
import { storedEvents } from './stored-events.ts'

const minuteMs = 60_000
/** An event usually becomes a message within seconds. */
const overdueMs = minuteMs
/**
 * An event that is older than this is left alone. If the tries until then led to no message, the reason is not a lost
 * event: the chat gets no messages, for example because it blocked the bot.
 */
const giveUpMs = 6 * minuteMs

/**
 * Makes the function that every tick calls. Once a minute it publishes again the events about monitors and maintenance
 * about which no message was requested, with the same ids. Without this function, a broker that loses an event which it
 * has accepted would hide an outage.
 */
export const unannouncedEvents = (db: Postgres): ((tick: Cause, now: Date) => Promise<VigiaEvent[]>) => {
  let lastMinute: number | undefined
  return async (tick, now) => {
    const minute = Math.floor(now.getTime() / minuteMs)
    if (minute === lastMinute) return []
    const events = await monitorEventsIn(db).unannounced(ago(now, giveUpMs), ago(now, overdueMs))
    lastMinute = minute
    return publishable(tick, events, storedEvents)
  }
}

const ago = (now: Date, ms: number) => new Date(now.getTime() - ms)
