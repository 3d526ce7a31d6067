import { describe, expect, test } from 'vitest'
import { knativeManifests, type Manifest } from '#infra/cluster/render/manifest-files.ts'
import { admissionFaults } from '#test/cluster-files/support/admission.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { schemaFaults } from '#test/cluster-files/support/strict-schemas.ts'

const objects = knativeManifests()

describe.skipIf(crdsSkipReason)(`against the CRDs${crdsSkipReason ? ` (skipped: ${crdsSkipReason})` : ''}`, () => {
  test.each(objects.map(one => [`${one.file} ${one.kind} ${one.metadata.name}`, one] as const))(
    '%s is accepted by the API server under strict validation',
    (_, one) => expect(schemaFaults(one)).toEqual([]),
  )

  test('a misspelt field is a fault at every depth', () => {
    const trigger = objects.find(({ kind }) => kind === 'Trigger')!
    const service = objects.find(({ kind }) => kind === 'Service')!
    const wrongFilter = structuredClone(trigger)
    wrongFilter.spec.filter = { type: 'x' }
    expect([...schemaFaults(wrongFilter)!, ...admissionFaults(wrongFilter)]).not.toEqual([])
    const wrongContainer = structuredClone(service)
    wrongContainer.spec.template.spec.containers[0].enviroment = []
    expect(schemaFaults(wrongContainer)).not.toEqual([])
  })
})

const annotate = (metadata: Pick<Manifest['metadata'], 'annotations'>, key: string, value: string) => {
  metadata.annotations = { ...metadata.annotations, [key]: value }
}

