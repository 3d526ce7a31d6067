import { describe, expect, test } from 'vitest'
import { maxAcceptedRequests, processesWanted } from '#local/activator/process-count.ts'

describe('the number of processes', () => {
  const scale = { containerConcurrency: 10, softConcurrency: 100, minScale: 0, maxScale: 0, activationScale: 1 }
  test.each([
    ['no requests', 0, 0, scale, 0],
    ['one request', 1, 0, scale, 1],
    ['ten requests', 10, 0, scale, 1],
    ['eleven requests', 11, 1, scale, 2],
    ['more requests than max-scale processes can handle', 1000, 1, { ...scale, maxScale: 4 }, 4],
    ['no requests, with min-scale', 0, 0, { ...scale, minScale: 2 }, 2],
    ['from zero, with activation-scale', 1, 0, { ...scale, activationScale: 3 }, 3],
    ['not from zero, with activation-scale', 1, 1, { ...scale, activationScale: 3 }, 1],
    ['no containerConcurrency', 101, 1, { ...scale, containerConcurrency: 0 }, 2],
    ['no max-scale', 100_000, 1, { ...scale, containerConcurrency: 1 }, 100],
  ])('%s', (_, requests, running, settings, expected) =>
    expect(processesWanted(requests, running, settings)).toBe(expected),
  )

  test('a function accepts what its processes (at least one) handle at once, and ten times as many waiting requests', () => {
    expect(maxAcceptedRequests(0, scale)).toBe(110)
    expect(maxAcceptedRequests(2, scale)).toBe(220)
  })
})
