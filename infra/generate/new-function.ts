export interface NewFunction {
  name: string
  /** A cron schedule; null for a function that handles an event. */
  tick: string | null
  /** The name of the event that a function without a tick handles: `monitor.down`. */
  event: string
}

export const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

/** The files of a new function by path, and functions/README.md with its row. `read` returns the text of a file. */
export const newFunctionFiles = async (
  { name, tick, event }: NewFunction,
  read: (path: string) => Promise<string>,
): Promise<Map<string, string>> => {
  const handled = tick === null ? eventNames(event) : null
  return new Map([
    [`functions/${name}/${name}.ts`, rule(name, handled)],
    [`functions/${name}/main.ts`, wiring(name, handled)],
    [`test/functions/${name}.test.ts`, ruleTest(name, handled)],
    [`knative/services/${name}.yaml`, service(name)],
    ...(tick === null ? [] : [[`knative/sources/${name}.yaml`, source(name, tick)] as const]),
    [`triggers/${name}.yaml`, trigger(name, handled)],
    [
      'functions/README.md',
      withRow(await read('functions/README.md'), name, tick === null ? `\`${event}\`` : `tick \`${tick}\``),
    ],
  ])
}

interface EventNames {
  /** `monitor.down` */
  name: string
  /** `monitor-down`: its file in `events/`, and the end of the Trigger's name. */
  file: string
  /** `MonitorDown` */
  definition: string
}

/** The names of an event: `monitor.down` is `MonitorDown` in `events/monitor-down.ts`. */
export const eventNames = (name: string): EventNames => {
  const file = name.replaceAll('.', '-')
  return { name, file, definition: camelCase(`-${file}`) }
}

const rule = (name: string, event: EventNames | null) =>
  event !== null
    ? `${eventImports(event)}

/** Handles every ${event.name}. The same event twice has one effect. Returns the events that follow. */
export const ${camelCase(name)} = async (event: EventOf<typeof ${event.definition}>): Promise<VigiaEvent[]> => {
  void event
  return []
}
`
    : `import type { Cause, VigiaEvent } from '#events/event.ts'
import type { Clock } from '#functions/host/clock.ts'

interface Dependencies {
  clock: Clock
}

/** Handles a tick. The same tick twice has one effect. Returns the events that follow. Missed ticks are lost. */
export const ${camelCase(name)} = async (tick: Cause, { clock }: Dependencies): Promise<VigiaEvent[]> => {
  void tick
  void clock()
  return []
}
`

/** The imports in the order of their paths, which the linter requires. */
const eventImports = ({ definition, file }: EventNames) =>
  [
    { path: 'event', names: 'EventOf, VigiaEvent' },
    { path: file, names: definition },
  ]
    .sort((one, other) => (one.path < other.path ? -1 : 1))
    .map(({ path, names }) => `import type { ${names} } from '#events/${path}.ts'`)
    .join('\n')

const wiring = (name: string, event: EventNames | null) =>
  event !== null
    ? `import { postgres } from '#database/connect.ts'
import { ${event.definition} } from '#events/${event.file}.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { ${camelCase(name)} } from './${name}.ts'

${pool(name)}

serve({
  name: '${name}',
  events: [on(${event.definition}, event => ${camelCase(name)}(event))],
  close: [() => db.end()],
})
`
    : `import { postgres } from '#database/connect.ts'
import { Tick } from '#events/tick.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { ${camelCase(name)} } from './${name}.ts'

${pool(name)}

serve({
  name: '${name}',
  events: [on(Tick, tick => ${camelCase(name)}(tick, { clock: systemClock }))],
  close: [() => db.end()],
})
`

/**
 * The code that makes the pool. The pool connects with its first query, so it costs nothing in a function without
 * queries.
 */
const pool = (name: string) =>
  `// Pass it to the rule, as functions/episode-checker/main.ts does.
const db = postgres(env('DATABASE_URL'), { applicationName: '${name}' })`

