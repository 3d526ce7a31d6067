import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { copyClusterFiles, type Overlay, overlays, parseManifests } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { type ApiServer, apiServerSkipReason, expectSuccess, startApiServer } from './api-server.ts'
import { deployableCopy } from './support/deployable-copy.ts'
import { versionOf } from './support/object-versions.ts'
import { applyPlatform } from './support/platform.ts'
import { podOf } from './support/pods.ts'
import { stopAfterTests } from './support/stop-after-tests.ts'

const why = await apiServerSkipReason()

/** By kind: the condition for `kubectl wait`. */
const awaited: Record<string, string> = {
  Broker: 'condition=Ready',
  Certificate: 'condition=Ready',
  Cluster: 'condition=Ready',
  DomainMapping: 'condition=Ready',
  ExternalSecret: 'condition=Ready',
  Issuer: 'condition=Ready',
  Job: 'condition=Complete',
  MongoDBCommunity: 'jsonpath={.status.phase}=Running',
  PingSource: 'condition=Ready',
  RabbitmqCluster: 'condition=AllReplicasReady',
  ScaledObject: 'condition=Ready',
  SealedSecret: 'condition=Synced',
  SecretStore: 'condition=Ready',
  'serving.knative.dev Service': 'condition=Ready',
  SinkBinding: 'condition=Ready',
  StatefulSet: 'jsonpath={.status.readyReplicas}=1',
  Trigger: 'condition=Ready',
}

const waitedFor = ({ apiVersion, kind }: Manifest) =>
  awaited[kind === 'Service' ? `${apiVersion.split('/')[0]} ${kind}` : kind]

/**
 * `Service.v1.serving.knative.dev`: kubectl's name of a kind, with its version and group because some kinds share a
 * name.
 */
const resource = ({ apiVersion, kind }: Manifest) =>
  [`${kind}.${apiVersion.split('/').at(-1)}`, ...apiVersion.split('/').slice(0, -1)].join('.')

const asText = (objects: Manifest[]) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.map(({ file: _, ...object }) => object) })

