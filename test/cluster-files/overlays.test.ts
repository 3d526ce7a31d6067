import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { knativeManifests, type Manifest } from '#infra/cluster/render/manifest-files.ts'
import {
  copyClusterFiles,
  type Overlay,
  overlays,
  parseManifests,
  renderOverlay,
} from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import { maxDemand, quantity, quotaOf } from '#test/cluster-files/support/capacity.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { deletableVolumes } from '#test/cluster-files/support/lints.ts'
import {
  imageFaults,
  orderFaults,
  podSecurityFaults,
  podSpecs,
  releaseFaults,
  waveFaults,
} from '#test/cluster-files/support/overlay-rules.ts'
import { schemaFaults } from '#test/cluster-files/support/strict-schemas.ts'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** What stands under the overlays, made once a cluster; nothing of a release is in it. */
const folders = ['minikube/platform', 'gke/platform', 'onprem/platform', 'onprem/volumes']
const renderedFolder = async (folder: string) =>
  parseManifests(await kustomize(join(root, 'infra/cluster', folder)), `infra/cluster/${folder}`)

/** Kinds of Kubernetes itself, which a real API server checks (test/cluster), by their groups. */
const ofKubernetes = [
  ...['v1', 'apps/v1', 'batch/v1', 'networking.k8s.io/v1', 'policy/v1', 'storage.k8s.io/v1'],
  'admissionregistration.k8s.io/v1',
]
/** Kinds that no Go module defines; the folder of KNATIVE_CRDS may. CloudNativePG's Barman plugin, the RabbitMQ broker for Knative. */
const unchecked = ['barmancloud.cnpg.io/v1 ObjectStore', 'eventing.knative.dev/v1alpha1 RabbitmqBrokerConfig']

const faultsOf = (objects: Manifest[]) =>
  objects.flatMap(one => {
    const id = `${one.apiVersion} ${one.kind}`
    const known = ofKubernetes.includes(one.apiVersion) || unchecked.includes(id)
    const faults = schemaFaults(one) ?? (known ? [] : [`no such kind: ${id}`])
    return faults.map(fault => `${id} ${one.metadata.name}: ${fault}`)
  })

const image = (overlay: Overlay) =>
  ({
    minikube: `dev.local/vigia:${version}`,
    gke: `registry.example.org/vigia:${version}`,
    onprem: `registry.vigia.lan:5000/vigia:${version}`,
  })[overlay]

/** The revision that infra/delivery/stamp.ts wrote. */
const [, revision = ''] = /vigia\.dev\/revision: "?([^\s"]+)"?$/m.exec(
  readFileSync(join(root, 'infra/cluster/version/kustomization.yaml'), 'utf8'),
)!

