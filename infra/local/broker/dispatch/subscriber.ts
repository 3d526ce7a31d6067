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
   * The URL with its path, which a dead letter contains as knativeerrordest. Its host is sent in the Host header. For a
   * host under `.localhost` the connection is opened to this machine.
   */
  url: string
  /** The name of the function; null when the subscriber is an address outside this machine. */
  function: string | null
  /**
   * A request that takes longer is answered 504 by the proxy in front of the subscriber (timeoutSeconds of a function).
   */
  timeoutMs?: number
  /**
   * Waits until the function can take a request, and starts a process if needed. Resolves with the address to connect
   * to. The wait does not count towards the timeout of the attempt. A rejection is a failed attempt with the `status`
   * of the error (503 when it has none). Without `reach`, the request is sent to `url` at once.
   */
  reach?(): Promise<Reached>
}

/** A subscriber that is ready for one request. */
export interface Reached {
  /** `http://127.0.0.1:41234` */
  origin: string
  /** Must be called once: when the response has arrived, or when the caller no longer waits for it. */
  release(): void
}
