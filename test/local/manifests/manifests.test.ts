import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ManifestErrors, manifestFiles, readManifests } from '#local/manifests/manifests.ts'

const root = join(import.meta.dirname, '../../..')

const broker = `apiVersion: eventing.knative.dev/v1
kind: Broker
metadata:
  name: default
  namespace: vigia
spec: {}
`
const service = `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: echo
  namespace: vigia
  labels:
    vigia.dev/publishes: "true"
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/max-scale: "3"
    spec:
      containerConcurrency: 7
      timeoutSeconds: 45
      containers:
        - image: vigia
          env:
            - name: FUNCTION_TARGET
              value: echo
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef:
                  name: vigia-postgres
                  key: DATABASE_URL
`
const trigger = `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: echo-tick
  namespace: vigia
spec:
  broker: default
  filter:
    attributes:
      type: dev.vigia.tick
  subscriber:
    ref:
      apiVersion: serving.knative.dev/v1
      kind: Service
      name: echo
    uri: /in
  delivery:
    retry: 3
    backoffPolicy: exponential
    backoffDelay: PT0.2S
    timeout: PT1M
    deadLetterSink:
      ref:
        apiVersion: serving.knative.dev/v1
        kind: Service
        name: echo
      uri: /dead/echo-tick
`
const source = `apiVersion: sources.knative.dev/v1
kind: PingSource
metadata:
  name: echo
  namespace: vigia
spec:
  schedule: "*/5 * * * *"
  timezone: America/Sao_Paulo
  contentType: application/json
  data: '{"a": 1}'
  ceOverrides:
    extensions:
      Tick: echo
  sink:
    ref:
      apiVersion: eventing.knative.dev/v1
      kind: Broker
      name: default
`
const binding = `apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata:
  name: publishers
  namespace: vigia
spec:
  subject:
    apiVersion: serving.knative.dev/v1
    kind: Service
    selector:
      matchLabels:
        vigia.dev/publishes: "true"
  sink:
    ref:
      apiVersion: eventing.knative.dev/v1
      kind: Broker
      name: default
`
const whole = {
  'knative/broker.yaml': broker,
  'knative/services/echo.yaml': service,
  'triggers/echo.yaml': trigger,
  'knative/sources/echo.yaml': source,
  'knative/binding.yaml': binding,
}
type File = keyof typeof whole

const read = (files: Record<string, string>) =>
  readManifests(Object.entries(files).map(([file, text]) => ({ file, text })))

/** The faults of the whole set with one file changed. */
const faults = (file: string, text: string): string[] => {
  try {
    read({ ...whole, [file]: text })
    return []
  } catch (error) {
    if (error instanceof ManifestErrors) return error.lines
    throw error
  }
}