describe.each(overlays)('%s', overlay => {
  test.skipIf(crdsSkipReason)(
    `every object of a kind that has a CRD is valid, no field unknown${crdsSkipReason ? ` (skipped: ${crdsSkipReason})` : ''}`,
    async () => expect(faultsOf(await renderOverlay(overlay))).toEqual([]),
  )

  test('everything is in the namespace vigia, and nothing belongs to the whole cluster but that', async () => {
    const outside = (await renderOverlay(overlay)).filter(({ metadata }) => metadata.namespace !== 'vigia')
    expect(outside.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['Namespace vigia'])
  })

  test('the namespace admits no pod that could become root', async () => {
    const namespace = (await renderOverlay(overlay)).find(({ kind }) => kind === 'Namespace')!
    expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' })
  })

  test('no two objects are the same', async () => {
    const ids = (await renderOverlay(overlay)).map(one => `${one.apiVersion} ${one.kind} ${one.metadata.name}`)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  test('every function and the migrations run the image of the release; what others made has a tag that stays', async () => {
    const objects = await renderOverlay(overlay)
    expect(imageFaults(objects, image(overlay))).toEqual([])
    const ours = JSON.stringify(objects).split(JSON.stringify(image(overlay))).length - 1
    expect(ours).toBe(readdirSync(join(root, 'knative/services')).length + 1)
  })

  test("the release's version and revision are on every object and its pods, and restart no database", async () =>
    expect(releaseFaults(await renderOverlay(overlay), version, revision)).toEqual([]))

  test('pods are as the level "restricted" wants them, with a root that cannot be written to', async () =>
    expect(podSecurityFaults(await renderOverlay(overlay))).toEqual([]))

  test('what is referred to comes in an earlier wave, or in the same', async () =>
    expect(waveFaults(await renderOverlay(overlay))).toEqual([]))

  test('one apply makes what is referred to before what refers to it', async () =>
    expect(orderFaults(await renderOverlay(overlay))).toEqual([]))

  test('the quota lets everything scale as far as it may while a release rolls out, and not much more', async () => {
    const objects = await renderOverlay(overlay)
    const allowed = quotaOf(objects)
    for (const [name, most] of Object.entries(maxDemand(objects))) {
      expect(allowed[name], name).toBeGreaterThanOrEqual(most)
      expect(allowed[name], name).toBeLessThanOrEqual(1.5 * most)
    }
  })

  test('a node can be emptied: no budget keeps the last pod of something', async () => {
    const objects = await renderOverlay(overlay)
    // What the operators call their pods by, and how many there are.
    const pods = new Map<string, number>(
      objects.flatMap(({ kind, metadata, spec }) => {
        if (kind === 'StatefulSet') return [[metadata.name, spec.replicas]]
        if (kind === 'RabbitmqCluster') return [[metadata.name, spec.replicas]]
        return kind === 'MongoDBCommunity' ? [[`${metadata.name}-svc`, spec.members]] : []
      }),
    )
    for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'PodDisruptionBudget'))
      for (const value of Object.values(spec.selector.matchLabels as Record<string, string>))
        expect(pods.get(value), `${metadata.name} ${value}`).toBeGreaterThan(spec.maxUnavailable)
  })

  test('the LimitRange refuses no container', async () => {
    const objects = await renderOverlay(overlay)
    const [{ max }] = objects.find(({ kind }) => kind === 'LimitRange')!.spec.limits
    for (const { limits } of objects.flatMap(podSpecs).flatMap(({ containers }) => containers.map(resourcesOf)))
      expect(quantity(limits.memory)).toBeLessThanOrEqual(quantity(max.memory))
  })

  test('of knative/ and triggers/ nothing is changed but what is said here', async () => {
    const objects = await renderOverlay(overlay)
    for (const source of knativeManifests()) {
      const one = objects.find(
        ({ apiVersion, kind, metadata }) =>
          apiVersion === source.apiVersion && kind === source.kind && metadata.name === source.metadata.name,
      )
      expect({ ...unpatched(one!, overlay), file: '' }, source.file).toEqual({ ...source, file: '' })
    }
  })
})

const resourcesOf = ({ resources }: { resources: { limits: { memory: string } } }) => resources

/** Annotations that an overlay may add to an object of knative/ or triggers/. */
const added: Record<Overlay, string[]> = {
  minikube: ['messaging.knative.dev/async-handler'],
  gke: ['autoscaling.eventing.knative.dev/', 'keda.autoscaling.knative.dev/', 'kafka.eventing.knative.dev/'],
  onprem: ['rabbitmq.eventing.knative.dev/'],
}

