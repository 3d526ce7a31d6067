/** The CPU time that the pods of a cluster used between two samples, in seconds. */
export interface CpuSeconds {
  prober: number
  /** The other functions. */
  functions: number
  databases: number
  /** The pods of Knative Eventing and, in a run with a queue, RabbitMQ, its ingress and the dispatchers. */
  broker: number
  /** The pods of Knative Serving and the ingress. */
  serving: number
  /** The whole machine: also Kubernetes, the simulated sites and the measurement. */
  machine: number
}

/** What was measured at `atS`, and in the time from `atS` to the next sample. */
export interface LoadSample {
  /** Seconds since the start of the first phase. */
  atS: number
  /** Pods of the prober that were ready at `atS`. */
  pods: number
  /** Events that the prober had received and not answered at `atS`. */
  unanswered: number
  /** Checks that were due. */
  checks: number
  /** How many of these checks began more than a second after they were due. */
  late: number
  /** How many of these checks were not done. */
  missed: number
  /** The longest delay of these checks. */
  worstMs: number
  cpu: CpuSeconds
  /** In a run with a queue, at `atS`. */
  queue?: {
    /** Events in the queue or unanswered, as RabbitMQ counts them every five seconds. */
    depth: number
    /** Dispatchers that were ready. */
    dispatchers: number
  }
}

/** A number of monitors, watched for a time. */
export interface Phase {
  monitors: number
  seconds: number
}

/** A run of `npm run test:knative -- --load`. */
export interface LoadRun {
  /** ISO, UTC. */
  date: string
  machine: string
  phases: Phase[]
  /** The interval of every monitor. */
  intervalS: number
  /** The share of monitors whose site accepts connections and never answers. */
  hangingShare: number
  /** Events for the prober that became dead letters, because the broker gave up on them, with up to 50 checks each. */
  undelivered: number
  samples: LoadSample[]
}

/** The runs of load.json, by what delivered the events to the prober. */
export interface LoadRuns {
  /** Knative's default broker. */
  broker: LoadRun
  /** A queue of RabbitMQ, read by dispatchers that KEDA scaled. */
  queue: LoadRun
}

/** The sums over all samples. */
export const measuredTotals = ({ samples }: LoadRun): { checks: number; lateOver1s: number; missed: number } => {
  const sum = (field: 'checks' | 'late' | 'missed') => samples.reduce((total, sample) => total + sample[field], 0)
  return { checks: sum('checks'), lateOver1s: sum('late'), missed: sum('missed') }
}
