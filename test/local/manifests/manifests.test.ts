import { describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { manifestFiles, readManifests } from '#local/manifests/manifests.ts'
import { binding, broker, read, service, source, trigger, validManifests } from './support.ts'

describe('reading the manifests', () => {
  test('the manifests of Vigia are read without an error, and every field is used or reported as unused', () => {
    const { functions, triggers, sources, unused } = readManifests(manifestFiles(root))
    expect(functions.map(({ name }) => name)).toContain('uptime-prober')
    expect(functions.every(({ name, target }) => name === target)).toBe(true)
    expect(sources.find(({ name }) => name === 'probe-scheduler')?.extensions).toEqual({ tick: 'probe-scheduler' })
    expect(triggers.every(({ delivery }) => delivery.deadLetterSink !== null)).toBe(true)
    expect(unused.every(({ why, file, line }) => why !== '' && file !== '' && line > 0)).toBe(true)
  })

  test('a function has its limits, its variables and, if a SinkBinding selects it, its sink', () => {
    const [echo] = read(validManifests).functions
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
    const { 'knative/binding.yaml': _, ...unbound } = validManifests
    expect(read(unbound).functions[0]!.sink).toBe(null)
  })

  test('a Trigger has its filters, its function with a path, and its whole delivery block', () => {
    expect(read(validManifests).triggers).toEqual([
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
    expect(read({ ...validManifests, 'triggers/echo.yaml': bare }).triggers[0]!.delivery).toMatchObject({
      retry: 10,
      backoffDelayMs: 200,
      deadLetterSink: null,
    })
    const brokerWithDelivery = broker.replace('spec: {}', `spec:\n${trigger.slice(trigger.indexOf('  delivery:'))}`)
    const both = read({ ...validManifests, 'knative/broker.yaml': brokerWithDelivery, 'triggers/echo.yaml': bare })
    expect(both.triggers[0]!.delivery).toMatchObject({ retry: 3, deadLetterSink: { name: 'echo' } })
  })

  test('a source has its schedule, its zone, the exact bytes of its data, and extensions in lower case', () => {
    const [echo] = read(validManifests).sources
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

  test('several objects in a file, comments, empty documents and a few aliases are accepted', () => {
    const { functions, triggers } = read({
      'knative/all.yaml': [broker, service, '# nothing here\n', trigger, source, binding].join('---\n'),
    })
    expect(functions.length).toBe(1)
    expect(triggers.length).toBe(1)
    const anchored = trigger
      .replace('ref:\n', 'ref: &echo\n')
      .replace(/deadLetterSink:\n {6}ref:[\s\S]*?uri/, 'deadLetterSink:\n      ref: *echo\n      uri')
    expect(anchored).toContain('*echo')
    expect(
      read({ ...validManifests, 'triggers/echo.yaml': anchored }).triggers[0]!.delivery.deadLetterSink,
    ).toMatchObject({
      name: 'echo',
    })
  })

  test('fields that have no effect on one machine are reported with a reason', () => {
    expect(read(validManifests).unused).toEqual([
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
  ])('filters may use the dialect %s', (_, filter) => {
    const text = trigger.replace(/ {2}filter:[\s\S]*?tick\n/, `  filters:\n    - ${filter}\n`)
    expect(text).toContain('filters:')
    expect(read({ ...validManifests, 'triggers/echo.yaml': text }).triggers[0]!.filters.length).toBe(1)
  })
})