/** The object as its file has it: without the release, the waves, the broker's class, and what only this kind of cluster needs. */
const unpatched = (object: Manifest, overlay: Overlay): Manifest => {
  const one = structuredClone(object)
  const ours = ['argocd.argoproj.io/', 'vigia.dev/revision', 'eventing.knative.dev/broker.class', ...added[overlay]]
  const strip = (metadata: Pick<Manifest['metadata'], 'labels' | 'annotations'>) => {
    delete metadata.labels?.['app.kubernetes.io/version']
    for (const key of Object.keys(metadata.annotations ?? {}))
      if (ours.some(prefix => key.startsWith(prefix))) delete metadata.annotations![key]
    for (const key of ['labels', 'annotations'] as const)
      if (Object.keys(metadata[key] ?? {}).length === 0) delete metadata[key]
  }
  strip(one.metadata)
  if (one.kind === 'Broker') delete one.spec.config
  if (one.kind === 'Service') {
    strip(one.spec.template.metadata)
    one.spec.template.spec.containers[0].image = 'vigia'
    // A laptop holds fewer pods.
    if (overlay === 'minikube') {
      const source = knativeManifests().find(
        ({ kind, metadata }) => kind === 'Service' && metadata.name === one.metadata.name,
      )
      const key = 'autoscaling.knative.dev/max-scale'
      const scale = one.spec.template.metadata.annotations
      if (Number(scale[key]) < Number(source!.spec.template.metadata.annotations[key]))
        scale[key] = source!.spec.template.metadata.annotations[key]
    }
  }
  return one
}

test.each(['LimitRange', 'ServiceAccount', 'Secret', 'Broker', 'SinkBinding'])(
  'a %s that comes too late is noticed',
  async kind => {
    const objects = await renderOverlay('minikube')
    const late = objects.filter(one => one.kind === kind)
    expect(orderFaults([...objects.filter(one => one.kind !== kind), ...late]).join('\n')).toContain(
      `comes before ${kind} ${late.at(-1)!.metadata.name}`,
    )
  },
)

test('the dev loop makes its objects in the same order', async () => {
  const copy = await copyClusterFiles()
  try {
    expect(orderFaults(parseManifests(await kustomize(join(copy, 'infra/cluster/dev')), 'dev'))).toEqual([])
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
})

describe('what stands under the overlays', () => {
  test.each(folders)('%s renders, without anything of a release', async folder => {
    const objects = await renderedFolder(folder)
    expect(objects.length).toBeGreaterThan(0)
    expect(JSON.stringify(objects)).not.toContain('app.kubernetes.io/version')
    if (crdsSkipReason === undefined) expect(faultsOf(objects)).toEqual([])
  })

  test.each(folders)('%s has no kind that Knative has only once its operator has read the rest', async folder => {
    const groups = (await renderedFolder(folder)).map(({ apiVersion }) => apiVersion.split('/')[0]!)
    expect(groups.filter(group => group.endsWith('knative.dev') && group !== 'operator.knative.dev')).toEqual([])
  })

  test("Grafana's namespace lets in the route of every cluster that leads there", async () => {
    const file = 'infra/cluster/platform/grafana.yaml'
    const [grant] = parseManifests(readFileSync(join(root, file), 'utf8'), file) as [Manifest]
    if (crdsSkipReason === undefined) expect(faultsOf([grant])).toEqual([])
    const { from, to } = grant.spec
    for (const overlay of overlays) {
      const route = (await renderOverlay(overlay)).find(
        ({ kind, metadata }) => kind === 'HTTPRoute' && metadata.name === 'grafana',
      )!
      const [{ backendRefs }] = route.spec.rules
      expect(backendRefs).toMatchObject([{ name: to[0].name, namespace: grant.metadata.namespace }])
      expect(from).toMatchObject([{ kind: route.kind, namespace: route.metadata.namespace }])
    }
  })

  test('the volumes are those that the claims of onprem ask for: class, size, mode', async () => {
    const volumes = (await renderedFolder('onprem/volumes')).filter(({ kind }) => kind === 'PersistentVolume')
    const claims = (await renderOverlay('onprem')).flatMap(({ kind, metadata, spec }) => {
      if (kind === 'PersistentVolumeClaim') return [{ name: metadata.name, spec }]
      if (kind === 'StatefulSet')
        return spec.volumeClaimTemplates.map((one: Manifest) => ({
          name: `${one.metadata.name}-${metadata.name}-0`,
          spec: one.spec,
        }))
      // The names that RabbitMQ's operator gives.
      return kind === 'RabbitmqCluster'
        ? Array.from({ length: spec.replicas }, (_, index) => ({
            name: `persistence-${metadata.name}-server-${index}`,
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: spec.persistence.storageClassName,
              resources: { requests: { storage: spec.persistence.storage } },
            },
          }))
        : []
    })
    const said = (name: string, size: string, mode: string[], storageClass: string) =>
      `${name}: ${size} ${mode} ${storageClass}`
    expect(
      volumes
        .map(({ spec }) => said(spec.claimRef.name, spec.capacity.storage, spec.accessModes, spec.storageClassName))
        .toSorted(),
    ).toEqual(
      claims
        .map(({ name, spec }) => said(name, spec.resources.requests.storage, spec.accessModes, spec.storageClassName))
        .toSorted(),
    )
    expect(new Set(volumes.map(({ spec }) => spec.persistentVolumeReclaimPolicy))).toEqual(new Set(['Retain']))
  })
})

