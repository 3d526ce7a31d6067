import type { Figures } from '#database/operations/figures.ts'

/** The figures of an empty database of the one-machine runtime. */
export const noFigures: Figures = {
  monitors: { new: 0, up: 0, down: 0, paused: 0 },
  checks: { ok: 0, failed: 0, unknown: 0, missed: 0, late: 0, latenessS: { 50: 0, 95: 0, 99: 0, 100: 0 } },
  missedChecks: 0,
  openIncidents: 0,
  outbox: { waiting: 0, sending: 0, oldestAt: null },
  messages: { inTime: 0, late: 0 },
  deadLetters: { kinds: [], others: 0 },
  jobs: [],
  deliveries: { unfinished: 0, oldestAt: null },
}

/** Figures that all differ from zero, read at 2026-11-21T12:00:00Z. At that time probe-scheduler is 22 s ahead. */
export const someFigures: Figures = {
  monitors: { new: 1, up: 5, down: 3, paused: 2 },
  checks: { ok: 90, failed: 8, unknown: 2, missed: 1, late: 4, latenessS: { 50: 0.02, 95: 0.5, 99: 0.9, 100: 12.5 } },
  missedChecks: 9,
  openIncidents: 2,
  outbox: { waiting: 4, sending: 1, oldestAt: new Date('2026-11-21T11:58:29.5Z') },
  messages: { inTime: 12, late: 2 },
  deadLetters: { kinds: [{ fingerprint: 'ab12cd34', trigger: 'a "quoted"\\name\nof two lines', count: 7 }], others: 3 },
  jobs: [{ job: 'probe-scheduler', reached: new Date('2026-11-21T12:00:22Z') }],
  deliveries: { unfinished: 6, oldestAt: new Date('2026-11-21T11:59:57Z') },
}
