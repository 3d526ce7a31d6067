import { incidentAnswersIn } from '#database/uptime/incident-answers.ts'
import { incidentPage } from '#database/uptime/incident-pages.ts'
import { isBigintId } from '#events/ranges.ts'
import { notFound, Problem } from './problem.ts'
import type { ApiResponse, Call } from './route.ts'

const usualLimit = 50

/** GET /incidents: the outages, the newest first. */
export const listIncidents = async ({ deps: { db }, key, query }: Call): Promise<ApiResponse> => {
  const limit = Number(query.limit ?? usualLimit)
  const idIn = (value: unknown) => (value === undefined ? null : Number(value))
  const [monitorId, before] = [idIn(query.monitor), idIn(query.cursor)]
  if (![monitorId, before].every(id => id === null || isBigintId(id))) return { content: { incidents: [], next: null } }
  const found = await incidentPage(db, key.chatId, { monitorId, before, limit: limit + 1 })
  const incidents = found.slice(0, limit)
  return { content: { incidents, next: found.length > limit ? incidents.at(-1)!.id : null } }
}

/** Ends the reminders about an outage, like the button below its message. A repeat changes nothing. */
export const acknowledgeIncident = async ({ deps: { db, clock }, key, id }: Call): Promise<ApiResponse> => {
  const answer = { answer: 'acknowledge', silence: null, personId: key.personId ?? 0, personName: 'API' } as const
  const result = await incidentAnswersIn(db).give(key.chatId, id, answer, clock())
  if (result === 'gone') throw notFound(`incident ${id}`)
  if (result.isOver) throw new Problem(409, { detail: `The incident ${id} is over.` })
  return { status: 204 }
}