/** Whose the database is, in a Cluster that began empty or from the bucket. */
const ownerIn = (bootstrap: Manifest['spec']) => {
  const { database, owner, secret } = bootstrap.initdb ?? bootstrap.recovery
  return { database, owner, secret }
}

describe('PostgreSQL of gke beside itself', () => {
  const recovery = () =>
    parseManifests(readFileSync(join(root, 'infra/cluster/gke/recovery.yaml'), 'utf8'), 'recovery.yaml')
  const of = (objects: Manifest[], kind: string) =>
    objects.find(one => one.kind === kind && one.apiVersion.startsWith('postgresql.'))!

  test.skipIf(crdsSkipReason)('is valid', () => expect(faultsOf(recovery())).toEqual([]))

  test('differs from the one that it is recovered from in its name and its beginning', async () => {
    const objects = await renderOverlay('gke')
    const { bootstrap, externalClusters, ...spec } = of(recovery(), 'Cluster').spec
    const { bootstrap: first, externalClusters: _, ...original } = of(objects, 'Cluster').spec
    expect(spec).toEqual(original)
    expect(bootstrap.recovery).toMatchObject(ownerIn(first))
    const [source] = externalClusters
    expect(bootstrap.recovery.source).toBe(source.name)
    expect(source.plugin.parameters.serverName).toBe(of(objects, 'Cluster').metadata.name)
    const names = [objects, recovery()].map(all => of(all, 'Cluster').metadata.name)
    expect(new Set(names).size).toBe(2)
  })

  test('is copied to the bucket every night, as the other is', async () => {
    const [one, other] = [recovery(), await renderOverlay('gke')].map(objects => of(objects, 'ScheduledBackup'))
    expect(one!.spec).toEqual({ ...other!.spec, cluster: { name: of(recovery(), 'Cluster').metadata.name } })
    expect(one!.metadata.name).not.toBe(other!.metadata.name)
  })

  test('loses no volume to Argo CD or helm uninstall', () => expect(deletableVolumes(recovery())).toEqual([]))

  test('and its bucket are allowed to the service account of each, as the README says', () => {
    const readme = readFileSync(join(root, 'infra/cluster/gke/README.md'), 'utf8')
    expect(readme).toContain(`for account in vigia-postgres ${of(recovery(), 'Cluster').metadata.name}; do`)
  })
})

describe('a secret of gke', () => {
  test('that PostgreSQL has taken as its password is taken again when it changes', async () => {
    const objects = await renderOverlay('gke')
    const { name } = ownerIn(objects.find(({ kind }) => kind === 'Cluster')!.spec.bootstrap).secret
    const source = objects.find(({ kind, spec }) => kind === 'ExternalSecret' && spec.target.name === name)!
    expect(source.spec.target.template.metadata.labels).toMatchObject({ 'cnpg.io/reload': 'true' })
  })
})

