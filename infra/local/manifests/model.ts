import type { Filter } from '#local/filters/filter.ts'

/** What knative/ and triggers/ say, read and checked: the only form in which the rest of the runtime knows the manifests. */
export interface Manifests {
  namespace: string
  broker: BrokerManifest
  functions: FunctionManifest[]
  triggers: TriggerManifest[]
  sources: SourceManifest[]
  /** Fields that have no meaning on one machine, for the banner. */
  unused: UnusedField[]
}

/** Where a thing was said, for messages: `triggers/uptime-prober.yaml:14`. */
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
  /** Requests one process works on at once; 0 means no limit. */
  containerConcurrency: number
  /** Requests that call for one more process where containerConcurrency is 0. */
  softConcurrency: number
  minScale: number
  /** 0 means as many as the machine may have. */
  maxScale: number
  /** How many processes the step from zero starts at least. */
  activationScale: number
  /** How long a process without work is kept. */
  idleMs: number
  /** The whole time a request may take, and the time a draining process gets. */
  timeoutMs: number
  /** How long a process may take to its first answer to the readiness probe. */
  startTimeoutMs: number
  /** Path for an HTTP readiness probe; null: the port accepts connections. */
  readinessPath: string | null
}

/** The label `vigia.dev/public` and the annotation `vigia.dev/public-secret` of a Service. */
export interface PublicAccess {
  /** `/telegram`: the function gets this path and everything below it. */
  path: string
  /** The header (in lower case) must be the value of the container's variable, or the request is refused before it is load. */
  secret: { header: string; entry: EnvEntry } | null
}

/** A variable of a function: said in the manifest, or the runtime's variable of the same key name. */
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
  /** All must match; none means every event. `filter.attributes` is an `attributes` element. */
  filters: Filter[]
  subscriber: Destination
  delivery: DeliverySpec
}

export interface DeliverySpec {
  /** Attempts after the first. */
  retry: number
  backoffPolicy: 'linear' | 'exponential'
  backoffDelayMs: number
  /** Of each attempt; null: the function's own timeoutSeconds. */
  timeoutMs: number | null
  format: 'binary' | 'json'
  deadLetterSink: Destination | null
}

/** Where an event goes: a function (with a path), the broker, or an address of the outside. */
export type Destination =
  | { kind: 'function'; name: string; path: string }
  | { kind: 'broker'; name: string }
  | { kind: 'url'; url: string }

export interface UnusedField extends Origin {
  /** `spec.template.spec.containers[0].resources` */
  field: string
  why: string
}
