import { beforeAll, describe, expect, test } from 'vitest'
import { type JourneyTarget, reportAnOutageOnce } from '#test/support/journey-steps.ts'
import { withDiagnosis } from './cluster/diagnosis.ts'
import { vigiaInstalled } from './cluster/installed.ts'
import { knativeTarget } from './cluster/journey-target.ts'
import { apply, kubectl } from './cluster/kubectl.ts'
import { replacePods } from './cluster/pods.ts'
import { until } from './cluster/until.ts'
import type { Installation, InstalledObject } from './cluster/vigia.ts'

interface Fault {
  title: string
  /** The object that gets the fault, such as `NetworkPolicy requests-to-functions`. */
  object: string
  /** Changes the manifest of the object. */
  plant(manifest: InstalledObject): void
  /** What the message of the failed journey says. */
  message: RegExp
}

const faults: Fault[] = [
  {
    title: 'a Service with a wrong port',
    object: 'Service postgres',
    // As installed, the Service has no address: the functions connect to the pod, and the port of the Service is not
    // used. Here it gets an address.
    plant: ({ spec }) => {
      delete spec.clusterIP
      spec.ports[0].targetPort = 5433
    },
    message:
      /Service vigia\/postgres passes port 5432 on to port 5433, but the ports of Pod vigia\/postgres-0 are 5432/,
  },
  {
    title: 'a function without the label that the SinkBinding selects',
    object: 'Service uptime-prober',
    plant: ({ metadata }) => delete metadata.labels!['vigia.dev/publishes'],
    message:
      /Service vigia\/uptime-prober has no K_SINK; .*SinkBinding vigia\/publishers selects .*vigia\.dev\/publishes/,
  },
  {
    title: 'a NetworkPolicy that blocks the way from the functions to the broker',
    object: 'NetworkPolicy publishers-to-broker',
    plant: ({ spec }) => {
      spec.egress[0].ports[0].port++
    },
    message:
      /packets from Pod vigia\/telegram-webhook-\S+ were dropped; the NetworkPolicies of the pod are .*vigia\/publishers-to-broker/,
  },
  {
    title: 'a NetworkPolicy that blocks the way from the broker to the functions',
    object: 'NetworkPolicy requests-to-functions',
    plant: ({ spec }) => {
      for (const port of spec.ingress[0].ports) port.port += 100
    },
    // Only the broker sends requests to probe-scheduler.
    message:
      /packets to Pod vigia\/probe-scheduler-\S+ were dropped; the NetworkPolicies of the pod are .*vigia\/requests-to-functions/,
  },
]

/**
 * Applies an object and waits until it is in force. Replaces the pods of the functions, so that no connection from
 * before remains.
 */
const put = async (manifest: InstalledObject): Promise<void> => {
  const { apiVersion, kind, metadata } = manifest
  // The address of a Service cannot change, so the Service is created anew.
  if (apiVersion === 'v1') await kubectl(['delete', kind, metadata.name, '--namespace=vigia'])
  await apply([manifest])
  if (apiVersion.startsWith('serving.'))
    await until(() => isReady(metadata.name), { what: `${metadata.name} to be ready`, timeoutMs: 120_000 })
  await replacePods()
}

/** Whether a function runs as its Service says now. */
const isReady = async (name: string): Promise<boolean> => {
  const { metadata, status } = JSON.parse(await kubectl(['get', 'ksvc', name, '--namespace=vigia', '--output=json']))
  const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready')
  return status.observedGeneration === metadata.generation && ready.status === 'True'
}

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP)(
  'a fault of an object is named by the message of the journey that fails',
  () => {
    let target: JourneyTarget
    let vigia: Installation
    beforeAll(async () => {
      target = await knativeTarget()
      vigia = (await vigiaInstalled()).vigia
    })

    test.each(faults)('$title', { timeout: 900_000 }, async ({ object, plant, message }) => {
      const manifest = (await vigia.manifests()).find(({ kind, metadata }) => `${kind} ${metadata.name}` === object)!
      const faulty = structuredClone(manifest)
      plant(faulty)
      const path = `/${faults.findIndex(one => one.object === object)}`
      try {
        await put(faulty)
        const journey = withDiagnosis(() => reportAnOutageOnce(target, `Olga ${object}`, { path, timeoutMs: 30_000 }))
        await expect(journey).rejects.toThrow(message)
      } finally {
        target.sites.turn(path, true)
        await put(manifest)
      }
      // The broker can have lost the events about the first site.
      await reportAnOutageOnce(target, `Paula ${object}`, { path: `${path}/repaired`, timeoutMs: 120_000 })
    })

    test('afterwards every object is as installed', async () => {
      const objects = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: await vigia.manifests() })
      expect(await kubectl(['diff', '--server-side', '--force-conflicts', '--filename=-'], objects)).toBe('')
    })
  },
)