describe('the broker', () => {
  const broker = async (overlay: Overlay) => (await renderOverlay(overlay)).find(({ kind }) => kind === 'Broker')!
  const classOf = async (overlay: Overlay) =>
    (await broker(overlay)).metadata.annotations?.['eventing.knative.dev/broker.class']

  test('of gke and of onprem keeps events, and its configuration is among the objects', async () => {
    expect([await classOf('gke'), await classOf('onprem')]).toEqual(['Kafka', 'RabbitMQBroker'])
    for (const overlay of ['gke', 'onprem'] as const) {
      const { kind, name, namespace } = (await broker(overlay)).spec.config
      const found = (await renderOverlay(overlay)).filter(one => one.kind === kind && one.metadata.name === name)
      expect(found.map(({ metadata }) => metadata.namespace)).toEqual([namespace])
    }
  })

  test('of minikube answers a producer before every function is done', async () => {
    expect(await classOf('minikube')).toBe('MTChannelBasedBroker')
    expect((await broker('minikube')).metadata.annotations).toMatchObject({
      'messaging.knative.dev/async-handler': 'true',
    })
  })
})

describe('secrets', () => {
  test.each(['gke', 'onprem'] as const)('git holds none for %s', async overlay =>
    expect((await renderOverlay(overlay)).filter(({ kind }) => kind === 'Secret')).toEqual([]),
  )

  test("minikube's come from .env alone, each key in the one Secret that it is for", async () => {
    const folder = await copyClusterFiles()
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'infra/cluster/minikube/.env')
    const keys = [...(await readFile(file, 'utf8')).matchAll(/^([A-Z_]+)=/gm)].map(([, key]) => key!)
    await writeFile(file, keys.map(key => `${key}=value of ${key}\n`).join(''))
    const objects = parseManifests(await kustomize(dirname(file)), 'minikube') as (Manifest & {
      data: Record<string, string>
    })[]
    const secrets = objects.filter(({ kind }) => kind === 'Secret')
    expect(
      Object.fromEntries(secrets.map(({ metadata, data }) => [metadata.name, Object.keys(data).toSorted()])),
    ).toEqual({
      'vigia-postgres': ['DATABASE_URL', 'POSTGRES_PASSWORD'],
      'vigia-mongodb': ['MONGODB_PASSWORD', 'MONGODB_URI'],
      'vigia-telegram': keys.filter(key => key.startsWith('TELEGRAM_')).toSorted(),
    })
    for (const { data } of secrets)
      for (const [key, value] of Object.entries(data))
        expect(Buffer.from(value, 'base64').toString()).toBe(`value of ${key}`)
  })

  test('git ignores the files that have them', async () => {
    const files = ['minikube/.env', 'onprem/.env', 'onprem/.sealed-secrets.Xy12'].map(name => `infra/cluster/${name}`)
    const { stdout } = await promisify(execFile)('git', ['check-ignore', ...files], { cwd: root })
    expect(stdout.trim().split('\n')).toEqual(files)
  })

  test("onprem's that were never sealed are refused by every API server, which says why", async () => {
    const sealed = (await renderOverlay('onprem')).filter(({ kind }) => kind === 'SealedSecret')
    expect(sealed.map(({ metadata }) => metadata.name)).toEqual(['vigia-mongodb', 'vigia-postgres', 'vigia-telegram'])
    for (const { metadata } of sealed) {
      const label = metadata.labels?.['vigia.dev/sealed'] ?? ''
      expect(label).toContain('run infra/cluster/onprem/seal.sh')
      // Kubernetes' rule for a label's value.
      expect(label).not.toMatch(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/)
    }
  })

  test.each(overlays)(
    'the README of %s names each Secret that is made and each of its keys that is read',
    async overlay => {
      const readme = readFileSync(join(root, 'infra/cluster', overlay, 'README.md'), 'utf8')
      const rows = [...readme.matchAll(/^\| `(vigia-[a-z-]+)` \| ([^|]+)/gm)].map(
        ([, name, keys]) => [name, [...keys!.matchAll(/`(\w+)`/g)].map(([, key]) => key!)] as const,
      )
      const read = new Map<string, Set<string>>()
      for (const one of await renderOverlay(overlay))
        for (const [, said] of JSON.stringify(one).matchAll(/"(?:secretKeyRef|passwordSecretRef)":({[^}]*})/g)) {
          const { name, key } = JSON.parse(said!)
          read.set(name, (read.get(name) ?? new Set()).add(key))
        }
      for (const [name, keys] of read) expect(new Map(rows).get(name), name).toEqual(expect.arrayContaining([...keys]))
      const made = (await renderOverlay(overlay)).flatMap(({ kind, metadata }) =>
        ['Secret', 'SealedSecret', 'ExternalSecret'].includes(kind) ? [metadata.name] : [],
      )
      expect(rows.map(([name]) => name).toSorted()).toEqual(made.toSorted())
    },
  )

  test('both examples have the same keys', () => {
    const keys = (overlay: Overlay) =>
      readFileSync(join(root, 'infra/cluster', overlay, '.env.example'), 'utf8').match(/^[A-Z_]+(?==)/gm)
    expect(keys('onprem')).toEqual(keys('minikube'))
  })
})

