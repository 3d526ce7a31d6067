import { describe, expect, test } from 'vitest'
import { processesWanted, requestsTaken } from '#local/activator/process-count.ts'

describe('how many processes', () => {
  const scale = { containerConcurrency: 10, softConcurrency: 100, minScale: 0, maxScale: 0, activationScale: 1 }
  test.each([
    ['nothing to do', 0, 0, scale, 0],
    ['one request', 1, 0, scale, 1],
    ['ten requests', 10, 0, scale, 1],
    ['eleven requests', 11, 1, scale, 2],
    ['bounded by max-scale', 1000, 1, { ...scale, maxScale: 4 }, 4],
    ['kept by min-scale', 0, 0, { ...scale, minScale: 2 }, 2],
    ['the step from zero', 1, 0, { ...scale, activationScale: 3 }, 3],
    ['later steps', 1, 1, { ...scale, activationScale: 3 }, 1],
    ['without a limit', 101, 1, { ...scale, containerConcurrency: 0 }, 2],
    ['more than a machine bears', 100_000, 1, { ...scale, containerConcurrency: 1 }, 100],
  ])('%s', (_, requests, living, given, wanted) => expect(processesWanted(requests, living, given)).toBe(wanted))

  test('each process has ten times its concurrency waiting at most', () => {
    expect(requestsTaken(0, scale)).toBe(110)
    expect(requestsTaken(2, scale)).toBe(220)
  })
})