describe('what the manifests say', () => {
  test('our own are read without a fault, and every field of theirs is used or named', () => {
    const { functions, triggers, sources, unused } = readManifests(manifestFiles(root))
    expect(functions.map(({ name }) => name)).toContain('uptime-prober')
    expect(functions.every(({ name, target }) => name === target)).toBe(true)
    expect(sources.find(({ name }) => name === 'probe-scheduler')?.extensions).toEqual({ tick: 'probe-scheduler' })
    expect(triggers.every(({ delivery }) => delivery.deadLetterSink !== null)).toBe(true)
    expect(unused.every(({ why, file, line }) => why !== '' && file !== '' && line > 0)).toBe(true)
  })

  test('a function has its limits, its variables and, when bound, its sink', () => {
    const [echo] = read(whole).functions
    expect(echo).toMatchObject({
      name: 'echo',
      target: 'echo',
      visibility: 'public',
      sink: '/vigia/default',
      ceOverrides: '',
      containerConcurrency: 7,
      maxScale: 3,
      minScale: 0,
      idleMs: 60_000,
      timeoutMs: 45_000,
      readinessPath: null,
    })
    expect(echo!.env).toEqual([
      { file: 'knative/services/echo.yaml', line: 19, name: 'FUNCTION_TARGET', value: 'echo' },
      { file: 'knative/services/echo.yaml', line: 21, name: 'DATABASE_URL', key: 'DATABASE_URL', optional: false },
    ])
    const { 'knative/binding.yaml': _, ...unbound } = whole
    expect(read(unbound).functions[0]!.sink).toBe(null)
  })

  test('a Trigger has its filters, its function with a path, and its whole delivery', () => {
    expect(read(whole).triggers).toEqual([
      {
        file: 'triggers/echo.yaml',
        line: 1,
        name: 'echo-tick',
        broker: 'default',
        filters: [{ attributes: { type: 'dev.vigia.tick' } }],
        subscriber: { kind: 'function', name: 'echo', path: '/in' },
        delivery: {
          retry: 3,
          backoffPolicy: 'exponential',
          backoffDelayMs: 200,
          timeoutMs: 60_000,
          format: 'binary',
          deadLetterSink: { kind: 'function', name: 'echo', path: '/dead/echo-tick' },
        },
      },
    ])
  })

  test('a Trigger without a delivery block takes over the whole block of its Broker', () => {
    const bare = trigger.slice(0, trigger.indexOf('  delivery:'))
    expect(read({ ...whole, 'triggers/echo.yaml': bare }).triggers[0]!.delivery).toMatchObject({
      retry: 10,
      backoffDelayMs: 200,
      deadLetterSink: null,
    })
    const given = broker.replace('spec: {}', `spec:\n${trigger.slice(trigger.indexOf('  delivery:'))}`)
    const both = read({ ...whole, 'knative/broker.yaml': given, 'triggers/echo.yaml': bare })
    expect(both.triggers[0]!.delivery).toMatchObject({ retry: 3, deadLetterSink: { name: 'echo' } })
  })

  test('a source has its schedule, its zone, the very bytes of its data, and extensions in lower case', () => {
    const [echo] = read(whole).sources
    expect(echo).toMatchObject({
      name: 'echo',
      schedule: '*/5 * * * *',
      timeZone: 'America/Sao_Paulo',
      contentType: 'application/json',
      extensions: { tick: 'echo' },
      to: { kind: 'broker', name: 'default' },
    })
    expect(echo!.data!.toString()).toBe('{"a": 1}')
  })

  test('several objects in a file, comments, empty documents and a few aliases are fine', () => {
    const { functions, triggers } = read({
      'knative/all.yaml': [broker, service, '# nothing here\n', trigger, source, binding].join('---\n'),
    })
    expect(functions.length).toBe(1)
    expect(triggers.length).toBe(1)
    const anchored = trigger
      .replace('ref:\n', 'ref: &echo\n')
      .replace(/deadLetterSink:\n {6}ref:[\s\S]*?uri/, 'deadLetterSink:\n      ref: *echo\n      uri')
    expect(anchored).toContain('*echo')
    expect(read({ ...whole, 'triggers/echo.yaml': anchored }).triggers[0]!.delivery.deadLetterSink).toMatchObject({
      name: 'echo',
    })
  })

  test('fields that mean nothing on one machine are named with a reason', () => {
    expect(read(whole).unused).toEqual([
      {
        file: 'knative/services/echo.yaml',
        line: 17,
        field: 'spec.template.spec.containers[0].image',
        why: expect.stringContaining('container'),
      },
    ])
  })

  test.each<[string, string]>([
    ['prefix', '{ prefix: { type: dev.vigia. } }'],
    ['not', '{ not: { exact: { source: /x } } }'],
    ['any', '{ any: [{ exact: { type: a } }, { suffix: { type: b } }] }'],
    ['cesql', `{ cesql: "type = 'a' AND EXISTS tick" }`],
  ])('filters may use %s', (_, filter) => {
    const text = trigger.replace(/ {2}filter:[\s\S]*?tick\n/, `  filters:\n    - ${filter}\n`)
    expect(text).toContain('filters:')
    expect(read({ ...whole, 'triggers/echo.yaml': text }).triggers[0]!.filters.length).toBe(1)
  })
})