describe('a kustomization', () => {
  const all = ['knative', 'triggers', 'infra/cluster'].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => basename(name) === 'kustomization.yaml')
      .map(name => dirname(join(folder, name))),
  )

  /** Files that somebody applies by hand, as a README says. */
  const byHand = overlays
    .map(overlay => readFileSync(join(root, 'infra/cluster', overlay, 'README.md'), 'utf8'))
    .flatMap(readme => [...readme.matchAll(/kubectl (?:apply|create)[^\n]* -f (\S+\.yaml)/g)].map(([, file]) => file!))

  /** Files beside a kustomization, and below it where no other has them, that it does not name. */
  const forgotten = (folder: string, list: unknown, files: string[]) => {
    const { resources = [], components = [], patches = [] } = list as Record<string, (string | { path?: string })[]>
    const named = [...resources, ...components, ...patches].map(one => (typeof one === 'string' ? one : one.path))
    return files.filter(
      name =>
        name.endsWith('.yaml') &&
        basename(name) !== 'kustomization.yaml' &&
        !all.some(
          other => other !== folder && join(folder, name).startsWith(`${other}/`) && other.startsWith(folder),
        ) &&
        !named.includes(name) &&
        !byHand.includes(join(folder, name)),
    )
  }

  test.each(all)('%s names every file that is there', folder => {
    const list = parse(readFileSync(join(root, folder, 'kustomization.yaml'), 'utf8'))
    expect(forgotten(folder, list, readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }))).toEqual([])
  })

  test('that forgets a file is noticed', () => {
    const files = ['broker.yaml', 'services/a.yaml', 'services/b.yaml', 'README.md']
    expect(forgotten('knative', { resources: ['broker.yaml', 'services/a.yaml'] }, files)).toEqual(['services/b.yaml'])
  })
})

