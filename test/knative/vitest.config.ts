import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// One cluster for all files, so one worker.
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '../..'),
    include: ['test/knative/**/*.test.ts'],
    globalSetup: 'test/knative/cluster/global-setup.ts',
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.build/knative-report.json' }]] : ['default'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
  },
})
