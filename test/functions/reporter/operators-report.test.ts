import { beforeEach, expect, test } from 'vitest'
import { cursorsIn } from '#database/operations/cursors.ts'
import { figuresIn } from '#database/operations/figures.ts'
import { operatorsFiguresIn } from '#database/operations/operators-figures.ts'
import { type EventOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { OperatorsReport } from '#events/operators-report.ts'
import { operatorsReport } from '#functions/reporter/operators-report.ts'
import { addMonitor, chatId, database, result, store, useReporter } from './support.ts'

/*
 * The daily report for the operators: once a day, with the figures of its day and the growth since the last report.
 */

useReporter()

let published: VigiaEvent[]
beforeEach(async () => {
  published = []
  await database.db.query('truncate cursor, dead_letter')
})

let ticks = 0
const tickAt = (iso: string, publish = async (events: readonly VigiaEvent[]) => void published.push(...events)) =>
  operatorsReport(rootCause(`tick-${ticks++}`), {
    cursors: cursorsIn(database.db),
    figures: figuresIn(database.db),
    operatorsFigures: operatorsFiguresIn(database.db),
    clock: () => new Date(iso),
    publish,
  })
const ids = () => published.map(({ id }) => id)

test('the report is published once, at the first tick after eight in Brasília, and after a gap only for the last day', async () => {
  await tickAt('2026-11-18T15:00:00Z')
  expect(ids()).toEqual([])
  await tickAt('2026-11-21T10:45:00Z')
  await tickAt('2026-11-21T11:00:00Z')
  await tickAt('2026-11-21T11:15:00Z')
  expect(ids()).toEqual(['operators/report@2026-11-20T11:00:00.000Z', 'operators/report@2026-11-21T11:00:00.000Z'])
})

test('the report has the same id if two pods make it at once, or if the broker did not accept it before', async () => {
  await tickAt('2026-11-20T15:00:00Z')
  const refuse = async () => {
    throw new Error('the broker is unavailable')
  }
  await expect(tickAt('2026-11-21T11:00:00Z', refuse)).rejects.toThrow()
  await Promise.all([tickAt('2026-11-21T11:15:00Z'), tickAt('2026-11-21T11:15:00Z')])
  expect(new Set(ids())).toEqual(new Set(['operators/report@2026-11-21T11:00:00.000Z']))
})

test('the report has missed checks, lateness, messages, dead letters by kind and the growth of tables', async () => {
  await tickAt('2026-11-20T15:00:00Z')
  const { id } = await addMonitor('loja')
  const unknown = { ok: null, error: 'not-checked', totalMs: null }
  await store([
    result(id, new Date('2026-11-20T10:59:00Z'), unknown),
    result(id, new Date('2026-11-20T12:00:00Z'), unknown),
    result(id, new Date('2026-11-21T10:58:00Z'), { startedAt: new Date('2026-11-21T10:58:00.500Z') }),
  ])
  for (const [key, state, at] of [
    ['a', 'sent', '2026-11-20T12:00:00Z'],
    ['b', 'refused', '2026-11-20T13:00:00Z'],
    ['c', 'sent', '2026-11-20T09:00:00Z'],
    ['d', 'waiting', null],
  ])
    await database.db.query(
      `insert into message (key, chat_id, request, cause, state, not_before, requested_at, tried_at)
       values ($1, $2, '{}', '{}', $3, now(), now(), $4)`,
      [key, chatId, state, at],
    )
  for (const [fingerprint, count] of [
    ['aaaa', 3],
    ['bbbb', 1],
  ] as const)
    await database.db.query(
      `insert into dead_letter (fingerprint, trigger, event_source, event_id, reason, event, at)
       select $1, 'some-trigger', 's', $1 || n, 'r', '{}', '2026-11-21T03:00:00Z' from generate_series(1, $2) as n`,
      [fingerprint, count],
    )
  await database.db.query(
    `insert into alert (event_id, fingerprint, at) select repeat('x', 200) || n, 'f', now() from generate_series(1, 20000) as n`,
  )
  await tickAt('2026-11-21T11:00:00Z')
  const { data } = published[0] as EventOf<typeof OperatorsReport>
  expect(data).toMatchObject({
    from: '2026-11-20T11:00:00.000Z',
    to: '2026-11-21T11:00:00.000Z',
    missedChecks: 1,
    latenessS: { half: 0.5, most: 0.5, all: 0.5 },
    messages: { sent: 1, refused: 1, waiting: 1 },
    deadLetters: [
      { fingerprint: 'aaaa', trigger: 'some-trigger', count: 3 },
      { fingerprint: 'bbbb', trigger: 'some-trigger', count: 1 },
    ],
    otherDeadLetters: 0,
    events: null,
  })
  expect(data.tables).toHaveLength(5)
  const alert = data.tables.find(({ name }) => name === 'alert')!
  expect(alert.grown).toBeGreaterThan(20_000 * 200)
  expect(data.database.grown).toBeGreaterThanOrEqual(alert.grown!)
  await database.db.query('truncate alert')
})
