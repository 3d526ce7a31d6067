import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { allEvents } from '#events/all.ts'
import { defineEvent, type EventDefinition, maxHops, rootCause } from '#events/event.ts'
import { exportedSchemas, schemasDir } from '#events/export.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { validatorOf } from '#events/validate.ts'
import { parseCloudEvent } from '#functions/host/cloud-event.ts'
import { inBinaryMode } from '#functions/host/publish.ts'
import { manifestsIn } from '#infra/cluster/render/manifest-files.ts'
import { eventUses, exportedName } from '#infra/generate/event-uses.ts'
import { root } from '#infra/repository.ts'
import { sampleEvent } from '#test/support/sample-events.ts'

const files = readdirSync(join(root, 'events')).filter(file => file.endsWith('.ts'))
const isDefinition = (value: unknown): value is EventDefinition =>
  typeof value === 'object' && value !== null && 'dataschema' in value && 'from' in value
const definitionsIn = async (file: string) =>
  Object.entries((await import(`../../events/${file.replace('.ts', '')}.ts`)) as Record<string, unknown>).filter(
    (entry): entry is [string, EventDefinition] => isDefinition(entry[1]),
  )

describe('every event', () => {
  test('has a file with its name and is listed in all.ts', async () => {
    const found: EventDefinition[] = []
    for (const file of files.filter(file => file !== 'all.ts'))
      for (const [exported, definition] of await definitionsIn(file)) {
        expect(`${definition.name.replaceAll('.', '-')}.ts`).toBe(file)
        expect(exported).toBe(exportedName(definition))
        found.push(definition)
      }
    expect(allEvents.map(({ name }) => name)).toEqual(found.map(({ name }) => name).toSorted())
    expect(new Set(allEvents.map(({ type }) => type)).size).toBe(allEvents.length)
  })

  test.each(allEvents.map(event => [event.name, event] as const))(
    '%s has a valid sample that is unchanged after it is sent over HTTP',
    (_, event) => {
      const made = { ...sampleEvent(event), source: '/functions/test' }
      const valid = validatorOf(event)
      expect(valid(made.data), JSON.stringify(valid.errors)).toBe(true)
      const { headers, body } = inBinaryMode(made)
      expect(parseCloudEvent(headers, body)).toEqual(made)
    },
  )

  test('has an up-to-date export as JSON Schema (`npm run schemas`)', () => {
    const onDisk = readdirSync(schemasDir).map(file => [file, readFileSync(join(schemasDir, file), 'utf8')] as const)
    expect(new Map(onDisk)).toEqual(exportedSchemas())
  })
})

describe('an event that another event causes', () => {
  const cause = {
    id: 'monitor/42@2026-11-21T12:05:20Z',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    vigiahops: 3,
  }
  const { data } = sampleEvent(MonitorDown)

  test('gets its id from its cause, so a redelivered cause gives the same event', () => {
    const fields = { subject: 'monitor/42', data, time: new Date('2026-11-21T12:05:21Z') }
    expect(MonitorDown.from(cause, fields)).toEqual(MonitorDown.from(cause, fields))
    expect(MonitorDown.from(cause, fields)).toEqual({
      id: 'monitor/42@2026-11-21T12:05:20Z/monitor.down',
      type: 'dev.vigia.monitor.down',
      source: '',
      subject: 'monitor/42',
      time: '2026-11-21T12:05:21.000Z',
      dataschema: 'https://vigia.dev/events/monitor.down/v1',
      datacontenttype: 'application/json',
      data,
      causationid: cause.id,
      traceparent: cause.traceparent,
      vigiahops: 4,
    })
    expect(MonitorDown.from(cause, { ...fields, key: '7' }).id).toBe(`${cause.id}/monitor.down/7`)
    expect(MonitorDown.from(cause, { ...fields, key: '7', id: 'incident/7/monitor.down' })).toMatchObject({
      id: 'incident/7/monitor.down',
      causationid: cause.id,
    })
  })

  test('counts the hops since the first event, and is refused above the limit', () => {
    let event = MonitorDown.from(rootCause('tg/1'), { subject: 'monitor/42', data })
    expect(event).toMatchObject({ vigiahops: 0, causationid: 'tg/1' })
    expect(event).not.toHaveProperty('traceparent')
    while (event.vigiahops < maxHops) event = MonitorDown.from(event, { subject: 'monitor/42', data })
    event = { ...event, source: '/functions/test' }
    expect(inBinaryMode(event).headers['ce-vigiahops']).toBe('16')
    expect(() => inBinaryMode({ ...event, vigiahops: 17 })).toThrow('a loop')
  })

  test('names the version of its schema', () => {
    expect(defineEvent('monitor.down', 2, MonitorDown.schema).dataschema).toBe(
      'https://vigia.dev/events/monitor.down/v2',
    )
  })
})

describe('the functions and Triggers', () => {
  const functions = eventUses()
  const triggers = manifestsIn('triggers').map(({ metadata, spec }) => ({
    name: metadata.name,
    type: spec.filter.attributes.type as string,
    wakes: spec.subscriber.ref.name as string,
  }))

  test.each(allEvents.filter(({ name }) => name !== 'tick').map(event => [event.name, event] as const))(
    '%s is published by a function and has a Trigger',
    (_, event) => {
      const publishers = functions.filter(({ publishes }) => publishes.includes(event)).map(one => one.function)
      expect(publishers, `no function publishes ${event.name}`).not.toEqual([])
      const matching = triggers.filter(({ type }) => type === event.type)
      expect(matching, `no Trigger has the type of ${event.name}`).not.toEqual([])
    },
  )

  test('each function handles exactly the event types of its Triggers', () => {
    const delivered = triggers.map(({ wakes, type }) => `${wakes} ${type}`)
    const handled = functions.flatMap(({ function: name, handles }) => handles.map(({ type }) => `${name} ${type}`))
    expect(delivered.toSorted()).toEqual(handled.toSorted())
  })

  test('exactly the functions that publish have the label of the SinkBinding', () => {
    const services = manifestsIn('knative/services')
    for (const { function: name, publishes } of functions) {
      const service = services.find(({ metadata }) => metadata.name === name)!
      const label = 'vigia.dev/publishes'
      const expected = publishes.length > 0 ? 'true' : undefined
      const hint = `the label ${label} of knative/services/${name}.yaml`
      // The SinkBinding selects Services by this label, and the network policies select pods by it.
      expect(service.metadata.labels?.[label], `metadata.labels: ${hint}`).toBe(expected)
      expect(service.spec.template.metadata.labels?.[label], `spec.template.metadata.labels: ${hint}`).toBe(expected)
    }
  })
})
