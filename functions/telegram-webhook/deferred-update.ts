import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Cause, type EventOf, rootCause, type VigiaEvent } from '#events/event.ts'
import { UpdateDeferred } from '#events/update-deferred.ts'

/** An update as Telegram sent it; only its number matters before Telegraf reads it. */
export interface Update {
  readonly update_id: number
  readonly [field: string]: unknown
}

/** The cause of everything that an update leads to: the same however often Telegram or the broker brings it. */
export const causeOf = (botId: number, updateId: number): Cause => rootCause(`update/${botId}/${updateId}`)

/**
 * The way of an update through the broker and back. The function is public, so the event proves twice that it is ours: its id
 * carries a seal, checked before the body is read, and the body its signature, over JSON with sorted keys because stores of
 * events may put them in another order.
 */
export const deferredUpdates = (secret: string, botId: number) => {
  const hmac = (what: string, text: string) =>
    createHmac('sha256', secret).update(`vigia ${what}\n${text}`).digest('hex')
  const seal = (updateId: number) => hmac('update.deferred', `${botId}/${updateId}`)
  const idOf = (updateId: number) => `${causeOf(botId, updateId).id}/${UpdateDeferred.name}/${seal(updateId)}`
  const signature = (update: Update) => hmac('update', canonical(update))

  const event = (update: Update): EventOf<typeof UpdateDeferred> =>
    UpdateDeferred.from(causeOf(botId, update.update_id), {
      key: seal(update.update_id),
      subject: `update/${update.update_id}`,
      data: { update: { ...update }, signature: signature(update) },
    })

  return {
    event,

    /** In the place of an update that no broker can carry: its number, and why. It ends as a dead letter. */
    refused: (updateId: number, reason: string) => event({ update_id: updateId, [REFUSED]: reason.slice(0, 300) }),

    /** Whether the headers of a request speak of an event that this function made: costs one hash at most. */
    admits: (headers: Record<string, string | string[] | undefined>): boolean => {
      const id = headers['ce-id']
      if (headers['ce-type'] !== UpdateDeferred.type || typeof id !== 'string' || id.length > 200) return false
      const updateId = /^update\/\d{1,15}\/(\d{1,16})\//.exec(id)?.[1]
      return updateId !== undefined && same(id, idOf(Number(updateId)))
    },

    /** Whether the event, now that it is read, is one that this function made for this very update. */
    genuine: (event: VigiaEvent<{ update: Update; signature: string }>): boolean =>
      same(event.id, idOf(event.data.update.update_id)) && same(event.data.signature, signature(event.data.update)),
  }
}

export type DeferredUpdates = ReturnType<typeof deferredUpdates>

/** Not a field of Telegram's. */
const REFUSED = 'vigia_refused'

/** Why an update was not kept, or null for one that was. */
export const refusalIn = (update: Update): string | null =>
  typeof update[REFUSED] === 'string' ? update[REFUSED] : null

const same = (one: string, other: string) =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  )
