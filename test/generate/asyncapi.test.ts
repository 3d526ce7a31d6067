import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { allEvents } from '#events/all.ts'
import { newCompiler } from '#events/validate.ts'
import { inBinaryMode } from '#functions/host/publish.ts'
import { asyncapi, asyncapiPath } from '#infra/generate/asyncapi.ts'
import { root } from '#infra/repository.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'
import { sampleEvent } from '#test/support/sample-events.ts'

const document = JSON.parse(readFileSync(join(root, asyncapiPath), 'utf8'))

describe('events/asyncapi.json', () => {
  const ajv = newCompiler({ strict: false, schemas: { document } })
  const validatorAt = (...path: string[]) => ajv.compile({ $ref: `document#/${path.join('/')}` })

  test.each(allEvents.map(event => [event.name, event] as const))(
    'describes the headers and the data of %s as they are published',
    (name, event) => {
      const sample = { ...sampleEvent(event), source: '/functions/test' }
      const { headers, body } = inBinaryMode(sample)
      const valid = validatorAt('components', 'messages', name, 'headers')
      expect(valid(headers), JSON.stringify(valid.errors)).toBe(true)
      expect(valid({ ...headers, 'ce-type': 'dev.vigia.another' })).toBe(false)
      const validData = validatorAt('components', 'messages', name, 'payload')
      expect(validData(JSON.parse(body.toString())), JSON.stringify(validData.errors)).toBe(true)
    },
  )

  test('says what each function publishes and handles', () => {
    const messages = (operation: string) =>
      document.operations[operation].messages.map(({ $ref }: { $ref: string }) => $ref.split('/').at(-1))
    expect(messages('uptime-prober.send')).toEqual([
      'monitor.down',
      'monitor.steady',
      'monitor.up',
      'probe.finished',
      'probe.requested',
    ])
    expect(messages('uptime-prober.receive')).toEqual(['heartbeat.changed', 'probe.requested'])
    expect(messages('error-notifier.receive')).toEqual([
      'message.refused',
      'operators.report',
      'record.skipped',
      'tick',
    ])
    expect(document.operations).not.toHaveProperty('error-notifier.send')
  })

  test('has the docstring of each event, and the generator refuses an event without one', async () => {
    expect(document.components.messages['monitor.down'].summary).toBe(
      'People have to know that the monitor is down. Subject `monitor/42`, id `incident/7/monitor.down`. During ' +
        'maintenance, while the parent of the monitor is down, and while a person wants silence, the event waits; it is ' +
        'published if the monitor is still down afterwards. A reminder has the id `incident/7/monitor.down/reminder-3`, ' +
        'and the reminder at the end of a silence `incident/7/monitor.down/silence-<time>`.',
    )
    const copy = temporaryFolder()
    try {
      for (const path of ['events', 'functions', 'triggers'])
        cpSync(join(root, path), join(copy, path), { recursive: true })
      const file = join(copy, 'events/monitor-down.ts')
      writeFileSync(file, readFileSync(file, 'utf8').replace(/\/\*\*[\s\S]*?\*\/\n(?=export const MonitorDown)/, ''))
      await expect(asyncapi(copy)).rejects.toThrow('events/monitor-down.ts: MonitorDown needs a docstring')
    } finally {
      rmSync(copy, { recursive: true, force: true })
    }
  })
})