const ruleTest = (name: string, event: EventNames | null) =>
  event !== null
    ? `import { expect, test } from 'vitest'
import { ${event.definition} } from '#events/${event.file}.ts'
import { ${camelCase(name)} } from '#functions/${name}/${name}.ts'
import { sampleEvent } from '#test/support/sample-events.ts'

test('an event that is delivered twice gives the same events', async () => {
  const event = sampleEvent(${event.definition})
  expect(await ${camelCase(name)}(event)).toEqual(await ${camelCase(name)}(event))
})
`
    : `import { expect, test } from 'vitest'
import { Tick } from '#events/tick.ts'
import { ${camelCase(name)} } from '#functions/${name}/${name}.ts'
import { sampleEvent } from '#test/support/sample-events.ts'

const clock = () => new Date('2026-11-21T12:00:00Z')

test('a tick that is delivered twice gives the same events', async () => {
  const tick = sampleEvent(Tick)
  expect(await ${camelCase(name)}(tick, { clock })).toEqual(await ${camelCase(name)}(tick, { clock }))
})
`

const service = (
  name: string,
) => `# Waits for: (write here what its requests wait for; infra/cluster/scaling/README.md will show this text)
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: ${name}
  namespace: vigia
  labels:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/part-of: vigia
    networking.knative.dev/visibility: cluster-local
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/min-scale: "0"
        autoscaling.knative.dev/max-scale: "1"
        autoscaling.knative.dev/metric: concurrency
        autoscaling.knative.dev/target: "1"
        autoscaling.knative.dev/window: 30s
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      containerConcurrency: 1
      timeoutSeconds: 60
      containers:
        - image: vigia
          env:
            - name: FUNCTION_TARGET
              value: ${name}
            - name: NODE_ENV
              value: production
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef:
                  name: vigia-postgres
                  key: DATABASE_URL
            - name: LOG_LEVEL
              valueFrom:
                configMapKeyRef:
                  name: vigia
                  key: LOG_LEVEL
                  optional: true
            - name: OTEL_EXPORTER_OTLP_ENDPOINT
              valueFrom:
                configMapKeyRef:
                  name: vigia
                  key: OTEL_EXPORTER_OTLP_ENDPOINT
                  optional: true
          readinessProbe:
            httpGet:
              path: /healthz
          resources:
            requests:
              cpu: 50m
              memory: 80Mi
            limits:
              cpu: "1"
              memory: 192Mi
          securityContext:
            runAsNonRoot: true
            runAsUser: 65532
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
            seccompProfile:
              type: RuntimeDefault
          volumeMounts:
            - name: tmp
              mountPath: /tmp
      volumes:
        - name: tmp
          emptyDir: {}
`

const source = (name: string, tick: string) => `apiVersion: sources.knative.dev/v1
kind: PingSource
metadata:
  name: ${name}
  namespace: vigia
  labels:
    app.kubernetes.io/part-of: vigia
spec:
  schedule: ${JSON.stringify(tick)}
  timezone: UTC
  contentType: application/json
  data: "{}"
  ceOverrides:
    extensions:
      tick: ${name}
  sink:
    ref:
      apiVersion: eventing.knative.dev/v1
      kind: Broker
      name: default
`

const trigger = (name: string, event: EventNames | null) => {
  const trigger = `${name}-${event === null ? 'tick' : event.file}`
  return `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: ${trigger}
  namespace: vigia
  labels:
    app.kubernetes.io/part-of: vigia
spec:
  broker: default
  filter:
    attributes:
      type: ${event === null ? `dev.knative.sources.ping\n      tick: ${name}` : `dev.vigia.${event.name}`}
  subscriber:
    ref:
      apiVersion: serving.knative.dev/v1
      kind: Service
      name: ${name}
  delivery:
    retry: 3
    backoffPolicy: exponential
    backoffDelay: PT10S
    timeout: PT60S
    deadLetterSink:
      ref:
        apiVersion: serving.knative.dev/v1
        kind: Service
        name: error-notifier
      uri: /dead/${trigger}
`
}

/** functions/README.md with a row at the end of the table of functions. */
const withRow = (text: string, name: string, wokenBy: string): string => {
  const rows = [...text.matchAll(/^\| `[a-z-]+` \|.*$/gm)]
  const last = rows.at(-1)
  if (!last) return text
  const end = last.index + last[0].length
  return `${text.slice(0, end)}\n| \`${name}\` | ${wokenBy} | what it does | – |${text.slice(end)}`
}
