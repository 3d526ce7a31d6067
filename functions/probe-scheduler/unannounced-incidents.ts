import type { Postgres } from '#database/connect.ts'
import { incidentsIn } from '#database/uptime/incidents.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { ProbeRequested } from '#events/probe-requested.ts'

const minuteMs = 60_000
/** An event usually becomes a message within seconds. */
const overdueMs = minuteMs
/**
 * An incident that is older than this is left alone. If the tries until then led to no message, the reason is not a
 * lost event: the chat gets no messages, for example because it blocked the bot.
 */
const giveUpMs = 6 * minuteMs

/**
 * Makes the function that every tick calls. Once a minute it requests again the checks that opened or closed an
 * incident about which no message was requested. uptime-prober has stored the results of these checks, so it only
 * publishes their events again, with the same ids. Without this function, a broker that loses an event which it has
 * accepted would hide an outage.
 */
export const unannouncedIncidents = (db: Postgres): ((tick: Cause, now: Date) => Promise<VigiaEvent[]>) => {
  let lastMinute: number | undefined
  return async (tick, now) => {
    const minute = Math.floor(now.getTime() / minuteMs)
    if (minute === lastMinute) return []
    const slots = await incidentsIn(db).unannounced(ago(now, giveUpMs), ago(now, overdueMs))
    lastMinute = minute
    if (slots.length === 0) return []
    return [
      ProbeRequested.from(tick, {
        // Two ticks of one minute publish the same id.
        id: `unannounced@${new Date(minute * minuteMs).toISOString()}/${ProbeRequested.name}`,
        subject: 'shard/0',
        data: { reason: 'slot', checks: slots.map(({ id, ...check }) => ({ monitorId: id, ...check })) },
      }),
    ]
  }
}

const ago = (now: Date, ms: number) => new Date(now.getTime() - ms)
