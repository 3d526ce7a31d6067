import type { Filter } from '#local/filters/filter.ts'

/** The manifests in knative/ and triggers/, read and checked. The rest of the runtime knows them only in this form. */
export interface Manifests {
  namespace: string
  broker: BrokerManifest
  functions: FunctionManifest[]
  triggers: TriggerManifest[]
  sources: SourceManifest[]
  /** Fields that have no meaning on one machine, for the banner. */
  unused: UnusedField[]
}

/** The place in a manifest that a value comes from, for messages: `triggers/uptime-prober.yaml:14`. */
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
  /** FUNCTION_TARGET: the bundle `.build/functions/<target>.mjs`. */
  target: string
  /** `cluster-local` functions have no public address on a cluster. */
  visibility: 'public' | 'cluster-local'
  /** How the function is reached on PUBLIC_PORT; null: not at all. */
  public: PublicAccess | null
  env: EnvEntry[]
  /** The path of the broker in K_SINK when a SinkBinding selects this function, else null. */
  sink: string | null
  /** K_CE_OVERRIDES of that SinkBinding: JSON, or ''. */
  ceOverrides: string
  /** How many requests one process handles at the same time; 0 means no limit. */
  containerConcurrency: number
  /** Used when containerConcurrency is 0: at this number of requests in a process, another process is started. */
  softConcurrency: number
  minScale: number
  /** 0 means no limit but that of the machine. */
  maxScale: number
  /** How many processes are started at least when the function leaves zero. */
  activationScale: number
  /** How long a process without requests is kept. */
  idleMs: number
  /** How long a request may take in all, and how long a draining process may take. */
  timeoutMs: number
  /** How long a process may take until its readiness probe succeeds. */
  startTimeoutMs: number
  /** Path of an HTTP readiness probe; null: it is enough that the port accepts connections. */
  readinessPath: string | null
}

/** The label `vigia.dev/public` and the annotation `vigia.dev/public-secret` of a Service. */
export interface PublicAccess {
  /** `/telegram`: the function gets this path and everything below it. */
  path: string
  /**
   * A request whose header (in lower case) does not have the value of this variable is refused before its body is read
   * and before the function starts.
   */
  secret: { header: string; entry: EnvEntry } | null
}

/** A variable of a function: its value is in the manifest, or it is the runtime's own variable that `key` names. */
export type EnvEntry = Origin & { name: string } & ({ value: string } | { key: string; optional: boolean })

export interface SourceManifest extends Origin {
  name: string
  namespace: string
  schedule: string
  timeZone: string
  contentType: string | null
  /** The bytes of the body; null: no body. */
  data: Buffer | null
  /** CloudEvents extensions of `ceOverrides`, names in lower case. */
  extensions: Record<string, string>
  to: Destination
}

export interface TriggerManifest extends Origin {
  name: string
  broker: string
  /**
   * All of them must match. An empty list means every event. `spec.filter.attributes` is read as an `attributes`
   * element.
   */
  filters: Filter[]
  subscriber: Destination
  delivery: DeliverySpec
}

/** A `delivery` block: retries and the dead letter sink. */
export interface DeliverySpec {
  /** Attempts after the first. */
  retry: number
  backoffPolicy: 'linear' | 'exponential'
  backoffDelayMs: number
  /** The limit of each attempt; null: the function's own timeoutSeconds applies. */
  timeoutMs: number | null
  format: 'binary' | 'json'
  deadLetterSink: Destination | null
}

/** Where an event goes: a function (with a path), the broker, or an address outside. */
export type Destination =
  | { kind: 'function'; name: string; path: string }
  | { kind: 'broker'; name: string }
  | { kind: 'url'; url: string }

/** A field that has no meaning on one machine. */
export interface UnusedField extends Origin {
  /** `spec.template.spec.containers[0].resources` */
  field: string
  why: string
}
