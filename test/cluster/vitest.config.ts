import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// One worker: an API server, its etcd and the programs that talk to it fill two cores by themselves.
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '../..'),
    include: ['test/cluster/**/*.test.ts'],
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.build/cluster-report.json' }]] : ['default'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 300_000,
    // An API server may have to be compiled first.
    hookTimeout: 1_800_000,
    teardownTimeout: 60_000,
  },
})
