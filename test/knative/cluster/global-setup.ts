import { existsSync } from 'node:fs'
import { inCluster } from './layout.ts'
import { startCluster } from './start.ts'

/** Starts the cluster, unless this is a shell of --shell, where it runs already. */
export default async (): Promise<void> => {
  if (!process.env.VIGIA_KNATIVE_SKIP && !existsSync(inCluster('pids', 'kubelet'))) await startCluster()
}