describe('what is wrong is noticed', () => {
  const container = (one: Manifest) => one.spec.template.spec.containers[0]
  const is = (kind: string, name: string) => (one: Manifest) => one.kind === kind && one.metadata.name === name
  const knative = (name: string) => (one: Manifest) => is('Service', name)(one) && one.apiVersion.startsWith('serving.')

  test.each<[string, Overlay, (one: Manifest) => boolean, (one: Manifest) => unknown, (all: Manifest[]) => string[]]>([
    [
      'a function that may be root',
      'gke',
      knative('uptime-prober'),
      one => delete container(one).securityContext.runAsNonRoot,
      podSecurityFaults,
    ],
    [
      'a database that can write to its root',
      'minikube',
      is('StatefulSet', 'postgres'),
      one => delete container(one).securityContext.readOnlyRootFilesystem,
      podSecurityFaults,
    ],
    [
      'a folder of the node',
      'onprem',
      is('StatefulSet', 'mongodb'),
      one => one.spec.template.spec.volumes.push({ name: 'node', hostPath: { path: '/' } }),
      podSecurityFaults,
    ],
    [
      'an image of another release',
      'gke',
      knative('error-notifier'),
      one => Object.assign(container(one), { image: 'registry.example.org/vigia:0.0.9' }),
      all => imageFaults(all, image('gke')),
    ],
    [
      'an image that was not renamed',
      'onprem',
      is('Job', `migrate-${version.replaceAll('.', '-')}`),
      one => Object.assign(container(one), { image: `vigia:${version}` }),
      all => imageFaults(all, image('onprem')),
    ],
    [
      'a tag that moves',
      'minikube',
      is('StatefulSet', 'mongodb'),
      one => Object.assign(container(one), { image: 'mongo:latest' }),
      all => imageFaults(all, image('minikube')),
    ],
    [
      'a revision without its release',
      'gke',
      knative('uptime-prober'),
      one => delete one.spec.template.metadata.labels['app.kubernetes.io/version'],
      all => releaseFaults(all, version, revision),
    ],
    [
      'a database that restarts with each release',
      'minikube',
      is('StatefulSet', 'postgres'),
      one => Object.assign(one.spec.template.metadata.labels, { 'app.kubernetes.io/version': version }),
      all => releaseFaults(all, version, revision),
    ],
    [
      'migrations under an old name',
      'onprem',
      is('Job', `migrate-${version.replaceAll('.', '-')}`),
      one => Object.assign(one.metadata, { name: 'migrate' }),
      all => releaseFaults(all, version, revision),
    ],
    [
      'migrations before their database',
      'gke',
      is('Cluster', 'vigia-postgres'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '0' }),
      waveFaults,
    ],
    [
      'a Trigger before its function',
      'minikube',
      is('Trigger', 'uptime-prober-probe-requested'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '0' }),
      waveFaults,
    ],
    [
      'a certificate that a function waits for',
      'gke',
      is('Certificate', 'telegram-webhook'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '1' }),
      waveFaults,
    ],
    [
      'a console that Triggers wait for',
      'minikube',
      is('HTTPRoute', 'grafana'),
      one => delete one.metadata.annotations!['argocd.argoproj.io/sync-wave'],
      waveFaults,
    ],
    [
      'dispatchers scaled before there is one',
      'onprem',
      is('ScaledObject', 'uptime-prober-probe-requested'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '2' }),
      waveFaults,
    ],
    [
      'a function before its secret',
      'onprem',
      is('SealedSecret', 'vigia-postgres'),
      one => Object.assign(one.metadata.annotations!, { 'argocd.argoproj.io/sync-wave': '3' }),
      waveFaults,
    ],
  ])('%s', async (_, overlay, which, spoil, faults) => {
    const objects = structuredClone(await renderOverlay(overlay))
    expect(faults(objects)).toEqual([])
    spoil(objects.find(which)!)
    expect(faults(objects)).not.toEqual([])
  })

  test.skipIf(crdsSkipReason).each<[string, Overlay, (one: Manifest) => boolean, (one: Manifest) => unknown]>([
    [
      'an unknown field of PostgreSQL',
      'gke',
      is('Cluster', 'vigia-postgres'),
      one => Object.assign(one.spec, { instance: 3 }),
    ],
    [
      'a secret of a store without a kind of its own',
      'gke',
      is('ExternalSecret', 'vigia-telegram'),
      one => Object.assign(one.spec.target, { tempalte: {} }),
    ],
    [
      'a method that MongoDB does not have',
      'gke',
      is('MongoDBCommunity', 'vigia-mongodb'),
      one => Object.assign(one.spec, { type: 'Cluster' }),
    ],
    ['an unknown field of RabbitMQ', 'onprem', is('RabbitmqCluster', 'vigia-rabbitmq'), one => (one.spec.replica = 3)],
    [
      'a version that cert-manager does not have',
      'minikube',
      is('Issuer', 'self-signed'),
      one => (one.apiVersion += '2'),
    ],
  ])('%s', async (_, overlay, which, spoil) => {
    const objects = structuredClone(await renderOverlay(overlay))
    spoil(objects.find(which)!)
    expect(faultsOf(objects)).toHaveLength(1)
  })

  test('a quota that a rollout would not fit into', async () => {
    const objects = structuredClone(await renderOverlay('minikube'))
    const prober = objects.find(knative('uptime-prober'))!
    prober.spec.template.metadata.annotations['autoscaling.knative.dev/max-scale'] = '10'
    expect(maxDemand(objects).pods).toBeGreaterThan(quotaOf(objects).pods!)
  })
})
