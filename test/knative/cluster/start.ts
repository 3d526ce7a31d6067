import { readFile } from 'node:fs/promises'
import { until } from '#test/support/until.ts'
import { startControlPlane } from './control-plane.ts'
import { installKnative, waitForKnative } from './knative.ts'
import { kubectl } from './kubectl.ts'
import { inCluster } from './layout.ts'
import { startNode } from './node.ts'
import type { Parts } from './parts.ts'
import { installGateway, installPlatform } from './platform.ts'
import { timed } from './timed.ts'

/** Starts Kubernetes and Knative in the namespaces of this process, and prints the time of each step. */
export const startCluster = async (): Promise<void> => {
  const parts = JSON.parse(await readFile(inCluster('parts.json'), 'utf8')) as Parts
  await timed('start the control plane', () => startControlPlane(parts))
  await timed('start the node', () => startNode(parts))
  await timed('install DNS, volumes, the gateway and Knative', async () => {
    await installPlatform(parts.crds)
    await installKnative(parts.knative)
    await installGateway()
  })
  await timed('wait for the node and Knative', async () => {
    await until(async () => (await kubectl(['get', 'nodes', '--no-headers'])).includes(' Ready'), {
      what: 'a ready node',
      timeoutMs: 120_000,
    })
    await waitForKnative()
  })
}
