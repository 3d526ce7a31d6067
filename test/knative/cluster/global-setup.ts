import { existsSync } from 'node:fs'
import { inCluster } from './layout.ts'
import { startCluster } from './start.ts'

/**
 * Starts the cluster. Does nothing if every test is skipped, or if the tests run in the shell that
 * `npm run test:knative -- --shell` opened, because its cluster is already running.
 */
export default async (): Promise<void> => {
  if (!process.env.VIGIA_KNATIVE_SKIP && !existsSync(inCluster('pids', 'kubelet'))) await startCluster()
}