describe('against the admission webhooks', () => {
  test.each(objects.map(one => [`${one.file} ${one.kind} ${one.metadata.name}`, one] as const))(
    '%s is admitted',
    (_, one) => expect(admissionFaults(one)).toEqual([]),
  )

  test('no two objects of a kind share a name', () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  test('every reference points to an object of knative/ or triggers/', () => {
    const known = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`))
    const referencesIn = (value: unknown): string[] =>
      typeof value !== 'object' || value === null
        ? []
        : Object.entries(value).flatMap(([key, inner]) =>
            key === 'ref' ? [`${inner.kind} ${inner.name}`] : referencesIn(inner),
          )
    for (const one of objects) for (const to of referencesIn(one.spec)) expect(known, one.file).toContain(to)
    for (const { spec, file, kind } of objects)
      if (kind === 'Trigger') expect(known, file).toContain(`Broker ${spec.broker}`)
  })

  test('only api, heartbeat, status-page and telegram-webhook are public; every function has its scaling limits and its concurrency', () => {
    const services = objects.filter(({ kind }) => kind === 'Service')
    const label = 'networking.knative.dev/visibility'
    expect(
      services
        .filter(({ metadata }) => metadata.labels?.[label] !== 'cluster-local')
        .map(({ metadata }) => metadata.name),
    ).toEqual(['api', 'heartbeat', 'status-page', 'telegram-webhook'])
    for (const { file, spec } of services) {
      expect(Object.keys(spec.template.metadata.annotations), file).toEqual(
        expect.arrayContaining(
          ['min-scale', 'max-scale', 'target', 'window'].map(key => `autoscaling.knative.dev/${key}`),
        ),
      )
      const scaling = (key: string) => spec.template.metadata.annotations[`autoscaling.knative.dev/${key}`]
      expect([scaling('min-scale'), Number(scaling('max-scale')) > 0], file).toEqual(['0', true])
      expect(spec.template.spec.containerConcurrency, file).toBeGreaterThan(0)
    }
  })

  test.each<[string, string, (spec: Manifest['spec'], whole: Manifest) => void]>([
    ['Trigger', 'a retry without a delay', spec => delete spec.delivery.backoffDelay],
    [
      'Trigger',
      'a delay that is not an ISO 8601 duration',
      spec => Object.assign(spec.delivery, { backoffDelay: '1s' }),
    ],
    ['Trigger', 'an empty filter value', spec => Object.assign(spec.filter.attributes, { tick: '' })],
    ['Trigger', 'a misspelt field of spec', spec => Object.assign(spec, { filterz: [] })],
    ['Trigger', 'an absolute uri beside a ref', spec => Object.assign(spec.subscriber, { uri: 'http://example.org/' })],
    [
      'PingSource',
      'a standard attribute as override',
      spec => Object.assign(spec.ceOverrides.extensions, { type: 'x' }),
    ],
    ['PingSource', 'data without a content type', spec => delete spec.contentType],
    ['PingSource', 'an unknown zone', spec => Object.assign(spec, { timezone: 'Mars/Olympus' })],
    ['Service', 'a reserved variable', spec => spec.template.spec.containers[0].env.push({ name: 'PORT', value: '1' })],
    ['Service', 'a timeout over 600 s', spec => Object.assign(spec.template.spec, { timeoutSeconds: 601 })],
    ['Service', 'a container that can become root', spec => delete spec.template.spec.containers[0].securityContext],
    ['Trigger', 'two references to its Broker', spec => Object.assign(spec, { brokerRef: { name: 'x' } })],
    ['Trigger', 'invalid CESQL', spec => Object.assign(spec, { filters: [{ cesql: 'type =' }] })],
    [
      'Trigger',
      'a dependency that is not a reference',
      (_, whole) => annotate(whole.metadata, 'knative.dev/dependency', 'x'),
    ],
    ['Trigger', 'another namespace', spec => Object.assign(spec.subscriber.ref, { namespace: 'other' })],
    ['Broker', 'an empty class', (_, whole) => annotate(whole.metadata, 'eventing.knative.dev/broker.class', '')],
    ['Broker', 'half a reference to its configuration', spec => Object.assign(spec, { config: { kind: 'ConfigMap' } })],
    ['PingSource', 'a minute that does not exist', spec => Object.assign(spec, { schedule: '61 * * * *' })],
    ['PingSource', 'four fields of cron', spec => Object.assign(spec, { schedule: '* * * *' })],
    ['PingSource', 'an interval instead of cron', spec => Object.assign(spec, { schedule: '@every 5s' })],
    ['PingSource', 'data that is not JSON', spec => Object.assign(spec, { data: 'x' })],
    ['PingSource', 'bytes that are not base64', spec => Object.assign(spec, { data: undefined, dataBase64: '!' })],
    [
      'Service',
      'a scale annotation on the Service instead of its template',
      (_, whole) => annotate(whole.metadata, 'autoscaling.knative.dev/min-scale', '1'),
    ],
    ['Service', 'a window of 5 s', spec => annotate(spec.template.metadata, 'autoscaling.knative.dev/window', '5s')],
    [
      'Service',
      'a window without a unit',
      spec => annotate(spec.template.metadata, 'autoscaling.knative.dev/window', '60'),
    ],
    [
      'Service',
      'a misspelt scale annotation',
      spec => annotate(spec.template.metadata, 'autoscaling.knative.dev/minscale', '1'),
    ],
    [
      'Service',
      'a minimum above its maximum',
      spec => annotate(spec.template.metadata, 'autoscaling.knative.dev/min-scale', '99'),
    ],
    [
      'Service',
      'a number instead of a string',
      spec => Object.assign(spec.template.metadata.annotations, { 'autoscaling.knative.dev/max-scale': 3 }),
    ],
    [
      'Service',
      'a port that Knative reserves',
      spec => Object.assign(spec.template.spec.containers[0], { ports: [{ containerPort: 8012 }] }),
    ],
    [
      'Service',
      'two ports',
      spec => Object.assign(spec.template.spec.containers[0], { ports: [{ containerPort: 1 }, { containerPort: 2 }] }),
    ],
    [
      'Service',
      'a probe with two handlers',
      spec => Object.assign(spec.template.spec.containers[0].readinessProbe, { tcpSocket: { port: 1 } }),
    ],
    [
      'Service',
      'traffic that does not add up to 100 %',
      spec => Object.assign(spec, { traffic: [{ latestRevision: true, percent: 90 }] }),
    ],
    ['Service', 'a name for its revision', spec => Object.assign(spec.template.metadata, { name: 'x-1' })],
    [
      'Service',
      'ten minutes without a limit for the first byte',
      spec => Object.assign(spec.template.spec, { timeoutSeconds: 600 }),
    ],
    ['Service', 'a grace period', spec => Object.assign(spec.template.spec, { terminationGracePeriodSeconds: 5 })],
    [
      'Service',
      'a mount over the root',
      spec => spec.template.spec.containers[0].volumeMounts.push({ name: 'tmp', mountPath: '/' }),
    ],
    ['SinkBinding', 'a subject in another namespace', spec => Object.assign(spec.subject, { namespace: 'other' })],
    ['SinkBinding', 'a subject by name and by selector', spec => Object.assign(spec.subject, { name: 'x' })],
  ])('a %s with %s is refused', (kind, _, change) => {
    const object = structuredClone(objects.find(one => one.kind === kind)!)
    change(object.spec, object)
    expect(admissionFaults(object)).not.toEqual([])
  })
})