describe.skipIf(why)(`the overlays on a real API server${why ? ` (skipped: ${why})` : ''}`, () => {
  let server: ApiServer
  let copy: Awaited<ReturnType<typeof deployableCopy>>
  stopAfterTests(() => server)

  beforeAll(async () => {
    server = await startApiServer()
    copy = await deployableCopy(server.env.PATH!)
  })
  afterAll(() => copy?.remove())

  const strictly = ['--server-side', '--validate=strict']
  const objectsOf = async (folder: string) => parseManifests(await kustomize(folder), folder)

  /** The versions of all objects of an overlay on the server. */
  const versions = async (overlay: Overlay): Promise<string[]> => {
    await server.controllers.settled()
    const found = expectSuccess(await server.kubectl(['get', '-k', copy.at(overlay), '-o', 'json']))
    return JSON.parse(found).items.map(versionOf).sort()
  }

  const settled = async (objects: Manifest[]) => {
    const resources = new Map(objects.filter(waitedFor).map(one => [resource(one), waitedFor(one)!]))
    return Promise.all(
      [...resources].map(([name, what]) =>
        server.kubectl(['wait', name, '--all', '--namespace=vigia', `--for=${what}`, '--timeout=60s']),
      ),
    )
  }

  describe.each(overlays)('%s', overlay => {
    let objects: Manifest[]

    beforeAll(async () => {
      objects = await objectsOf(copy.at(overlay))
      await applyPlatform(server, copy.at(overlay))
    })
    afterAll(async () => {
      await server.kubectl(['delete', 'namespace', 'vigia', '--timeout=120s'])
    })

    test('every object of the overlay and of its platform is accepted under strict validation', async () => {
      const applied = await server.kubectl(['apply', ...strictly, '-k', copy.at(overlay)])
      expect(expectSuccess(applied).trim().split('\n')).toHaveLength(objects.length)
    })

    test('everything becomes ready', async () => {
      for (const waited of await settled(objects)) expectSuccess(waited)
    })

    test('a second apply changes nothing', async () => {
      const before = await versions(overlay)
      expect(before).toHaveLength(objects.length)
      expectSuccess(await server.kubectl(['apply', ...strictly, '-k', copy.at(overlay)]))
      expect(await versions(overlay)).toEqual(before)
    })

    test('kubectl diff shows nothing after an apply, and shows a later change', async () => {
      const diff = () => server.kubectl(['diff', '--server-side', '--force-conflicts', '-k', copy.at(overlay)])
      const { stderr, ...silent } = await diff()
      expect(silent).toEqual({ code: 0, stdout: '' })
      // kubectl -k prints this warning because the kustomization sets sortOptions.
      expect(stderr).toMatch(/^(.* Using the kustomization file over the CLI flag\.\n)?$/)
      const scale = { spec: { template: { metadata: { annotations: { 'autoscaling.knative.dev/max-scale': '99' } } } } }
      const patched = await server.kubectl([
        ...['patch', 'ksvc', 'uptime-prober', '--namespace=vigia', '--type=merge', '--patch', JSON.stringify(scale)],
      ])
      expectSuccess(patched)
      const different = await diff()
      expect(different.code).toBe(1)
      expect(different.stdout).toMatch(/^-.*max-scale: "99"$/m)
      expectSuccess(await server.kubectl(['apply', ...strictly, '--force-conflicts', '-k', copy.at(overlay)]))
      expect((await diff()).code).toBe(0)
    })

    test('the pods of every function, database and job are admitted under the level "restricted"', async () => {
      const pods = objects.map(podOf).filter(pod => pod !== undefined)
      expect(pods.length).toBeGreaterThan(8)
      const limits = '{.spec.containers[*].resources.limits.memory} '
      const admitted = await server.kubectl(['create', '--dry-run=server', '-o', `jsonpath=${limits}`, '-f', '-'], {
        input: asText(pods),
      })
      // A namespace that only warns would admit a pod that violates the level, with a warning on stderr.
      expect(admitted).toMatchObject({ code: 0, stderr: '' })
      const containers = pods.flatMap(({ spec }) => spec.containers)
      expect(admitted.stdout.match(/\d+[MG]i/g)).toHaveLength(containers.length)
    })
  })

  describe('the API server refuses', () => {
    beforeAll(async () => {
      expectSuccess(await server.kubectl(['apply', ...strictly, '-k', copy.at('minikube')]))
      await settled(await objectsOf(copy.at('minikube')))
    })
    afterAll(async () => {
      await server.kubectl(['delete', 'namespace', 'vigia', '--timeout=120s'])
    })

    const dryRun = (objects: Manifest[]) =>
      server.kubectl(['apply', ...strictly, '--force-conflicts', '--dry-run=server', '-f', '-'], {
        input: asText(objects),
      })

    test('a misspelt field of any kind, with its name in the error', async () => {
      const kinds = new Map<string, Manifest>()
      for (const overlay of overlays)
        for (const one of await objectsOf(copy.at(overlay)))
          if (!kinds.has(resource(one))) kinds.set(resource(one), one)
      expect(kinds.size).toBeGreaterThan(25)
      const attempts = [...kinds].map(async ([kind, one]) => {
        const changed = structuredClone(one)
        // Knative's schema of a Trigger allows unknown fields in its spec; Knative's webhook refuses them.
        Object.assign((one.kind !== 'Trigger' && changed.spec) || changed, { misspelt: true })
        const { code, stderr } = await dryRun([changed])
        return [kind, code !== 0 && /unknown field|not declared in schema/.test(stderr) && /misspelt/.test(stderr)]
      })
      expect((await Promise.all(attempts)).filter(([, refused]) => !refused)).toEqual([])
    })

    const pod = async (name: string) =>
      (await objectsOf(copy.at('minikube'))).map(podOf).find(one => one?.metadata.name.startsWith(name))!

    test.each<[string, string, (spec: Manifest['spec']) => void, RegExp]>([
      [
        'uptime-prober',
        'can become root',
        spec => delete spec.containers[0].securityContext,
        /violates PodSecurity "restricted/,
      ],
      [
        'postgres',
        'uses the network of its node',
        spec => Object.assign(spec, { hostNetwork: true }),
        /violates PodSecurity/,
      ],
      [
        'migrate',
        'mounts a folder of its node',
        spec => spec.volumes.push({ name: 'host', hostPath: { path: '/' } }),
        /violates PodSecurity/,
      ],
      [
        'uptime-prober',
        'has a higher memory limit than the LimitRange allows',
        spec => Object.assign(spec.containers[0].resources.limits, { memory: '9Gi' }),
        /maximum memory usage per Container is 8Gi/,
      ],
      [
        'uptime-prober',
        'requests more than the quota',
        spec => {
          delete spec.containers[0].resources.limits.cpu
          spec.containers[0].resources.requests.cpu = '90'
        },
        /exceeded quota: vigia, requested: requests.cpu=/,
      ],
    ])('a pod of %s that %s', async (name, _, change, reason) => {
      const changed = structuredClone(await pod(name))
      expect((await dryRun([changed])).code).toBe(0)
      change(changed.spec)
      const refused = await dryRun([changed])
      expect(refused.code).toBe(1)
      expect(refused.stderr).toMatch(reason)
    })

    test('a Service with a port on every node', async () => {
      const postgres = (await objectsOf(copy.at('minikube'))).find(
        ({ apiVersion, kind, metadata }) => apiVersion === 'v1' && kind === 'Service' && metadata.name === 'postgres',
      )!
      const { clusterIP: _, ...spec } = postgres.spec
      const metadata = { name: 'reachable', namespace: 'vigia' }
      expect((await dryRun([{ ...postgres, metadata, spec }])).code).toBe(0)
      const refused = await dryRun([{ ...postgres, metadata, spec: { ...spec, type: 'NodePort' } }])
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain('exceeded quota: vigia, requested: services.nodeports=1')
    })

    test('nothing when a Secret is missing, but the functions that read the Secret are not ready until it exists', async () => {
      const ready = ['wait', 'ksvc', 'uptime-prober', '--namespace=vigia', '--for=condition=Ready']
      expectSuccess(await server.kubectl([...ready, '--timeout=60s']))
      expectSuccess(await server.kubectl(['delete', 'secret', 'vigia-postgres', '--namespace=vigia']))
      expectSuccess(await server.kubectl([...ready, '--timeout=60s'].map(one => one.replace('=Ready', '=Ready=false'))))
      expectSuccess(await server.kubectl(['apply', ...strictly, '-k', copy.at('minikube')]))
      expectSuccess(await server.kubectl([...ready, '--timeout=60s']))
    })

    test('the overlay onprem until its secrets are sealed', async () => {
      const unsealed = await copyClusterFiles()
      try {
        const refused = await server.kubectl([
          'apply',
          ...strictly,
          '--dry-run=server',
          '-k',
          `${unsealed}/infra/cluster/onprem`,
        ])
        expect(refused.code).toBe(1)
        expect(refused.stderr).toContain('not yet: run infra/cluster/onprem/seal.sh')
      } finally {
        await rm(unsealed, { recursive: true, force: true })
      }
    })

    test('an overlay that does not exist, with an error of one line', async () => {
      const refused = await server.kubectl(['apply', ...strictly, '-k', copy.at('nowhere' as Overlay)])
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr.trim().split('\n')).toHaveLength(1)
    })
  })
})
