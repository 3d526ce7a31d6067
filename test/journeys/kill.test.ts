import { expect, test } from 'vitest'
import { killRounds } from './kill-rounds.ts'
import { killUpdates } from './kill-updates.ts'

test('a kill -9 of the runtime, of PostgreSQL or of a function loses no message, and repeats a message only if it was being sent', {
  timeout: 300_000,
}, async () => {
  const seed = Date.now() % 1_000_000
  const results = await killRounds(5, seed, () => {})
  const wrong = results.filter(({ messages, ambiguous }) => messages < 1 || (messages > 1 && !ambiguous))
  expect(wrong, `seed ${seed}: ${JSON.stringify(results)}`).toEqual([])
  expect(results).toHaveLength(5)
  expect(new Set(results.map(({ victim }) => victim)).size).toBe(3)
})

test('a kill -9 of the webhook function or of the runtime loses no answer, and no answer is followed by an apology', {
  timeout: 300_000,
}, async () => {
  const seed = Date.now() % 1_000_000
  const answered = await killUpdates({ rounds: 5, updates: 150, seed }, () => {})
  expect(answered).toHaveLength(150)
  const wrong = answered.filter(({ answers, apologies }) => answers < 1 || apologies.after > 0)
  expect(wrong, `seed ${seed}`).toEqual([])
})
