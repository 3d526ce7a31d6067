import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Cause, type EventOf, rootCause, type VigiaEvent } from '#events/event.ts'
import { UpdateDeferred } from '#events/update-deferred.ts'

/** An update as Telegram sent it. `parseUpdate` reads the other fields. */
export interface Update {
  readonly update_id: number
  readonly [field: string]: unknown
}

/**
 * The cause of all events that an update leads to. It is the same each time Telegram or the broker delivers the update.
 */
export const causeOf = (botId: number, updateId: number): Cause => rootCause(`update/${botId}/${updateId}`)

/**
 * Makes and checks the events that carry an update through the broker and back. Anyone on the Internet can send an
 * event to telegram-webhook, so each event contains two proofs that telegram-webhook made it: its id contains a seal,
 * which is checked before the body is read, and its data contain a signature of the update. The signature covers JSON
 * with sorted keys, because an event store may change the order of the keys.
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

    /**
     * The event for an update that cannot be handled or published: it contains only the number of the update and the
     * reason. The event becomes a dead letter.
     */
    refused: (updateId: number, reason: string) => event({ update_id: updateId, [refusalField]: reason.slice(0, 300) }),

    /** Whether the headers of a request belong to an event that this function made. Computes one hash at most. */
    admits: (headers: Record<string, string | string[] | undefined>): boolean => {
      const id = headers['ce-id']
      if (headers['ce-type'] !== UpdateDeferred.type || typeof id !== 'string' || id.length > 200) return false
      const updateId = /^update\/\d{1,15}\/(\d{1,16})\//.exec(id)?.[1]
      return updateId !== undefined && same(id, idOf(Number(updateId)))
    },

    /** Whether this function made the event for exactly this update. */
    isGenuine: (event: VigiaEvent<{ update: Update; signature: string }>): boolean =>
      same(event.id, idOf(event.data.update.update_id)) && same(event.data.signature, signature(event.data.update)),
  }
}

export type DeferredUpdates = ReturnType<typeof deferredUpdates>

/** The field that this function adds for the reason. Telegram's updates have no field of this name. */
const refusalField = 'vigia_refused'

/** Why the update cannot be handled, or null for a complete update. */
export const refusalIn = (update: Update): string | null =>
  typeof update[refusalField] === 'string' ? update[refusalField] : null

const same = (one: string, other: string) =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  )
