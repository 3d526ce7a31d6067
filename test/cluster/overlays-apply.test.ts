import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { copyClusterFiles, type Overlay, overlays, parseManifests } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { type ApiServer, apiServer, succeeded, whyNoApiServer } from './api-server.ts'
import { worded } from './support/contents.ts'
import { deployable } from './support/deployable.ts'
import { endWithTests } from './support/end-with-tests.ts'
import { bringPlatform } from './support/platform.ts'
import { podOf } from './support/pods.ts'

const why = await whyNoApiServer()

/** What `kubectl wait` waits for, kind by kind. */
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

/** `services.serving.knative.dev`: kubectl's words for a kind, as far as it needs them to tell kinds of one name apart. */
const resource = ({ apiVersion, kind }: Manifest) =>
  [`${kind}.${apiVersion.split('/').at(-1)}`, ...apiVersion.split('/').slice(0, -1)].join('.')

const asText = (objects: Manifest[]) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects.map(({ file: _, ...object }) => object) })

describe.skipIf(why)(`the overlays on a real API server${why ? ` (skipped: ${why})` : ''}`, () => {
  let server: ApiServer
  let copy: Awaited<ReturnType<typeof deployable>>
  endWithTests(() => server)

  beforeAll(async () => {
    server = await apiServer()
    copy = await deployable(server.env.PATH!)
  })
  afterAll(() => copy?.remove())

  const strictly = ['--server-side', '--validate=strict']
  const objectsOf = async (folder: string) => parseManifests(await kustomize(folder), folder)

  /** Every object of an overlay, as it is on the server. */
  const versions = async (overlay: Overlay): Promise<string[]> => {
    await server.controllers.settled()
    const found = succeeded(await server.kubectl(['get', '-k', copy.at(overlay), '-o', 'json']))
    return JSON.parse(found).items.map(worded).sort()
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
      await bringPlatform(server, copy.at(overlay))
    })
    afterAll(async () => {
      await server.kubectl(['delete', 'namespace', 'vigia', '--timeout=120s'])
    })

    test('every object of it and of the platform beneath it is taken under strict validation', async () => {
      const applied = await server.kubectl(['apply', ...strictly, '-k', copy.at(overlay)])
      expect(succeeded(applied).trim().split('\n')).toHaveLength(objects.length)
    })

    test('everything becomes ready', async () => {
      for (const waited of await settled(objects)) succeeded(waited)
    })

    test('applied a second time it changes nothing', async () => {
      const before = await versions(overlay)
      expect(before).toHaveLength(objects.length)
      succeeded(await server.kubectl(['apply', ...strictly, '-k', copy.at(overlay)]))
      expect(await versions(overlay)).toEqual(before)
    })

    test('kubectl diff is silent, until somebody changes something', async () => {
      const diff = () => server.kubectl(['diff', '--server-side', '--force-conflicts', '-k', copy.at(overlay)])
      const { stderr, ...silent } = await diff()
      expect(silent).toEqual({ code: 0, stdout: '' })
      // kubectl -k prints this warning because the kustomization sets sortOptions.
      expect(stderr).toMatch(/^(.* Using the kustomization file over the CLI flag\.\n)?$/)
      const scale = { spec: { template: { metadata: { annotations: { 'autoscaling.knative.dev/max-scale': '99' } } } } }
      const patched = await server.kubectl([
        ...['patch', 'ksvc', 'uptime-prober', '--namespace=vigia', '--type=merge', '--patch', JSON.stringify(scale)],
      ])
      succeeded(patched)
      const different = await diff()
      expect(different.code).toBe(1)
      expect(different.stdout).toMatch(/^-.*max-scale: "99"$/m)
      succeeded(await server.kubectl(['apply', ...strictly, '--force-conflicts', '-k', copy.at(overlay)]))
      expect((await diff()).code).toBe(0)
    })

    test('the pods of every function, database and job are admitted as restricted ones', async () => {
      const pods = objects.map(podOf).filter(pod => pod !== undefined)
      expect(pods.length).toBeGreaterThan(8)
      const limits = '{.spec.containers[*].resources.limits.memory} '
      const admitted = await server.kubectl(['create', '--dry-run=server', '-o', `jsonpath=${limits}`, '-f', '-'], {
        input: asText(pods),
      })
      // A pod that the level would not let through is told of as a warning where it is not refused.
      expect(admitted).toMatchObject({ code: 0, stderr: '' })
      const containers = pods.flatMap(({ spec }) => spec.containers)
      expect(admitted.stdout.match(/\d+[MG]i/g)).toHaveLength(containers.length)
    })
  })

  describe('what must not get in', () => {
    beforeAll(async () => {
      succeeded(await server.kubectl(['apply', ...strictly, '-k', copy.at('minikube')]))
      await settled(await objectsOf(copy.at('minikube')))
    })
    afterAll(async () => {
      await server.kubectl(['delete', 'namespace', 'vigia', '--timeout=120s'])
    })

    const dryRun = (objects: Manifest[]) =>
      server.kubectl(['apply', ...strictly, '--force-conflicts', '--dry-run=server', '-f', '-'], {
        input: asText(objects),
      })

    test('a misspelt field of any kind is refused by name', async () => {
      const kinds = new Map<string, Manifest>()
      for (const overlay of overlays)
        for (const one of await objectsOf(copy.at(overlay)))
          if (!kinds.has(resource(one))) kinds.set(resource(one), one)
      expect(kinds.size).toBeGreaterThan(25)
      const asked = [...kinds].map(async ([kind, one]) => {
        const spoilt = structuredClone(one)
        // Knative's schema of a Trigger keeps unknown fields; test/cluster-files/support/admission.ts is what refuses them.
        Object.assign((one.kind !== 'Trigger' && spoilt.spec) || spoilt, { misspelt: true })
        const { code, stderr } = await dryRun([spoilt])
        return [kind, code !== 0 && /unknown field|not declared in schema/.test(stderr) && /misspelt/.test(stderr)]
      })
      expect((await Promise.all(asked)).filter(([, refused]) => !refused)).toEqual([])
    })

    const pod = async (name: string) =>
      (await objectsOf(copy.at('minikube'))).map(podOf).find(one => one?.metadata.name.startsWith(name))!

    test.each<[string, string, (spec: Manifest['spec']) => void, RegExp]>([
      [
        'uptime-prober',
        'may become root',
        spec => delete spec.containers[0].securityContext,
        /violates PodSecurity "restricted/,
      ],
      [
        'postgres',
        'shares the network of its node',
        spec => Object.assign(spec, { hostNetwork: true }),
        /violates PodSecurity/,
      ],
      [
        'migrate',
        'keeps a folder of its node',
        spec => spec.volumes.push({ name: 'host', hostPath: { path: '/' } }),
        /violates PodSecurity/,
      ],
      [
        'uptime-prober',
        'takes more memory than a container may',
        spec => Object.assign(spec.containers[0].resources.limits, { memory: '9Gi' }),
        /maximum memory usage per Container is 8Gi/,
      ],
      [
        'uptime-prober',
        'asks for more than the namespace has',
        spec => {
          delete spec.containers[0].resources.limits.cpu
          spec.containers[0].resources.requests.cpu = '90'
        },
        /exceeded quota: vigia, requested: requests.cpu=/,
      ],
    ])('a pod of %s that %s is refused', async (name, _, spoil, reason) => {
      const spoilt = structuredClone(await pod(name))
      expect((await dryRun([spoilt])).code).toBe(0)
      spoil(spoilt.spec)
      const refused = await dryRun([spoilt])
      expect(refused.code).toBe(1)
      expect(refused.stderr).toMatch(reason)
    })

    test('a port on every node is refused', async () => {
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

    test('a function whose Secret is not there does not become ready, until it is', async () => {
      const ready = ['wait', 'ksvc', 'uptime-prober', '--namespace=vigia', '--for=condition=Ready']
      succeeded(await server.kubectl([...ready, '--timeout=60s']))
      succeeded(await server.kubectl(['delete', 'secret', 'vigia-postgres', '--namespace=vigia']))
      succeeded(await server.kubectl([...ready, '--timeout=60s'].map(one => one.replace('=Ready', '=Ready=false'))))
      succeeded(await server.kubectl(['apply', ...strictly, '-k', copy.at('minikube')]))
      succeeded(await server.kubectl([...ready, '--timeout=60s']))
    })

    test('the on-premise overlay is refused while its secrets are not sealed', async () => {
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

    test('an overlay that there is not is refused in one line', async () => {
      const refused = await server.kubectl(['apply', ...strictly, '-k', copy.at('nowhere' as Overlay)])
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr.trim().split('\n')).toHaveLength(1)
    })
  })
})
