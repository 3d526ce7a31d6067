import { startCluster } from './start.ts'

export default async (): Promise<void> => {
  if (!process.env.VIGIA_KNATIVE_SKIP) await startCluster()
}
