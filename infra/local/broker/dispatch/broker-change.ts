import type { CloudEvent } from '../event/cloud-event.ts'

/** A change in the broker, for its listeners: counters, tests, pages. */
export type BrokerChange =
  | { kind: 'accepted'; seq: number; event: CloudEvent }
  | { kind: 'attempted'; seq: number; trigger: string; status: number | null; error: string | null; ms: number }
  | { kind: 'settled'; seq: number; trigger: string; state: 'pending' | 'done' | 'dead' }
