import type { VigiaEvent } from '#events/event.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { Tick } from '#events/tick.ts'
import { type EventsToPublish, type FunctionDefinition, on } from '#functions/host/function-definition.ts'

/** The attributes of a valid series.followed event; `follow` is its data. */
export const followed = { type: SeriesFollowed.type, subject: 'show/82' }
export const follow = { chatId: 7, showId: 82, followedAt: '2026-11-21T12:00:00Z' }

/** A function definition that records the events that the function receives. */
export const recorder = (rule: (event: VigiaEvent) => Promise<EventsToPublish> = async () => {}) => {
  const events: VigiaEvent[] = []
  const record = async (event: VigiaEvent) => {
    events.push(event)
    return rule(event)
  }
  return {
    events,
    definition: { name: 'keeper', events: [on(SeriesFollowed, record), on(Tick, record)] } satisfies FunctionDefinition,
  }
}
