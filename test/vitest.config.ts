import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Two workers: the suite starts real databases and real processes, and the smallest machine it must pass on has two
// cores.
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '..'),
    include: ['test/**/*.test.ts'],
    // `npm run test:cluster` and `npm run test:knative` run the tests that need root or other programs, such as a real
    // API server. The tests of test/knative/cluster need neither.
    exclude: ['test/cluster/**', 'test/knative/*.test.ts', 'test/knative/!(cluster)/**'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.build/test-report.json' }]] : ['default'],
    pool: 'forks',
    maxWorkers: 2,
    // Each wait in a test has its own timeout; a journey has several waits.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    // The default of one second is too short for a browser on a busy machine.
    expect: { poll: { timeout: 30_000 } },
  },
})
