import type { CloudEvent } from '../event/cloud-event.ts'
import type { AttemptRecord, NewDelivery, NewEvent, SettledDelivery } from './commit-batch.ts'

/**
 * The result of a publication. `stored`: the event is in PostgreSQL now. `duplicate`: the event was stored before.
 * `unknown`: the commit failed or was not possible, so the event may be stored or not. `rejected`: PostgreSQL cannot
 * store these values.
 */
export type PublicationResult = 'stored' | 'duplicate' | 'unknown' | 'rejected'

/** An event to store. */
export interface Publication {
  key: Buffer
  event: CloudEvent
  /**
   * Returns the deliveries of the event. Called right before the event is sent to PostgreSQL. Deliveries with a `lease`
   * are dispatched from memory. `onResult` is called later. After `unknown`, `route` and `onResult` may be called
   * again.
   */
  route(seq: number, lease: number): NewDelivery[]
  onResult(result: PublicationResult): void
}

/**
 * The outcome of a delivery attempt, which is stored together with the event that the subscriber replied. It waits in
 * the queue while PostgreSQL is unavailable.
 */
export interface Settlement {
  /**
   * Returns the new state of the delivery. Called when the settlement is sent to PostgreSQL, because the lease may
   * change until then.
   */
  settled(): SettledDelivery
  attempts: AttemptRecord[]
  reply: Publication | null
  /** Called once. `lease lost`: the lease is no longer valid, so the new state of the delivery was not stored. */
  onResult(result: 'stored' | 'lease lost'): void
}

/** A publication or a settlement on its way into a statement. */
export interface CommitItem {
  publication: Publication | null
  settlement: Settlement | null
  /** The event of the publication, or the reply of the settlement. */
  event: NewEvent | null
  /** Whether the result of this item was reported. */
  isFinished: boolean
}

/** The publication of an item: the item itself, or the reply of a settlement; null when a settlement has no reply. */
export const publicationOf = ({ publication, settlement }: CommitItem): Publication | null =>
  publication ?? settlement!.reply

/** Limits of one statement. A larger statement does not raise the throughput, and delays all its items. */
const maxItems = 400
const maxBytes = 8 * 1024 * 1024

export interface CommitQueue {
  readonly isEmpty: boolean
  /** How many publications wait, and how many bytes of data they have. */
  readonly queued: { readonly events: number; readonly bytes: number }
  publish(publication: Publication): void
  settle(settlement: Settlement): void
  /** Takes the oldest publications and settlements, as many as one statement may hold. */
  takeBatch(): CommitItem[]
  /** Puts settlements back in front, in their order. */
  putBack(settlements: readonly Settlement[]): void
  /** Reports `unknown` to every publication that waits. Settlements stay. */
  dropPublications(): void
}

export const commitQueue = (): CommitQueue => {
  const publications: Publication[] = []
  const settlements: Settlement[] = []
  const queued = { events: 0, bytes: 0 }

  const countOut = ({ event }: Publication) => {
    queued.events--
    queued.bytes -= event.data.length
  }

  return {
    get isEmpty() {
      return publications.length + settlements.length === 0
    },
    queued,
    publish: publication => {
      queued.events++
      queued.bytes += publication.event.data.length
      publications.push(publication)
    },
    settle: settlement => {
      settlements.push(settlement)
    },
    takeBatch: () => {
      let bytes = 0
      const firstRemaining = publications.findIndex(({ event }, index) => {
        bytes += event.data.length
        return index >= maxItems || (index > 0 && bytes > maxBytes)
      })
      const taken = publications.splice(0, firstRemaining === -1 ? publications.length : firstRemaining)
      for (const publication of taken) countOut(publication)
      return [
        ...taken.map(publication => ({ publication, settlement: null, event: null, isFinished: false })),
        ...settlements
          .splice(0, maxItems)
          .map(settlement => ({ publication: null, settlement, event: null, isFinished: false })),
      ]
    },
    putBack: returned => {
      settlements.unshift(...returned)
    },
    dropPublications: () => {
      for (const publication of publications.splice(0)) {
        countOut(publication)
        publication.onResult('unknown')
      }
    },
  }
}
