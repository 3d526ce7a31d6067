import type { Filter } from '#local/filters/filter.ts'

/**
 * The manifests in knative/ and triggers/, after they were read and checked. The rest of the runtime uses them only in
 * this form.
 */
export interface Manifests {
  namespace: string
  broker: BrokerManifest
  functions: FunctionManifest[]
  triggers: TriggerManifest[]
  sources: SourceManifest[]
  /** Fields that have no meaning on one machine. `npm start -- --verbose` lists them. */
  unused: UnusedField[]
}

/** The position of a value in a manifest. Messages show it as `triggers/uptime-prober.yaml:14`. */
export interface Origin {
  file: string
  line: number
}

export interface BrokerManifest extends Origin {
  name: string
}

/** A Knative Service: one function, which runs as child processes of its bundle. */
export interface FunctionManifest extends Origin {
  name: string
  /** The value of FUNCTION_TARGET. The bundle is `.build/functions/<target>.mjs`. */
  target: string
  /** `cluster-local` functions have no public address on a cluster. */
  visibility: 'public' | 'cluster-local'
  /** How the function is reached on PUBLIC_PORT; null when it is not public there. */
  public: PublicAccess | null
  env: EnvEntry[]
  /** The path of the broker in K_SINK when a SinkBinding selects this function, else null. */
  sink: string | null
  /** K_CE_OVERRIDES of that SinkBinding: JSON, or '' when it overrides nothing. */
  ceOverrides: string
  /** How many requests one process handles at the same time; 0 means no limit. */
  containerConcurrency: number
  /** Used when containerConcurrency is 0: when a process has this number of requests, another process is started. */
  softConcurrency: number
  minScale: number
  /** The maximum number of processes; 0 means that only the limit for one machine applies. */
  maxScale: number
  /** The minimum number of processes to start when the function has no process. */
  activationScale: number
  /** How long a process without requests keeps running. */
  idleMs: number
  /** How long a whole request may take, and how long a process may take to drain. */
  timeoutMs: number
  /** How long a process may take to start, until its readiness probe succeeds. */
  startTimeoutMs: number
  /** Path of the HTTP readiness probe; null when the process is ready as soon as its port accepts connections. */
  readinessPath: string | null
}

/** The label `vigia.dev/public` and the annotation `vigia.dev/public-secret` of a Service. */
export interface PublicAccess {
  /** The function gets the requests to this path and to all paths below it. Example: `/telegram`. */
  path: string
  /**
   * A request is refused unless `header` (in lower case) has the value of the variable `entry`. It is refused before
   * its body is read and before a process of the function is started.
   */
  secret: { header: string; entry: EnvEntry } | null
}

/**
 * A variable of a function. Its value is in the manifest, or it is the value of the runtime's variable that `key`
 * names.
 */
export type EnvEntry = Origin & { name: string } & ({ value: string } | { key: string; optional: boolean })

export interface SourceManifest extends Origin {
  name: string
  namespace: string
  schedule: string
  timeZone: string
  contentType: string | null
  /** The bytes of the body; null when the event has no body. */
  data: Buffer | null
  /** CloudEvents extensions of `ceOverrides`, names in lower case. */
  extensions: Record<string, string>
  to: Destination
}

export interface TriggerManifest extends Origin {
  name: string
  broker: string
  /**
   * An event must pass all filters. An empty list lets every event pass. `spec.filter.attributes` is read as an
   * `attributes` element.
   */
  filters: Filter[]
  subscriber: Destination
  delivery: DeliverySpec
}

/** A `delivery` block: retries and the dead letter sink. */
export interface DeliverySpec {
  /** How many attempts are made after the first. */
  retry: number
  backoffPolicy: 'linear' | 'exponential'
  backoffDelayMs: number
  /** The timeout of each attempt; null when only the timeoutSeconds of the function applies. */
  timeoutMs: number | null
  format: 'binary' | 'json'
  deadLetterSink: Destination | null
}

/** Where an event is sent: to a function (with a path), to the broker, or to an address outside this machine. */
export type Destination =
  | { kind: 'function'; name: string; path: string }
  | { kind: 'broker'; name: string }
  | { kind: 'url'; url: string }

/** A field that has no meaning on one machine. */
export interface UnusedField extends Origin {
  /** The path of the field. Example: `spec.template.spec.containers[0].resources`. */
  field: string
  why: string
}
