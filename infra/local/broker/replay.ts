import type { Postgres } from '#database/connect.ts'
import type { CloudEvent } from './event/cloud-event.ts'
import { eventKey } from './event/event-key.ts'
import { eventFromJson } from './event/read-event.ts'
import { type Store, StoreUnavailable } from './store/store.ts'

/** The Trigger to which an event should be sent again no longer exists. */
export class UnknownTrigger extends Error {}
/** The JSON of a dead letter cannot be read as an event. */
export class BadEvent extends Error {}

export interface ReplayOptions {
  db: Postgres
  /** Whether this Trigger exists. */
  hasTrigger(name: string): boolean
  store: Pick<Store, 'isOpen' | 'publish'>
  /** Called when the delivery is due in the store. */
  onDue(trigger: string): void
  isStopping(): boolean
  clock: () => Date
}

/**
 * Sends an event to one Trigger again; its attempts are counted from 0. Throws BadEvent, UnknownTrigger or
 * StoreUnavailable.
 */
export type Redeliver = (event: Record<string, unknown>, trigger: string) => Promise<void>

/**
 * Replays dead letters. The event of a dead letter may have been deleted from the store meanwhile; then it is stored
 * again from its JSON form.
 */
export const redeliverer =
  ({ db, hasTrigger, store, onDue, isStopping, clock }: ReplayOptions): Redeliver =>
  async (json, trigger) => {
    if (!hasTrigger(trigger)) throw new UnknownTrigger(`there is no Trigger ${trigger}`)
    const read = eventFromJson(json, clock())
    if (read.kind !== 'event') throw new BadEvent(read.kind === 'empty' ? 'the dead letter has no event' : read.why)
    const key = eventKey(read.event)
    if (!(await makeDueAgain(db, key, trigger))) {
      if (isStopping() || !store.isOpen) throw new StoreUnavailable('PostgreSQL is unavailable')
      await storeUndelivered(store, read.event, key)
      await makeDueAgain(db, key, trigger)
    }
    onDue(trigger)
  }

/** Stores an event without any delivery. */
const storeUndelivered = (store: Pick<Store, 'publish'>, event: CloudEvent, key: Buffer): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  store.publish({
    event,
    key,
    route: () => [],
    onResult: result =>
      result === 'stored' || result === 'duplicate'
        ? resolve()
        : reject(new StoreUnavailable('it is unknown whether the event was stored; replay it again')),
  })
  return promise
}

/**
 * Makes a stored event due for a Trigger again, as if it had never been tried. Returns false when the event is not in
 * the store. A delivery that is on its way to the subscriber is not changed. A dead letter that is on its way to the
 * sink is reset, because the function that receives the dead letter may already ask for the replay.
 */
const makeDueAgain = async (db: Postgres, key: Buffer, trigger: string): Promise<boolean> => {
  const { rows } = await db.query<{ isStored: boolean }>(
    `with event as (select seq from broker.event where key = $1), again as (
       insert into broker.delivery (event_seq, trigger) select seq, $2 from event
       on conflict (event_seq, trigger) do update
       set state = 'pending', attempts = 0, due = now(), lease = null, letter = null
       where delivery.due is null or delivery.letter is not null
     )
     select exists (select from event) as "isStored"`,
    [key, trigger],
  )
  return rows[0]!.isStored
}