describe('what cannot be honoured is refused with file, line, field and a next step', () => {
  test.each<[title: string, file: File, from: string | RegExp, to: string, expected: string]>([
    [
      'a misspelt field',
      'triggers/echo.yaml',
      '  filter:',
      '  filtr:',
      'triggers/echo.yaml:8: spec.filtr is not a field that spec has here; did you mean filter?',
    ],
    [
      'an unknown field',
      'triggers/echo.yaml',
      '  broker: default',
      '  broker: default\n  priority: 3',
      'triggers/echo.yaml:8: spec.priority is not a field that spec has here; remove it or correct its name',
    ],
    [
      'a filter without attributes',
      'triggers/echo.yaml',
      /filter:\n {4}attributes:\n {6}type/,
      'filter:\n    type',
      'spec.filter.type is not a field',
    ],
    [
      'an empty filter value',
      'triggers/echo.yaml',
      'type: dev.vigia.tick',
      'type: ""',
      'triggers/echo.yaml:10: spec.filter.attributes.type is empty',
    ],
    [
      'an attribute in capitals',
      'triggers/echo.yaml',
      '      type: dev',
      '      Type: dev',
      'spec.filter.attributes.Type is not a valid attribute name',
    ],
    [
      'a number as filter value',
      'triggers/echo.yaml',
      'type: dev.vigia.tick',
      'type: 5',
      'spec.filter.attributes.type should be text; put it in quotes',
    ],
    [
      'a word that Kubernetes reads as a boolean',
      'triggers/echo.yaml',
      'type: dev.vigia.tick',
      'type: yes',
      'spec.filter.attributes.type should be text; put it in quotes',
    ],
    [
      'an empty not',
      'triggers/echo.yaml',
      /filter:\n.*\n.*\n/,
      'filters: [{ not: {} }]\n',
      'spec.filters[0].not has 0 dialects',
    ],
    [
      'two dialects',
      'triggers/echo.yaml',
      /filter:\n.*\n.*\n/,
      'filters: [{ exact: { a: b }, prefix: { a: b } }]\n',
      'spec.filters[0] has 2 dialects',
    ],
    [
      'an empty exact',
      'triggers/echo.yaml',
      /filter:\n.*\n.*\n/,
      'filters: [{ exact: { type: "" } }]\n',
      'spec.filters[0].exact.type is empty',
    ],
    [
      'an any of nothing',
      'triggers/echo.yaml',
      /filter:\n.*\n.*\n/,
      'filters: [{ any: [] }]\n',
      'spec.filters[0].any is empty, which lets every event through',
    ],
    [
      'CESQL that is no boolean',
      'triggers/echo.yaml',
      /filter:\n.*\n.*\n/,
      'filters: [{ cesql: "type" }]\n',
      'spec.filters[0].cesql is a string; a filter is true or false',
    ],
    [
      'filter beside filters',
      'triggers/echo.yaml',
      '  subscriber:',
      '  filters: [{ exact: { a: b } }]\n  subscriber:',
      'spec.filter counts for nothing beside filters',
    ],
    [
      'no subscriber',
      'triggers/echo.yaml',
      /subscriber:[\s\S]*?uri: \/in\n/,
      'subscriber: {}\n',
      'spec.subscriber needs a ref or an absolute uri',
    ],
    [
      'a subscriber that does not exist',
      'triggers/echo.yaml',
      'name: echo\n    uri: /in',
      'name: ecco\n    uri: /in',
      'triggers/echo.yaml:15: spec.subscriber.ref.name is ecco, and there is no such Service',
    ],
    [
      'a broker that does not exist',
      'triggers/echo.yaml',
      'broker: default',
      'broker: main',
      'spec.broker is main, and there is no such Broker',
    ],
    [
      'an absolute uri beside a ref',
      'triggers/echo.yaml',
      'uri: /in',
      'uri: http://x/',
      'spec.subscriber.uri is absolute; beside a ref it is a path',
    ],
    [
      'a kind of subscriber we have not',
      'triggers/echo.yaml',
      /serving.knative.dev\/v1\n {6}kind: Service\n {6}name: echo\n {4}uri: \/in/,
      'v1\n      kind: Service\n      name: echo\n    uri: /in',
      'points at a v1 Service',
    ],
    [
      'retry without a delay',
      'triggers/echo.yaml',
      '    backoffDelay: PT0.2S\n',
      '',
      'spec.delivery has no backoffDelay; write retry, backoffPolicy, backoffDelay and deadLetterSink together',
    ],
    ['no dead letter sink', 'triggers/echo.yaml', /deadLetterSink:[\s\S]*/, '', 'spec.delivery has no deadLetterSink'],
    [
      'a delay that is no ISO duration',
      'triggers/echo.yaml',
      'PT0.2S',
      '200ms',
      'spec.delivery.backoffDelay is "200ms", which is not an ISO 8601 duration',
    ],
    ['a delay of months', 'triggers/echo.yaml', 'PT0.2S', 'P1M', 'spec.delivery.backoffDelay is "P1M"'],
    ['a negative retry', 'triggers/echo.yaml', 'retry: 3', 'retry: -1', 'spec.delivery.retry should be a whole number'],
    ['a retry as text', 'triggers/echo.yaml', 'retry: 3', 'retry: "3"', 'spec.delivery.retry should be a whole number'],
    [
      'an unknown policy',
      'triggers/echo.yaml',
      'exponential',
      'constant',
      'spec.delivery.backoffPolicy should be linear or exponential',
    ],
    [
      'a timeout of nothing',
      'triggers/echo.yaml',
      'PT1M',
      'PT0S',
      'spec.delivery.timeout should be longer than nothing',
    ],
    [
      'an alpha field',
      'triggers/echo.yaml',
      '    retry: 3',
      '    retryAfterMax: PT1S\n    retry: 3',
      'spec.delivery.retryAfterMax needs the alpha flag',
    ],
    [
      'dead letters back to the broker',
      'triggers/echo.yaml',
      /deadLetterSink:[\s\S]*/,
      'deadLetterSink:\n      ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default }\n',
      'sends dead letters back to a Broker: a loop',
    ],
    [
      'dead letters back to the broker by address',
      'triggers/echo.yaml',
      /deadLetterSink:[\s\S]*/,
      'deadLetterSink:\n      uri: http://broker-ingress.knative-eventing.svc.cluster.local/vigia/default\n',
      'is the address of a Broker; name the Broker in ref',
    ],

    [
      'an override of a standard attribute',
      'knative/sources/echo.yaml',
      'Tick: echo',
      'type: mine',
      'spec.ceOverrides.extensions.type is a standard attribute; overriding it silences the source',
    ],
    [
      'an override with a dash',
      'knative/sources/echo.yaml',
      'Tick: echo',
      'my-tick: x',
      'is not a valid extension name',
    ],
    [
      'data without contentType',
      'knative/sources/echo.yaml',
      '  contentType: application/json\n',
      '',
      'knative/sources/echo.yaml:6: spec has no contentType',
    ],
    ['no data', 'knative/sources/echo.yaml', / {2}contentType.*\n {2}data.*\n/, '', 'spec has no data; say data: "{}"'],
    [
      'data that is no JSON object',
      'knative/sources/echo.yaml',
      `'{"a": 1}'`,
      "'[1]'",
      'spec.data should be a JSON object',
    ],
    [
      'data twice',
      'knative/sources/echo.yaml',
      '  timezone',
      '  dataBase64: e30=\n  timezone',
      'spec.data stands beside dataBase64',
    ],
    [
      'a schedule',
      'knative/sources/echo.yaml',
      '*/5 * * * *',
      '*/5 * * * 7',
      'knative/sources/echo.yaml:7: spec.schedule is "*/5 * * * 7": day of week 7 is above 6',
    ],
    ['@every', 'knative/sources/echo.yaml', '*/5 * * * *', '@every 5s', 'the descriptor is not known'],
    [
      'a zone',
      'knative/sources/echo.yaml',
      'America/Sao_Paulo',
      'Mars/Olympus',
      'spec.timezone is "Mars/Olympus", which is not an IANA time zone',
    ],
    ['an offset as zone', 'knative/sources/echo.yaml', 'America/Sao_Paulo', '"-03:00"', 'spec.timezone is "-03:00"'],
    [
      'a sink that does not exist',
      'knative/sources/echo.yaml',
      'name: default',
      'name: other',
      'spec.sink.ref.name is other, and there is no such Broker',
    ],

    [
      'an autoscaling annotation in the wrong place',
      'knative/services/echo.yaml',
      '  labels:',
      '  annotations:\n    autoscaling.knative.dev/min-scale: "1"\n  labels:',
      'metadata.annotations[autoscaling.knative.dev/min-scale] belongs in spec.template.metadata.annotations',
    ],
    [
      'an unknown autoscaling annotation',
      'knative/services/echo.yaml',
      'max-scale',
      'maxscale',
      'is not an annotation of the autoscaler',
    ],
    ['a scale without quotes', 'knative/services/echo.yaml', '"3"', '3', 'should be text; put it in quotes'],
    [
      'a window that is too short',
      'knative/services/echo.yaml',
      'max-scale: "3"',
      'window: 2s',
      'should be a duration in whole seconds from 6s to 1h',
    ],
    [
      'scaling by CPU',
      'knative/services/echo.yaml',
      'max-scale: "3"',
      'class: hpa.autoscaling.knative.dev',
      'one machine scales by requests in flight',
    ],
    [
      'max below min',
      'knative/services/echo.yaml',
      'max-scale: "3"',
      'max-scale: "1"\n        autoscaling.knative.dev/min-scale: "2"',
      'is below min-scale',
    ],
    [
      'too much concurrency',
      'knative/services/echo.yaml',
      'containerConcurrency: 7',
      'containerConcurrency: 2000',
      'spec.template.spec.containerConcurrency should be a whole number from 0 to 1000',
    ],
    [
      'a long timeout',
      'knative/services/echo.yaml',
      'timeoutSeconds: 45',
      'timeoutSeconds: 900',
      'spec.template.spec.timeoutSeconds should be a whole number from 0 to 600',
    ],
    [
      'a first byte that is due earlier than the answer',
      'knative/services/echo.yaml',
      'timeoutSeconds: 45',
      'timeoutSeconds: 45\n      responseStartTimeoutSeconds: 30',
      'spec.template.spec.responseStartTimeoutSeconds should be equal to timeoutSeconds',
    ],
    [
      'a start command',
      'knative/services/echo.yaml',
      '- image: vigia',
      '- image: vigia\n          command: [sh]',
      'spec.template.spec.containers[0].command is not a field',
    ],
    [
      'a second container',
      'knative/services/echo.yaml',
      '        - image: vigia',
      '        - image: other\n        - image: vigia',
      'should have exactly one container',
    ],
    [
      'a volume with a Secret',
      'knative/services/echo.yaml',
      '      timeoutSeconds',
      '      volumes: [{ name: x, secret: { secretName: y } }]\n      timeoutSeconds',
      'volumes[0].secret is not a field',
    ],
    [
      'a reserved variable',
      'knative/services/echo.yaml',
      '- name: DATABASE_URL',
      '- name: K_SINK',
      'is K_SINK, which Knative sets itself',
    ],
    [
      'a variable twice',
      'knative/services/echo.yaml',
      '- name: DATABASE_URL',
      '- name: FUNCTION_TARGET',
      'is FUNCTION_TARGET for the second time',
    ],
    [
      'envFrom',
      'knative/services/echo.yaml',
      '          env:',
      '          envFrom: []\n          env:',
      'envFrom is not a field',
    ],
    ['no target', 'knative/services/echo.yaml', 'FUNCTION_TARGET', 'OTHER', 'has no FUNCTION_TARGET'],
    [
      'a target outside functions/',
      'knative/services/echo.yaml',
      'value: echo',
      'value: ../../x',
      'which is not a valid folder name',
    ],
    [
      'a traffic split',
      'knative/services/echo.yaml',
      'spec:\n  template',
      'spec:\n  traffic: [{ revisionName: a, percent: 50 }]\n  template',
      'spec.traffic[0].revisionName is not a field',
    ],
    [
      'another visibility',
      'knative/services/echo.yaml',
      'vigia.dev/publishes: "true"',
      'networking.knative.dev/visibility: private',
      'the only value is cluster-local',
    ],

    [
      'a binding by name and selector',
      'knative/binding.yaml',
      '    selector',
      '    name: echo\n    selector',
      'spec.subject needs a name or a selector, not both',
    ],
    [
      'a binding of something else',
      'knative/binding.yaml',
      'serving.knative.dev/v1',
      'apps/v1',
      'one machine binds Knative Services',
    ],
    [
      'a kind we do not run',
      'knative/broker.yaml',
      'kind: Broker',
      'kind: Sequence',
      'kind is Sequence, which one machine does not run',
    ],
    [
      'a version we do not know',
      'knative/broker.yaml',
      'eventing.knative.dev/v1',
      'eventing.knative.dev/v1beta1',
      'apiVersion is eventing.knative.dev/v1beta1; a Broker is eventing.knative.dev/v1 here',
    ],
    [
      'another namespace',
      'triggers/echo.yaml',
      'namespace: vigia',
      'namespace: other',
      'is in namespace other, others are in vigia',
    ],
    ['no name', 'knative/broker.yaml', '  name: default\n', '', 'knative/broker.yaml:3: metadata has no name'],
    ['a name in capitals', 'knative/broker.yaml', 'name: default', 'name: Default', 'metadata.name is "Default"'],
    [
      'the same key twice',
      'knative/broker.yaml',
      'spec: {}',
      'spec: {}\nspec: {}',
      'knative/broker.yaml:7: Map keys must be unique',
    ],
    [
      'broken YAML',
      'knative/broker.yaml',
      'spec: {}',
      'spec: {',
      'knative/broker.yaml:7: Flow map in block collection',
    ],
    ['a tab', 'knative/broker.yaml', '  name', '\tname', 'knative/broker.yaml:4: Tabs are not allowed'],
    [
      'a list for an object',
      'knative/broker.yaml',
      /[\s\S]*/,
      '- a\n',
      'knative/broker.yaml:1: the document should be a mapping',
    ],
  ])('%s', (_, file, from, to, expected) => {
    const text = whole[file].replace(from, to)
    expect(text).not.toBe(whole[file])
    const [line, ...more] = faults(file, text)
    expect(line).toContain(expected)
    expect(line).toMatch(/^(knative|triggers)\/[a-z/]+\.yaml:\d+: /)
    expect(line).not.toContain('\n')
    expect(more.filter(other => !/no such (Broker|Service)|there is no Broker/.test(other))).toEqual([])
  })

  test('two objects of one name', () => {
    expect(faults('triggers/other.yaml', trigger)).toEqual([
      'triggers/other.yaml:1: the document is the second Trigger named echo-tick; the first is in triggers/echo.yaml:1',
    ])
  })

  test('a second Broker', () => {
    expect(faults('knative/second.yaml', broker.replace('name: default', 'name: second'))).toEqual([
      'knative/second.yaml:1: Broker second is the second one; one machine runs one',
    ])
  })

  test('two bindings of one function', () => {
    expect(faults('knative/second.yaml', binding.replace('name: publishers', 'name: others'))[0]).toContain(
      'binds echo, which publishers binds already',
    )
  })

  test('every object tells its first fault, so that one look shows them all', () => {
    const bad = `${trigger.replace('PT0.2S', '1s')}---\n${trigger.replace('echo-tick', 'echo-other').replace('retry: 3', 'retry: x')}`
    expect(faults('triggers/echo.yaml', bad).length).toBe(2)
  })

  test('a file of a billion laughs, and aliases by the dozen', () => {
    const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let n = 1; n < 30; n++)
      laughs.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(', ')}]`,
      )
    const line = faults(
      'knative/laughs.yaml',
      `${broker.replace('default', 'laughs').replace('spec: {}', `spec:\n  ${laughs.join('\n  ')}`)}`,
    )
    expect(line[0]).toContain('knative/laughs.yaml:7: spec.a0 is not a field')
    const labels = Array.from({ length: 60 }, (_, n) => `    l${n}: *name`).join('\n')
    const text = broker.replace('name: default', `name: &name default\n  labels:\n${labels}`)
    expect(faults('knative/broker.yaml', text)[0]).toMatch(/is one alias too many \(at most 50 in a file\)/)
  })

  test('nesting without end is refused', () => {
    const deep = `${'{ not: '.repeat(60)}{ exact: { a: b } }${' }'.repeat(60)}`
    const text = trigger.replace(/filter:\n.*\n.*\n/, `filters: [${deep}]\n`)
    expect(faults('triggers/echo.yaml', text)[0]).toContain('is nested deeper than')
  })

  test('a file that is too large', () => {
    expect(faults('knative/large.yaml', `# ${'x'.repeat(1 << 20)}`)).toEqual([
      'knative/large.yaml: larger than 1 MiB; split it',
    ])
  })
})

