import { expect, test } from 'vitest'
import { probeErrorCodes } from '#events/probe-error.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'

test('every error code has a text in both languages', () => {
  for (const code of probeErrorCodes) {
    for (const language of ['pt-BR', 'en'] as const) {
      expect(sayProbeError(code, language)).toMatch(/^[\p{L}](?:[\p{L} ,()]|(?<=IPv)[46])+$/u)
    }
  }
  expect(sayProbeError('status', 'pt-BR', 503)).toBe('respondeu com erro 503')
  expect(sayProbeError('brand-new', 'en')).toBe('failed (brand-new)')
})
