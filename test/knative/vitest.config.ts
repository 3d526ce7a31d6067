import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The tests of the first installation come first, and those that remove Vigia come last. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) =>
      moduleId.includes('/first-install.') ? 0 : moduleId.includes('/termination.') ? 2 : 1
    return files.toSorted((a, b) => place(a) - place(b) || a.moduleId.localeCompare(b.moduleId))
  }
}

// All files use one cluster, so they run in one worker. They share its modules (isolate: false), because these hold the
// simulated Internet.
export default defineConfig({
  test: {
    root: join(import.meta.dirname, '../..'),
    include: ['test/knative/**/*.test.ts'],
    // The tests of the launcher's parts run with `npm test`.
    exclude: ['test/knative/cluster/**'],
    globalSetup: 'test/knative/cluster/global-setup.ts',
    setupFiles: 'test/knative/cluster/diagnose-failures.ts',
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.build/knative-report.json' }]] : ['default'],
    pool: 'forks',
    maxWorkers: 1,
    isolate: false,
    sequence: { sequencer: InOrder },
    testTimeout: 300_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
  },
})
