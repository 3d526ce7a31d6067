import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  errorNumbers,
  packLateness,
  packMs,
  packOutcome,
  unpackMs,
  unpackOutcome,
  unpackStart,
} from '#database/uptime/packed-result.ts'
import { probeErrorCodes } from '#events/probe-error.ts'

const fitsIntoTwoBytes = (value: number) =>
  expect(Number.isInteger(value) && value >= -32_768 && value <= 32_767, String(value)).toBe(true)

test('every error has a number of its own, and the number never changes', () => {
  expect(Object.keys(errorNumbers).sort()).toEqual([...probeErrorCodes].sort())
  expect(new Set(Object.values(errorNumbers)).size).toBe(probeErrorCodes.length)
  expect(errorNumbers).toMatchInlineSnapshot(`
    {
      "bad-redirect": 26,
      "bad-scheme": 31,
      "bad-url": 30,
      "blocked-port": 28,
      "body-too-large": 17,
      "credentials": 32,
      "dns": 5,
      "dns-answer": 20,
      "https-to-http": 38,
      "job-failed": 35,
      "json": 16,
      "keyword": 15,
      "missing-port": 29,
      "no-ipv4": 36,
      "no-ipv6": 37,
      "no-ping": 33,
      "not-checked": 1,
      "not-serving": 21,
      "ping-unavailable": 22,
      "private-address": 27,
      "protocol": 23,
      "refused": 3,
      "reply": 18,
      "reset": 4,
      "run-overdue": 34,
      "starttls": 19,
      "status": 14,
      "timeout": 2,
      "tls": 7,
      "tls-client-certificate": 13,
      "tls-expired": 8,
      "tls-incomplete": 10,
      "tls-untrusted": 11,
      "tls-weak": 12,
      "tls-wrong-host": 9,
      "too-large": 24,
      "too-many-redirects": 25,
      "unreachable": 6,
    }
  `)
})

test('a conclusion with each error and number of attempts is read as it was written', () => {
  for (const error of probeErrorCodes)
    for (const attempts of [0, 1, 3, 31])
      for (const outcome of [
        { ok: true, error: null, attempts },
        { ok: false, error, attempts },
        { ok: null, error, attempts },
      ]) {
        fitsIntoTwoBytes(packOutcome(outcome))
        expect(unpackOutcome(packOutcome(outcome))).toEqual(outcome)
      }
})

test('an error of a newer release is read as an error', () => {
  expect(unpackOutcome(1_000 * 32 + 2)).toEqual({ ok: false, error: 'not-checked', attempts: 2 })
})

test('the time of a phase is exact to 0.1 ms up to 3.2 s, and to 1 ms up to 32.7 s', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400_000 }), tenths => {
      const packed = packMs(tenths / 10)
      fitsIntoTwoBytes(packed)
      const exact = tenths <= 32_767 ? tenths / 10 : Math.min(32_768, Math.round(tenths / 10))
      expect(unpackMs(packed)).toBe(exact)
    }),
  )
  expect(unpackMs(packMs(null))).toBeNull()
  expect(unpackMs(packMs(0))).toBe(0)
})

test('the start of a check is exact to 1 ms up to 32.7 s after it was due, and to 1 s up to nine hours', () => {
  const dueAt = new Date('2026-11-21T12:00:00Z')
  const after = (ms: number) => new Date(dueAt.getTime() + ms)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40_000_000 }), ms => {
      const packed = packLateness(dueAt, after(ms))
      fitsIntoTwoBytes(packed)
      const exact = ms <= 32_767 ? ms : Math.min(32_768, Math.round(ms / 1_000)) * 1_000
      expect(unpackStart(dueAt, packed)).toEqual(after(exact))
    }),
  )
  expect(unpackStart(dueAt, packLateness(dueAt, null))).toBeNull()
  expect(unpackStart(dueAt, packLateness(dueAt, after(-3)))).toEqual(dueAt)
})
