import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { selects } from '#test/cluster-files/support/network-policies.ts'

/** `Service vigia/telegram-webhook`. */
export const nameOf = ({ kind, metadata: { namespace, name } }: KubeObject): string =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name}`

interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
}

const because = ({ reason, message }: { reason?: string; message?: string }) => {
  const text = [reason, message].filter(Boolean).join(': ')
  return text && `: ${text}`
}

/** The objects that are not ready, or that have failed, with the reason that their controller gives. */
export const notReady = (objects: readonly KubeObject[]): string[] =>
  objects.flatMap(object => {
    const conditions: Condition[] = object.status?.conditions ?? []
    return conditions.flatMap(condition => {
      if (['Ready', 'Available'].includes(condition.type) && condition.status !== 'True')
        return [`${nameOf(object)} is not ready${because(condition)}`]
      return condition.type === 'Failed' && condition.status === 'True'
        ? [`${nameOf(object)} has failed${because(condition)}`]
        : []
    })
  })

/** The containers that do not start, that have ended with an error, or that are not ready. */
export const podFaults = (pods: readonly KubeObject[]): string[] =>
  pods.filter(({ status }) => status.phase !== 'Succeeded').flatMap(faultsOfPod)

const faultsOfPod = (pod: KubeObject): string[] => {
  const { phase, conditions = [], initContainerStatuses = [], containerStatuses = [] } = pod.status
  const unscheduled = conditions.find((one: Condition) => one.type === 'PodScheduled' && one.status === 'False')
  const faults = unscheduled ? [`${nameOf(pod)} has no node${because(unscheduled)}`] : []
  for (const { name, ready, state = {}, lastState = {} } of [...initContainerStatuses, ...containerStatuses]) {
    const container = `${nameOf(pod)}, container ${name}`
    const { terminated = lastState.terminated, waiting, running } = state
    if (waiting) faults.push(`${container} does not run${because(waiting)}`)
    if (terminated && terminated.exitCode !== 0)
      faults.push(`${container} ended with exit code ${terminated.exitCode}${because(terminated)}`)
    if (running && !ready && phase === 'Running' && !pod.metadata.deletionTimestamp)
      faults.push(`${container} is not ready${probeOf(pod, name)}`)
  }
  return faults
}

/** What the readiness probe of a container asks. Knative's queue-proxy runs the probe of the function's container. */
const probeOf = (pod: KubeObject, name: string) => {
  const { readinessProbe, env = [] } = pod.spec.containers.find((one: { name: string }) => one.name === name) ?? {}
  const ofFunction = env.find((one: { name: string }) => one.name === 'SERVING_READINESS_PROBE')?.value
  const probe = ofFunction ?? (readinessProbe && JSON.stringify(readinessProbe))
  return probe ? `; its readiness probe is ${probe}` : ''
}

/**
 * The ports of Services that no container of their pods has. Ports with the name https, and pods that name no ports,
 * are left out, because a program may listen at a port that its pod does not name: the pods of Knative do not name
 * their TLS ports, and the pods of CoreDNS name no ports at all.
 */
export const portFaults = (services: readonly KubeObject[], pods: readonly KubeObject[]): string[] =>
  services
    .filter(({ spec }) => spec.selector)
    .flatMap(service => {
      const pod = pods.find(
        ({ metadata }) =>
          metadata.namespace === service.metadata.namespace &&
          selects({ matchLabels: service.spec.selector }, metadata.labels ?? {}),
      )
      if (!pod) return []
      const ports: ContainerPort[] = pod.spec.containers.flatMap((one: { ports?: ContainerPort[] }) => one.ports ?? [])
      if (ports.length === 0) return []
      const has = (target: number | string) => ports.some(one => one.containerPort === target || one.name === target)
      return (service.spec.ports as ServicePort[])
        .filter(({ name, port, targetPort = port }) => name !== 'https' && !has(targetPort))
        .map(
          ({ port, targetPort }) =>
            `${nameOf(service)} passes port ${port} on to port ${targetPort}, but the ports of ${nameOf(pod)} are ` +
            ports.map(one => one.containerPort).join(', '),
        )
    })

interface ContainerPort {
  name?: string
  containerPort: number
}

interface ServicePort {
  name?: string
  port: number
  targetPort?: number | string
}

const publisher = { 'vigia.dev/publishes': 'true' }

/** The functions that publish events and have no K_SINK, or may lose it because a SinkBinding does not select them. */
export const sinkFaults = (functions: readonly KubeObject[], bindings: readonly KubeObject[]): string[] =>
  functions
    .filter(({ metadata, spec }) =>
      [metadata.labels, spec.template.metadata?.labels].some(labels =>
        selects({ matchLabels: publisher }, labels ?? {}),
      ),
    )
    .flatMap(one => {
      const selecting = bindings.map(binding => ({ binding, selector: binding.spec.subject.selector ?? {} }))
      const missing = selecting
        .filter(({ selector }) => !selects(selector, one.metadata.labels ?? {}))
        .map(({ binding, selector }) => `${nameOf(binding)} selects ${JSON.stringify(selector)}`)
      const env: { name: string }[] = one.spec.template.spec.containers[0].env ?? []
      const hasSink = env.some(({ name }) => name === 'K_SINK')
      if (hasSink && missing.length === 0) return []
      const labels = missing.length > 0 ? `; its labels are ${JSON.stringify(one.metadata.labels ?? {})}, but ` : ''
      return [`${nameOf(one)} ${hasSink ? 'may lose' : 'has no'} K_SINK${labels}${missing.join(' and ')}`]
    })

/** A line of the enforcer of NetworkPolicies. `denied` is the direction; `pod` is <namespace>/<name>. */
export interface Denied {
  denied: string
  pod: string
  packets: number
}

/** The pods whose packets were dropped, with the NetworkPolicies that select them. */
export const policyFaults = (
  lines: readonly Denied[],
  pods: readonly KubeObject[],
  policies: readonly KubeObject[],
): string[] => {
  const latest = new Map(lines.map(line => [`${line.denied} ${line.pod}`, line]))
  return [...latest.values()].map(({ denied, pod, packets }) => {
    const labels = pods.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === pod)?.metadata.labels ?? {}
    const selecting = policies.filter(
      ({ metadata, spec }) => pod.startsWith(`${metadata.namespace}/`) && selects(spec.podSelector, labels),
    )
    const names = selecting.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ')
    const what = denied === 'egress' ? `packets from Pod ${pod}` : `packets to Pod ${pod}`
    return `${packets} ${what} were dropped; the NetworkPolicies of the pod are ${names}`
  })
}

const maxWarnings = 30

/** The events of type Warning after this time: one for each object and reason, and at most 30. */
export const warnings = (events: readonly KubeObject[], after: Date): string[] => {
  const lines = new Map<string, string>()
  for (const { type, reason, message, involvedObject, ...event } of events) {
    const at =
      event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp
    // Times of events are in whole seconds.
    if (type !== 'Warning' || Date.parse(at) < after.getTime() - 1_000) continue
    const { kind, namespace, name } = involvedObject
    const object = `${kind} ${namespace ? `${namespace}/` : ''}${name}`
    lines.set(`${object} ${reason}`, `a warning about ${object}: ${reason}: ${message}`)
  }
  return [...lines.values()].slice(0, maxWarnings)
}

/** The lines of a log that report a warning or an error, each message once with its newest line. */
export const loggedFaults = (source: string, log: string): string[] => {
  const faults = new Map<string, string>()
  for (const line of log.split('\n')) {
    // mt-broker-filter refuses events of a Trigger that it does not know with a line of the level info.
    if (!/^\{.*("(?:log\.)?level":"(?:warn|error|fatal|dpanic|panic)"|Unable to \w+ the Trigger)/i.test(line)) continue
    const { msg, message = msg } = JSON.parse(line) as { msg?: string; message?: string }
    faults.set(message ?? '', line.slice(0, 800))
  }
  return [...faults.values()].map(line => `${source} has logged: ${line}`)
}
