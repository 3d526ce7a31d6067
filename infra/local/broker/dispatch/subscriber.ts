import type { Filter } from '#local/filters/filter.ts'
import type { DeliverySpec, Destination } from '#local/manifests/model.ts'

/** A Trigger as the manifest reader returns it. */
export interface Trigger {
  name: string
  /** An event must pass all of them. An empty list lets every event pass. */
  filters: readonly Filter[]
  subscriber: Destination
  delivery: DeliverySpec
}

/** A receiver of events over HTTP. */
export interface Subscriber {
  /**
   * Its URL with path, as a dead letter names it (knativeerrordest). Its host becomes the Host header. Hosts under
   * `.localhost` are dialled on this machine.
   */
  url: string
  /** The function's name, for people; null for an address outside. */
  function: string | null
  /**
   * A request that takes longer is answered 504 by the proxy in front of the subscriber (timeoutSeconds of a function).
   */
  timeoutMs?: number
  /**
   * Resolves when a request may be sent, with the address to dial. Meanwhile a function at zero is started, or a full
   * one is waited for; this time counts neither as an attempt nor towards a timeout. A rejection is a failed attempt
   * with the error's `status` (503 when it has none). Absent: `url` is dialled.
   */
  reach?(): Promise<Reached>
}

/** A subscriber that is ready for one request. */
export interface Reached {
  /** `http://127.0.0.1:41234` */
  origin: string
  /** Called once, when the response has arrived or is no longer awaited. */
  release(): void
}