describe('the zone of a PingSource is a name of the IANA database, as Go reads it', () => {
  const sourceWith = (zone: string) =>
    source.replace('timezone: America/Sao_Paulo', `timezone: ${JSON.stringify(zone)}`)

  test.each([
    ...['CST', 'PST', 'JST', 'BST', 'utc', 'Utc', 'america/new_york', 'US/pacific', 'America/new_york', 'gmt'],
    ...['GMT+3', 'UTC+3', 'UTC0', '+03:00', 'Z', 'posix/UTC', 'right/UTC', 'posix/America/New_York', 'SystemV/EST5'],
    ...[
      'America/New_York ',
      ' UTC',
      'UTC ',
      '../UTC',
      '/UTC',
      'America',
      'America/',
      'local',
      'Etc/GMT+15',
      'Etc/Unknown',
    ],
  ])('%j is refused with file, line and field', zone => {
    const [fault, ...more] = faults('knative/sources/echo.yaml', sourceWith(zone))
    expect(fault).toMatch(/^knative\/sources\/echo\.yaml:\d+: spec\.timezone is ".*", which is not an IANA time zone/)
    expect(fault).toContain(`"${zone}"`)
    expect(more).toEqual([])
  })

  test.each([
    ...['UTC', 'GMT', 'EST', 'MST', 'HST', 'EST5EDT', 'CET', 'Etc/GMT+3', 'Etc/GMT-14', 'GMT+0', 'GMT0', 'UCT', 'Zulu'],
    ...['US/Pacific', 'Asia/Calcutta', 'Europe/Kiev', 'Europe/Kyiv', 'America/Argentina/ComodRivadavia', 'Brazil/East'],
  ])('%j is taken by that name', zone => {
    const files = { ...whole, 'knative/sources/echo.yaml': sourceWith(zone) }
    expect(read(files).sources[0]).toMatchObject({ timeZone: zone })
  })

  test.each(['', 'Local'])('%j is UTC, the zone of the image', zone => {
    expect(read({ ...whole, 'knative/sources/echo.yaml': sourceWith(zone) }).sources[0]).toMatchObject({
      timeZone: 'UTC',
    })
  })

  const scheduled = (schedule: string, more = '') =>
    source.replace(/ {2}schedule: .*\n {2}timezone: .*\n/, `  schedule: ${JSON.stringify(schedule)}\n${more}`)

  test.each(['CRON_TZ', 'TZ'])('%s= in front of the schedule names it too', name => {
    const files = { ...whole, 'knative/sources/echo.yaml': scheduled(`${name}=Europe/Lisbon  0 9 * * *`) }
    expect(read(files).sources[0]).toMatchObject({ timeZone: 'Europe/Lisbon', schedule: '0 9 * * *' })
  })

  test.each([
    ['CRON_TZ=CST 0 9 * * *', '', 'spec.schedule is "CRON_TZ=CST 0 9 * * *", which is not an IANA time zone'],
    ['CRON_TZ=Europe/Lisbon 0 9 * *', '', 'spec.schedule is "CRON_TZ=Europe/Lisbon 0 9 * *": expected 5 to 6 fields'],
    ['CRON_TZ=Europe/Lisbon', '', 'spec.schedule is "CRON_TZ=Europe/Lisbon": the zone'],
    ['TZ=Europe/Lisbon 0 9 * * *', '  timezone: UTC\n', 'spec.timezone stands beside the zone of schedule'],
  ])('%j with %j is refused', (schedule, more, words) => {
    expect(faults('knative/sources/echo.yaml', scheduled(schedule, more))).toEqual([expect.stringContaining(words)])
  })
})
