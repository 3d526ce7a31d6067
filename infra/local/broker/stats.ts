import type { BrokerChange } from './dispatch/broker-change.ts'

/** Counts since the start, and the state at this moment. */
export interface Stats {
  accepted: number
  duplicates: number
  /** Requests that the ingress did not accept, by status. */
  refused: Record<string, number>
  attempts: number
  done: number
  dead: number
  /** Deliveries held in memory, and those of them that are being sent. */
  inMemory: number
  inFlight: number
  /** Whether the store accepts events. While it does not, the ingress answers 503. */
  storeOpen: boolean
  /** Why PostgreSQL refused the latest commit; null when the commit succeeded. */
  storeError: (Error & { code?: string }) | null
}

export type Counts = Pick<Stats, 'accepted' | 'duplicates' | 'refused' | 'attempts' | 'done' | 'dead'>

export const newCounts = (): Counts => ({ accepted: 0, duplicates: 0, refused: {}, attempts: 0, done: 0, dead: 0 })

export const countChange = (counts: Counts, change: BrokerChange): void => {
  if (change.kind === 'accepted') counts.accepted++
  else if (change.kind === 'attempted') counts.attempts++
  else if (change.state !== 'pending') counts[change.state]++
}
