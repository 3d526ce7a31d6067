import { allEvents } from '#events/all.ts'

/**
 * The id of the cause, as far as the id of an event tells it: most ids are `<id of the cause>/<name>[/<key>]`.
 * Undefined for an id that is not derived, such as that of a tick or a Telegram update.
 */
export const derivedCause = (id: string): string | undefined => {
  const ends = allEvents.flatMap(({ name }) => {
    const at = `${id}/`.lastIndexOf(`/${name}/`)
    return at > 0 ? [at] : []
  })
  return ends.length === 0 ? undefined : id.slice(0, Math.max(...ends))
}

/** `incident/7/monitor.down` and the like: the incident, whose row names the event that opened or closed it. */
export const incidentOf = (id: string): number | undefined => {
  const [, incident] = /^incident\/(\d{1,15})(?:\/|$)/.exec(id) ?? []
  return incident === undefined ? undefined : Number(incident)
}

/** `update/<bot>/<update>`: an update of Telegram, which is the first cause of what a person asked for. */
export const updateOf = (id: string): { botId: string; updateId: string } | undefined => {
  const [, botId, updateId] = /^update\/(\d{1,15})\/(\d{1,15})$/.exec(id) ?? []
  return botId === undefined ? undefined : { botId, updateId: updateId! }
}
