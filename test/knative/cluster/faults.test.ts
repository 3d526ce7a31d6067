import { expect, test } from 'vitest'
import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { loggedFaults, notReady, podFaults, policyFaults, portFaults, sinkFaults, warnings } from './faults.ts'

const object = (kind: string, name: string, fields: object, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    namespace: 'vigia',
    name,
    labels,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  ...fields,
})

const pod = (containers: object[], containerStatuses: object[], labels?: Record<string, string>) =>
  object('Pod', 'prober-1', { spec: { containers }, status: { phase: 'Running', containerStatuses } }, labels)

test('an object that is not ready is named with the reason of its controller', () => {
  const condition = { type: 'Ready', status: 'False', reason: 'NoSink', message: 'the broker has no address' }
  const objects = [
    object('SinkBinding', 'publishers', { status: { conditions: [condition] } }),
    object('Broker', 'default', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
    object('Job', 'migrate', { status: { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimit' }] } }),
  ]
  expect(notReady(objects)).toEqual([
    'SinkBinding vigia/publishers is not ready: NoSink: the broker has no address',
    'Job vigia/migrate has failed: BackoffLimit',
  ])
})

test('a container that does not start, that crashed, or whose probe fails is named', () => {
  const probe = '{"httpGet":{"path":"/healthz","port":8089}}'
  const found = pod(
    [{ name: 'queue-proxy', env: [{ name: 'SERVING_READINESS_PROBE', value: probe }] }],
    [
      { name: 'a', ready: false, state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } } },
      {
        name: 'b',
        ready: true,
        state: { running: {} },
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
      },
      { name: 'queue-proxy', ready: false, state: { running: {} } },
    ],
  )
  expect(podFaults([found])).toEqual([
    'Pod vigia/prober-1, container a does not run: ErrImagePull: no such image',
    'Pod vigia/prober-1, container b ended with exit code 137: OOMKilled',
    `Pod vigia/prober-1, container queue-proxy is not ready; its readiness probe is ${probe}`,
  ])
})

test('a Service whose port no container has is named, with the ports of its pods', () => {
  const service = (targetPort: number) =>
    object('Service', 'prober', {
      spec: { selector: { app: 'prober' }, ports: [{ name: 'http', port: 80, targetPort }] },
    })
  const pods = [pod([{ name: 'a', ports: [{ containerPort: 8080 }] }], [], { app: 'prober' })]
  expect(portFaults([service(8080)], pods)).toEqual([])
  expect(portFaults([service(8089)], pods)).toEqual([
    'Service vigia/prober passes port 80 on to port 8089, but the ports of Pod vigia/prober-1 are 8080',
  ])
  expect(portFaults([service(8089)], []), 'scaled to zero').toEqual([])
})

test('a function that publishes without K_SINK is named, with the SinkBinding that does not select it', () => {
  const selector = { matchLabels: { 'vigia.dev/publishes': 'true' } }
  const bindings = [object('SinkBinding', 'publishers', { spec: { subject: { selector } } })]
  const publisher = (labels: Record<string, string>, names: string[]) => {
    const env = names.map(name => ({ name }))
    const template = { metadata: { labels: selector.matchLabels }, spec: { containers: [{ env }] } }
    return object('Service', 'prober', { spec: { template } }, labels)
  }
  expect(sinkFaults([publisher(selector.matchLabels, ['K_SINK'])], bindings)).toEqual([])
  expect(sinkFaults([publisher(selector.matchLabels, [])], bindings)).toEqual(['Service vigia/prober has no K_SINK'])
  expect(sinkFaults([publisher({ a: 'b' }, [])], bindings)).toEqual([
    'Service vigia/prober has no K_SINK; its labels are {"a":"b"}, but SinkBinding vigia/publishers selects {"matchLabels":{"vigia.dev/publishes":"true"}}',
  ])
})

test('a pod whose packets were dropped is named, with the policies that select it', () => {
  const policy = (name: string, podSelector: object) => object('NetworkPolicy', name, { spec: { podSelector } })
  const policies = [policy('default-deny', {}), policy('other', { matchLabels: { app: 'other' } })]
  const lines = [1, 4].map(packets => ({ denied: 'egress', pod: 'vigia/prober-1', packets }))
  expect(policyFaults(lines, [pod([], [])], policies)).toEqual([
    '4 packets from Pod vigia/prober-1 were dropped; the NetworkPolicies of the pod are vigia/default-deny',
  ])
})

test('only warnings after the given time are told, and a repeated warning is told once', () => {
  const event = (lastTimestamp: string, message: string, type = 'Warning') =>
    object('Event', message, {
      ...{ type, reason: 'Unhealthy', message, lastTimestamp },
      involvedObject: { kind: 'Pod', namespace: 'vigia', name: 'prober-1' },
    })
  const events = [
    event('2026-11-30T09:00:00Z', 'old'),
    event('2026-11-30T10:00:01Z', 'first'),
    event('2026-11-30T10:00:02Z', 'second'),
    event('2026-11-30T10:00:03Z', 'pulled', 'Normal'),
  ]
  expect(warnings(events, new Date('2026-11-30T10:00:00Z'))).toEqual([
    'a warning about Pod vigia/prober-1: Unhealthy: second',
  ])
})

test('of a log, each warning and error is told once', () => {
  const line = (level: string, message: string, at: number) => JSON.stringify({ 'log.level': level, at, message })
  const log = [
    line('info', 'started', 1),
    line('error', 'refused', 2),
    '{"level":"warn","msg":"slow"}',
    line('error', 'refused', 3),
    'no JSON',
    '',
  ].join('\n')
  expect(loggedFaults('Pod vigia/prober-1', log)).toEqual([
    `Pod vigia/prober-1 has logged: ${line('error', 'refused', 3)}`,
    'Pod vigia/prober-1 has logged: {"level":"warn","msg":"slow"}',
  ])
})
