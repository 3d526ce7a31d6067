import fc from 'fast-check'
import { expect, test } from 'vitest'
import { incidentAnswersIn } from '#database/uptime/incident-answers.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import type { VigiaEvent } from '#events/event.ts'
import { silenceOf } from '#functions/outages/answer-buttons.ts'
import { answer, judge, type ModelMonitor, newModelMonitor, remind, tell, type Window } from './told-model.ts'
import { addMonitor, chatId, minuteMs, type OutageWorld, outageDatabase, outageWorld } from './world.ts'

const database = outageDatabase()

interface Model {
  world: OutageWorld
  monitors: ModelMonitor[]
  windows: Window[]
}

/** One thing that happens. It changes the model and PostgreSQL, and returns the events of PostgreSQL. */
type Step = (model: Model) => Promise<VigiaEvent[]>

/** `2 down`, `2 up`, `2 flapping`, `2 steady up`, `2 steady down` or `2 reminder`. */
const said = ({ type, data }: VigiaEvent): string => {
  const { monitorId, flapping, reminder, downSince } = data as Record<string, unknown>
  const name = type.replace('dev.vigia.monitor.', '')
  if (name === 'steady') return `${monitorId} steady ${downSince === null ? 'up' : 'down'}`
  return `${monitorId} ${flapping ? 'flapping' : reminder === undefined ? name : 'reminder'}`
}

const check =
  (results: readonly (boolean | null)[]): Step =>
  async ({ world, monitors }) => {
    const at = world.now().getTime()
    const checks = results.flatMap((ok, index) => (ok === null ? [] : [{ id: index + 1, ok }]))
    for (const { id, ok } of checks) judge(monitors[id - 1]!, ok, at)
    return checks.length === 0 ? [] : world.check(...checks)
  }

const answers =
  (id: number, kind: 'acknowledge' | 'hour' | 'recovery', person: number): Step =>
  async ({ world, monitors }) => {
    const now = world.now()
    const { rows } = await database.db.query<{ id: number }>(
      'select id from incident where monitor_id = $1 order by id desc limit 1',
      [id],
    )
    if (rows[0] === undefined) return []
    const silence = silenceOf(kind, now, 'UTC')
    const given = { answer: kind, silence, personId: person, personName: `person ${person}` }
    await incidentAnswersIn(database.db).give(chatId, rows[0].id, given, now)
    answer(monitors[id - 1]!, kind, now.getTime())
    return []
  }

const maintain =
  (id: number | null, minutes: number): Step =>
  async ({ world, windows }) => {
    const from = world.now()
    const to = new Date(from.getTime() + minutes * minuteMs)
    const scope = { chatId, monitorId: id, groupName: null }
    await maintenanceIn(database.db).add({ ...scope, startsAt: from, endsAt: to }, from)
    windows.push({ from: from.getTime(), to: to.getTime(), monitor: id })
    return []
  }

const wait: Step = async () => []

const names = { true: 'good', false: 'bad', null: '–' }
const monitorId = fc.integer({ min: 1, max: 4 })
const result = fc.oneof({ weight: 3, arbitrary: fc.boolean() }, fc.constant(null))
const step: fc.Arbitrary<[string, number, Step]> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(20, 60, 60, 120) },
      { weight: 1, arbitrary: fc.constantFrom(300, 1_800, 3_600) },
    ),
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc
          .tuple(result, result, result, result)
          .map((results): [string, Step] => [`checks ${results.map(ok => names[`${ok}`])}`, check(results)]),
      },
      fc
        .tuple(monitorId, fc.constantFrom('acknowledge', 'hour', 'recovery'), fc.integer({ min: 1, max: 2 }))
        .map(([id, kind, person]): [string, Step] => [`${person} answers ${kind} to ${id}`, answers(id, kind, person)]),
      fc
        .tuple(fc.option(monitorId), fc.constantFrom(1, 5, 20))
        .map(([id, minutes]): [string, Step] => [
          `${minutes} min of maintenance of ${id ?? 'all'}`,
          maintain(id, minutes),
        ]),
      fc.constant<[string, Step]>(['nothing happens', wait]),
    ),
  )
  .map(([seconds, [name, run]]) => [`after ${seconds} s ${name}`, seconds, run])

/** Monitor 1 is the parent of 2 and 3. Monitor 4 depends on nothing; reminders of 1 and 4 come every 30 minutes. */
const start = async (): Promise<Model> => {
  await database.clean()
  const parentId = await addMonitor(database.db, 'parent.test')
  for (const name of ['two.test', 'three.test']) await addMonitor(database.db, name, { parentId })
  await addMonitor(database.db, 'four.test')
  await database.db.query(`update monitor set reminder = '30m' where id in (1, 4)`)
  const parent = newModelMonitor(1, null, 30 * minuteMs)
  const monitors = [parent, newModelMonitor(2, parent, null), newModelMonitor(3, parent, null)]
  return {
    world: outageWorld(database.db),
    monitors: [...monitors, newModelMonitor(4, null, 30 * minuteMs)],
    windows: [],
  }
}

/** Time passes, the step happens, and a tick follows. Both models must say the same. */
const run = async (model: Model, [name, seconds, happens]: [string, number, Step]): Promise<void> => {
  const { world, monitors, windows } = model
  world.pass(seconds * 1_000)
  const found = await happens(model)
  found.push(...(await world.tick()).filter(({ type }) => type.startsWith('dev.vigia.monitor.')))
  const at = world.now().getTime()
  const expected = [
    ...monitors.map(monitor => tell(monitor, windows, at)),
    ...monitors.map(monitor => remind(monitor, windows, at)),
  ].filter(text => text !== null)
  expect(found.map(said).sort(), name).toEqual(expected.sort())
}

/**
 * The rules that people rely on, from all messages about a monitor in their order: each differs from the one before,
 * each outage that was told is followed by exactly one end, and the last message is true.
 */
const expectSense = (messages: readonly string[], state: ModelMonitor['state']): void => {
  let told = 'up'
  for (const message of messages) {
    if (message === 'reminder') {
      expect(told, 'a reminder follows the message about an outage').toBe('down')
      continue
    }
    const [, steady, now] = /^(steady )?(.*)$/.exec(message)!
    expect(now, 'no message comes twice').not.toBe(told)
    if (steady) expect(told, 'only a flapping monitor becomes steady').toBe('flapping')
    else if (now === 'up') expect(told, 'a recovery follows an outage').toBe('down')
    told = now!
  }
  expect(told, 'the last message is true').toBe(state)
}

test('chats are told what the model says: nothing twice, nothing lost, nothing while silenced, one end of each outage', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 35 }), async steps => {
      const model = await start()
      for (const one of steps) await run(model, one)
      // At last all silences and maintenance are over, the parent is up, and every monitor is checked until none flaps.
      await run(model, ['after a day', 86_000, wait])
      const last = model.monitors.map(({ id, state }) => id === 1 || state !== 'down')
      for (let minutes = 0; minutes < 7; minutes++) await run(model, ['a last check', 60, check(last)])
      for (const { id, state } of model.monitors) {
        const messages = model.world.events.map(said).filter(text => text.startsWith(`${id} `))
        expectSense(
          messages.map(text => text.slice(2)),
          state,
        )
      }
      const ids = model.world.events.map(({ id }) => id)
      expect(new Set(ids).size, 'no event is published twice').toBe(ids.length)
    }),
    { numRuns: 15, endOnFailure: true },
  )
}, 600_000)
