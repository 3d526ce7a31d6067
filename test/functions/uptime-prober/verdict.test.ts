import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Monitor } from '#database/uptime/monitors.ts'
import { type Finding, verdict } from '#functions/uptime-prober/verdict.ts'
import { withoutOptions } from '#test/support/monitors.ts'

const slot = (n: number) => new Date(Date.UTC(2026, 10, 21, 12) + n * 10_000)

const unjudged: Monitor = {
  id: 42,
  chatId: 7,
  name: 'example.org',
  kind: 'http',
  url: 'https://example.org/',
  intervalS: 10,
  timeoutMs: 5_000,
  ...withoutOptions,
  pausedAt: null,
  state: 'new',
  stateSince: null,
  judgedAt: null,
  lastOkAt: null,
  changes: null,
  settlesAt: null,
  paceCount: 0,
  slowSince: null,
  slowMs: null,
  certificateDays: null,
  certificateExpiresAt: null,
  version: 0,
}

const good = (n: number): Finding => ({ dueAt: slot(n), ok: true, confirmed: true })
const bad = (n: number): Finding => ({ dueAt: slot(n), ok: false, confirmed: true })
const unconfirmed = (n: number): Finding => ({ dueAt: slot(n), ok: false, confirmed: false })
const unchecked = (n: number): Finding => ({ dueAt: slot(n), ok: null, confirmed: false })

const judged = (...findings: Finding[]) => findings.reduce(verdict, unjudged)

describe('a monitor', () => {
  test('is up after its first good check, and goes down with a confirmed failure', () => {
    expect(judged(good(1))).toMatchObject({ state: 'up', stateSince: slot(1), lastOkAt: slot(1), version: 1 })
    expect(judged(good(1), good(2), bad(3))).toMatchObject({
      state: 'down',
      stateSince: slot(3),
      judgedAt: slot(3),
      lastOkAt: slot(2),
      version: 2,
    })
  })

  test('comes back with one confirmed good check, and not with a good check that is not confirmed', () => {
    const once: Finding = { dueAt: slot(4), ok: true, confirmed: false }
    expect(judged(good(1), bad(2), bad(3), once)).toMatchObject({ state: 'down', lastOkAt: slot(4), version: 2 })
    expect(judged(good(1), bad(2), bad(3), good(4))).toMatchObject({ state: 'up', stateSince: slot(4), version: 3 })
  })

  test('does not go down after a failure that is not confirmed', () => {
    expect(judged(good(1), unconfirmed(2))).toMatchObject({ state: 'up', judgedAt: slot(2), version: 1 })
  })

  test('does not change after a check that could not run', () => {
    const up = judged(good(1))
    expect(verdict(up, unchecked(2))).toBe(up)
    const down = judged(bad(1))
    expect(verdict(down, unchecked(2))).toBe(down)
  })

  test('ignores a result that is older than its last verdict', () => {
    const up = judged(good(5))
    expect(verdict(up, bad(4))).toBe(up)
    expect(verdict(up, bad(5))).toBe(up)
  })
})

describe('results in any order, and any number of times', () => {
  const finding = fc
    .record({ n: fc.nat(30), ok: fc.constantFrom(true, false, null), confirmed: fc.boolean() })
    .map(({ n, ok, confirmed }): Finding => ({ dueAt: slot(n), ok, confirmed: confirmed && ok !== null }))

  /** The rule in a simple form: a result counts if its check ran and it is newer than the last result that counted. */
  const expected = (findings: Finding[]) => {
    let newest = -1
    let state = 'new'
    let changes = 0
    for (const { dueAt, ok, confirmed } of findings) {
      if (ok === null || dueAt.getTime() <= newest) continue
      newest = dueAt.getTime()
      const says = ok ? (state === 'down' && !confirmed ? 'down' : 'up') : confirmed ? 'down' : state
      if (says !== state) changes++
      state = says
    }
    return { state, version: changes, judgedAt: newest < 0 ? null : new Date(newest) }
  }

  test('only results that are newer than all results before them change the verdict', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 60 }), findings => {
        expect(judged(...findings)).toMatchObject(expected(findings))
      }),
    )
  })

  test('a repeated result changes nothing', () => {
    fc.assert(
      fc.property(fc.array(finding, { minLength: 1, maxLength: 20 }), fc.nat(), (findings, pick) => {
        const once = judged(...findings)
        expect(verdict(once, findings[pick % findings.length]!)).toEqual(once)
      }),
    )
  })

  test('the state never changes twice at one slot, and never at an earlier slot', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 40 }), findings => {
        let monitor = unjudged
        for (const found of findings) {
          const next = verdict(monitor, found)
          if (next.state !== monitor.state) expect(next.stateSince! > (monitor.stateSince ?? new Date(0))).toBe(true)
          monitor = next
        }
      }),
    )
  })
})
