import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// One worker, because an API server, its etcd and the programs that use it keep two cores busy.
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '../..'),
    include: ['test/cluster/**/*.test.ts'],
    // Starts databases only for the tests that ask for one.
    globalSetup: ['test/support/global-setup.ts'],
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.build/cluster-report.json' }]] : ['default'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 300_000,
    // The first test may have to compile the API server.
    hookTimeout: 1_800_000,
    teardownTimeout: 60_000,
  },
})
