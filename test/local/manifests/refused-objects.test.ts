import { describe, expect, test } from 'vitest'
import { binding, broker, errorsOf, expectRefused, type File, trigger } from './support.ts'

describe('a manifest that one machine cannot apply is refused with file, line, field and a next step', () => {
  test.each<[title: string, file: File, from: string | RegExp, to: string, expected: string]>([
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
      'Vigia binds only Knative Services',
    ],
    [
      'a kind that one machine does not run',
      'knative/broker.yaml',
      'kind: Broker',
      'kind: Sequence',
      'kind is Sequence; on one machine, Vigia runs only Service, Broker, Trigger, PingSource, SinkBinding',
    ],
    [
      'a version that one machine does not know',
      'knative/broker.yaml',
      'eventing.knative.dev/v1',
      'eventing.knative.dev/v1beta1',
      'apiVersion is eventing.knative.dev/v1beta1; a Broker is eventing.knative.dev/v1 here',
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
      'a list instead of an object',
      'knative/broker.yaml',
      /[\s\S]*/,
      '- a\n',
      'knative/broker.yaml:1: the document should be a mapping',
    ],
  ])('%s', (_, file, from, to, expected) => expectRefused(file, from, to, expected))

  test('two objects with the same name', () => {
    expect(errorsOf('triggers/other.yaml', trigger)).toEqual([
      'triggers/other.yaml:1: the document is the second Trigger named echo-tick; rename it, the first is in triggers/echo.yaml:1',
    ])
  })

  test('a second Broker', () => {
    expect(errorsOf('knative/second.yaml', broker.replace('name: default', 'name: second'))).toEqual([
      'knative/second.yaml:1: Broker second is a second Broker; Vigia on one machine runs only one, so remove one of them',
    ])
  })

  test('two bindings of one function', () => {
    expect(errorsOf('knative/second.yaml', binding.replace('name: publishers', 'name: others'))[0]).toContain(
      'binds echo, which publishers binds already',
    )
  })

  test('every invalid object reports its first error, so that one start shows all invalid objects', () => {
    const bad = `${trigger.replace('PT0.2S', '1s')}---\n${trigger.replace('echo-tick', 'echo-other').replace('retry: 3', 'retry: x')}`
    expect(errorsOf('triggers/echo.yaml', bad).length).toBe(2)
  })

  test('a file whose aliases expand to gigabytes, and a file with dozens of aliases', () => {
    const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let n = 1; n < 30; n++)
      laughs.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(', ')}]`,
      )
    const line = errorsOf(
      'knative/laughs.yaml',
      `${broker.replace('default', 'laughs').replace('spec: {}', `spec:\n  ${laughs.join('\n  ')}`)}`,
    )
    expect(line[0]).toContain('knative/laughs.yaml:7: spec.a0 is not a field')
    const labels = Array.from({ length: 60 }, (_, n) => `    l${n}: *name`).join('\n')
    const text = broker.replace('name: default', `name: &name default\n  labels:\n${labels}`)
    expect(errorsOf('knative/broker.yaml', text)[0]).toMatch(/is one alias too many \(at most 50 in a file\)/)
  })

  test('nesting that is too deep', () => {
    const deep = `${'{ not: '.repeat(60)}{ exact: { a: b } }${' }'.repeat(60)}`
    const text = trigger.replace(/filter:\n.*\n.*\n/, `filters: [${deep}]\n`)
    expect(errorsOf('triggers/echo.yaml', text)[0]).toContain('is nested deeper than')
  })

  test('a file that is too large', () => {
    expect(errorsOf('knative/large.yaml', `# ${'x'.repeat(1 << 20)}`)).toEqual([
      'knative/large.yaml: larger than 1 MiB; split it',
    ])
  })
})
