import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, matchesGlob, posix } from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { copyClusterFiles, parseManifests } from '#infra/cluster/render/overlays.ts'
import { kubeTool, kustomize } from '#infra/delivery/kube-tools.ts'
import { functionNames, root } from '#infra/repository.ts'
import { type Stage, stagesOf } from '#test/delivery/support/dockerfile.ts'
import { type SkaffoldConfig, withProfile } from '#test/delivery/support/skaffold.ts'

const text = readFileSync(join(root, 'skaffold.yaml'), 'utf8')
const read = (source: string): SkaffoldConfig => parse(source)
const written = read(text)
const profiles = ['minikube', 'kind', 'gke', 'onprem', 'jx']

describe('the schema', () => {
  const schema = process.env.SKAFFOLD_SCHEMA ?? join(root, '../shared/schemas/skaffold-v4beta14.json')
  if (!existsSync(schema)) process.stderr.write(`skaffold.yaml is not validated: there is no ${schema}\n`)
  const validate = existsSync(schema)
    ? new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(readFileSync(schema, 'utf8')))
    : undefined

  test.skipIf(!validate)('of v4beta14 accepts the file', () => {
    expect(validate!(written), JSON.stringify(validate!.errors?.slice(0, 3))).toBe(true)
  })

  test.skipIf(!validate).each([
    ['an unknown key', 'context: .', 'contexts: .'],
    ['an unknown key in a profile', "template: '{{.VERSION}}'", 'templates: x'],
    ['a Boolean that is text', 'push: true', 'push: "yes"'],
    ['a port that is text', 'localPort: 8080', 'localPort: http'],
  ])('refuses %s', (_, what, instead) => {
    const spoiled = text.replace(what, instead)
    expect(spoiled).not.toBe(text)
    expect(validate!(read(spoiled))).toBe(false)
  })

  // The schema allows any text as the version, so this test checks the version.
  test('of v4beta14 is the one that the file names', () => expect(written.apiVersion).toBe('skaffold/v4beta14'))
})

test('there is a profile for each kind of cluster and one for the pipeline, and none is activated automatically', () => {
  expect(written.profiles.map(({ name }) => name)).toEqual(profiles)
  expect(written.profiles.filter(({ activation }) => activation)).toEqual([])
})

test('the pipeline sets the variables of the image labels, and the profile passes them as build arguments', () => {
  const { build } = withProfile(written, 'jx')
  const script = readFileSync(join(root, 'infra/delivery/push-image.sh'), 'utf8')
  for (const [name, template] of Object.entries(build.artifacts[0]!.docker.buildArgs)) {
    expect(template).toMatch(new RegExp(String.raw`^\{\{default ".*" \.${name}\}\}$`))
    expect(script).toContain(`${name}=`)
  }
  expect(Object.keys(build.artifacts[0]!.docker.buildArgs)).toEqual(['VERSION', 'REVISION', 'CREATED', 'SOURCE'])
})

test.each(profiles)(
  '%s: a pushed image is tagged with the version, a local one with the hash of its contents',
  name => {
    const { tagPolicy, local } = withProfile(written, name).build
    expect(tagPolicy).toEqual(local?.push ? { envTemplate: { template: '{{.VERSION}}' } } : { inputDigest: {} })
    expect(local?.push ?? false).toBe(!['minikube', 'kind'].includes(name))
  },
)

test.each(['gke', 'onprem', 'jx'])(
  '%s: without VERSION nothing is built, because Skaffold would use the tag latest',
  name => {
    const { hooks } = withProfile(written, name).build.artifacts[0]!
    const [program, ...args] = hooks!.before[0]!.command as [string, ...string[]]
    const built = (env: Record<string, string>) => spawnSync(program, args, { env, encoding: 'utf8' })
    expect(built({ VERSION: '1.4.2' })).toMatchObject({ status: 0, stderr: '' })
    expect(built({})).toMatchObject({ status: 1, stderr: 'VERSION is not set; it is the tag of the image to push\n' })
  },
)

describe.skipIf((await kubeTool('kubectl')) === undefined)('with the objects that Skaffold deploys', () => {
  let copy: string
  beforeAll(async () => {
    copy = await copyClusterFiles()
  })
  afterAll(() => rm(copy, { recursive: true, force: true }))

  const memo = new Map<string, Promise<Manifest[]>>()
  const rendered = async (paths: string[]) => {
    const each = paths.map(path => {
      const known = memo.get(path) ?? kustomize(join(copy, path)).then(yaml => parseManifests(yaml, path))
      memo.set(path, known)
      return known
    })
    return (await Promise.all(each)).flat()
  }
  const faultsOf = async (config: SkaffoldConfig, more: Manifest[] = []) =>
    faults(config, [...(await rendered(config.manifests.kustomize.paths)), ...more])

  test('the dev loop has no fault', async () => expect(await faultsOf(written)).toEqual([]))

  test.each(profiles)('profile %s has no fault', async name => {
    expect(await faultsOf(withProfile(written, name))).toEqual([])
  })

  const dev = (change: (config: SkaffoldConfig) => void) => {
    const config = structuredClone(written)
    change(config)
    return config
  }
  test.each<[string, SkaffoldConfig, RegExp]>([
    [
      'an artifact that no object uses',
      dev(({ build }) => build.artifacts.push({ ...build.artifacts[0]!, image: 'dev.local/other' })),
      /no object uses dev\.local\/other/,
    ],
    [
      'an image that is not built',
      dev(({ build }) => Object.assign(build.artifacts[0]!, { image: 'dev.local/vigja' })),
      /no artifact builds dev\.local\/vigia/,
    ],
    [
      'two artifacts with the same name',
      dev(({ build }) => build.artifacts.push(build.artifacts[0]!)),
      /2 artifacts are named dev\.local\/vigia/,
    ],
    [
      'a Dockerfile that does not exist',
      dev(({ build }) => Object.assign(build.artifacts[0]!.docker, { dockerfile: 'Dockerfile' })),
      /there is no Dockerfile/,
    ],
    [
      'a stage that does not exist',
      dev(({ build }) => Object.assign(build.artifacts[0]!.docker, { target: 'develop' })),
      /has no stage develop/,
    ],
    [
      'a build argument that is not declared',
      dev(({ build }) => Object.assign(build.artifacts[0]!.docker.buildArgs, { VERSOIN: '1' })),
      /dev does not declare VERSOIN/,
    ],
    [
      'a sync into a stage that does not watch its files',
      dev(({ build }) => Object.assign(build.artifacts[0]!.docker, { target: 'release' })),
      /release watches no files/,
    ],
    [
      'a sync into another folder than that of the sources',
      dev(({ build }) => Object.assign(build.artifacts[0]!.sync!.manual![0]!, { dest: '/app' })),
      /functions\/\S+ would be synced to \/app/,
    ],
    [
      'a sync that matches no files',
      dev(({ build }) => Object.assign(build.artifacts[0]!.sync!.manual![0]!, { src: 'function/**/*.ts' })),
      /function\/\*\*\/\*\.ts matches no file/,
    ],
    [
      'an inferred sync',
      dev(({ build }) => Object.assign(build.artifacts[0]!, { sync: { infer: ['**/*.ts'] } })),
      /must be manual/,
    ],
    [
      'a sync into pods that scale to zero',
      dev(({ manifests }) => Object.assign(manifests.kustomize, { paths: ['infra/cluster/minikube'] })),
      /scales to zero and loses its synced files/,
    ],
    [
      'a sync with an image whose tag Knative resolves',
      dev(config => Object.assign(config.build.artifacts[0]!, { image: 'registry.example.org/vigia' })),
      /Knative replaces the tag of registry\.example\.org\/vigia/,
    ],
    [
      'a port forward to a Knative Service',
      dev(({ portForward }) => Object.assign(portForward[0]!, { resourceType: 'ksvc' })),
      /the port forward goes to kourier/,
    ],
    [
      'a verification with another image',
      dev(({ verify }) => Object.assign(verify[0]!.container, { image: 'dev.local/smoke' })),
      /smoke runs dev\.local\/smoke/,
    ],
    [
      'a verification without its container',
      dev(({ verify }) => Object.assign(verify[0]!.container, { name: 'test' })),
      /has no container test/,
    ],
    [
      "a hook with kubectl's current context",
      dev(({ deploy }) =>
        Object.assign(deploy.kubectl.hooks.after[0]!.host, { command: ['kubectl', 'wait', 'ksvc', '--all'] }),
      ),
      /kubectl's own context/,
    ],
    [
      'an old Job that is not deleted',
      dev(({ deploy }) => Object.assign(deploy.kubectl.hooks, { before: [] })),
      /migrate-\S+ cannot be changed/,
    ],
    [
      'a deployment that does not wait for the functions',
      dev(({ deploy }) => Object.assign(deploy.kubectl.hooks, { after: [] })),
      /no hook waits/,
    ],
  ])('%s is a fault', async (_, config, fault) => {
    expect((await faultsOf(config)).join('\n')).toMatch(fault)
  })

  const jobSink: Manifest = {
    file: 'spoiled',
    apiVersion: 'sinks.knative.dev/v1alpha1',
    kind: 'JobSink',
    metadata: { name: 'sign' },
    spec: { job: { spec: { template: { spec: { containers: [{ name: 'sign', image: 'dev.local/vigia:0.1.0' }] } } } } },
  }
  test('a kind that Skaffold does not know is a fault, unless resourceSelector allows it', async () => {
    expect(await faultsOf(written, [jobSink])).toEqual(['JobSink.sinks.knative.dev is not in resourceSelector'])
    const allowing = dev(config => {
      config.resourceSelector = { allow: [{ groupKind: 'JobSink.sinks.knative.dev', image: ['.*'] }] }
    })
    expect(await faultsOf(allowing, [jobSink])).toEqual([])
  })

  test('a patch of a path that does not exist is refused, as Skaffold does', () => {
    const config = structuredClone(written)
    config.profiles[2]!.patches![0]!.path = '/verify/1/container/image'
    expect(() => withProfile(config, 'gke')).toThrow('invalid path: /verify/1/container/image')
  })
})

test('the smoke test checks every function from outside the namespace vigia, and ends before the timeout of Skaffold', () => {
  const { metadata, spec } = parse(readFileSync(join(root, 'infra/delivery/smoke.yaml'), 'utf8'))
  const env = Object.fromEntries(
    spec.template.spec.containers[0].env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  )
  expect(env.FUNCTION_TARGET).toBe('smoke')
  expect(env.FUNCTIONS.split(' ')).toEqual(functionNames().toSorted())
  expect(env.FUNCTION_URL).toBe('http://{function}.vigia.svc.cluster.local')
  expect(metadata.namespace).not.toBe('vigia')
  // The smoke test must end before Skaffold's own timeout, so that the message of the smoke test is shown.
  expect(Number(env.PATIENCE_SECONDS)).toBeLessThan((written.verify[0] as { timeout?: number }).timeout!)
})

/** The kinds in which Skaffold 2 replaces images by default. This is a part of Skaffold's list. */
const known = new Set([
  ...['Pod', 'Deployment.apps', 'StatefulSet.apps', 'DaemonSet.apps', 'ReplicaSet.apps', 'Job.batch', 'CronJob.batch'],
  ...['Service.serving.knative.dev', 'Rollout.argoproj.io', 'Workflow.argoproj.io', 'CronWorkflow.argoproj.io'],
])

/** The registries whose tags Knative does not resolve to digests. They are the default of config-deployment. */
const unresolved = ['dev.local', 'ko.local', 'kind.local']

/** The faults of a configuration and of the objects that it deploys, one line for each fault. */
const faults = (config: SkaffoldConfig, objects: Manifest[]): string[] => {
  const { artifacts } = config.build
  const used = objects.flatMap(object => imagesIn(object).map(image => ({ object, name: nameOf(image) })))
  const ours = used.filter(({ name }) => /(^|\/)vigja?$|(^|\/)vigia$/.test(name))
  const names = new Set(ours.map(({ name }) => name))
  const allowed = new Set(config.resourceSelector?.allow?.map(({ groupKind }) => groupKind))
  const kinds = new Set(ours.map(({ object }) => groupKindOf(object)))
  const found = [...kinds]
    .filter(kind => !known.has(kind) && !allowed.has(kind))
    .map(kind => `${kind} is not in resourceSelector`)
  for (const name of names) {
    const { length } = artifacts.filter(({ image }) => image === name)
    if (length === 0) found.push(`no artifact builds ${name}`)
    if (length > 1) found.push(`${length} artifacts are named ${name}`)
  }
  for (const artifact of artifacts) {
    if (!names.has(artifact.image)) found.push(`no object uses ${artifact.image}`)
    found.push(...faultsOfArtifact(artifact, objects))
  }
  for (const { resourceType, resourceName, namespace, port } of config.portForward)
    if (`${resourceType}/${resourceName}.${namespace}:${port}` !== 'service/kourier.knative-serving:80')
      found.push(`the port forward goes to ${resourceName}, which is not the Service of the ingress`)
  for (const { container, executionMode } of config.verify) {
    const job = parse(readFileSync(join(root, executionMode.kubernetesCluster.jobManifestPath), 'utf8'))
    const containers: { name: string }[] = job.spec.template.spec.containers
    if (!containers.some(({ name }) => name === container.name))
      found.push(`the Job has no container ${container.name}`)
    if (!artifacts.some(({ image }) => image === container.image))
      found.push(`${container.name} runs ${container.image}, which no artifact builds`)
  }
  return [...found, ...faultsOfHooks(config, objects)]
}

const faultsOfArtifact = (
  { image, context, docker, sync }: SkaffoldConfig['build']['artifacts'][number],
  objects: Manifest[],
) => {
  const file = join(root, context, docker.dockerfile)
  if (!existsSync(file)) return [`there is no ${docker.dockerfile}`]
  const stage = stagesOf(readFileSync(file, 'utf8')).find(({ name }) => name === docker.target)
  if (!stage) return [`${docker.dockerfile} has no stage ${docker.target}`]
  const found = Object.keys(docker.buildArgs)
    .filter(name => !stage.args.includes(name))
    .map(name => `${docker.target} does not declare ${name}`)
  return sync ? [...found, ...faultsOfSync(image, sync, stage, objects)] : found
}

const faultsOfSync = (
  image: string,
  { manual, infer, auto }: NonNullable<SkaffoldConfig['build']['artifacts'][number]['sync']>,
  stage: Stage,
  objects: Manifest[],
) => {
  if (infer || auto || !manual)
    return ['sync must be manual: infer reads the last stage, and auto does not support a Dockerfile']
  const found: string[] = []
  if (!stage.entrypoint.at(-1)!.endsWith('/launch.dev.mjs')) found.push(`${stage.name} watches no files`)
  if (!unresolved.includes(image.split('/')[0]!))
    found.push(`Knative replaces the tag of ${image} with a digest, so no pod has exactly that image`)
  const copies = stage.steps.flatMap(step => ('copy' in step && step.copy.from === undefined ? [step] : []))
  for (const { src, dest, strip = '' } of manual) {
    const files = globSync(src, { cwd: root })
    if (files.length === 0) found.push(`${src} matches no file`)
    for (const path of files.slice(0, 1)) {
      const to = posix.join(dest, path.replace(strip, ''))
      const copy = copies.find(({ copy }) => copy.sources.some(source => matchesGlob(path, `${source}**`)))
      const built =
        copy && posix.join(posix.resolve(copy.workdir, copy.copy.to), path.slice(copy.copy.sources[0]!.length))
      if (to !== built) found.push(`${path} would be synced to ${to}, and the image has it at ${built}`)
      if (copy && copy.copy.chown !== stage.user) found.push(`${path} could not be overwritten by ${stage.user}`)
    }
  }
  for (const { kind, apiVersion, metadata, spec } of objects) {
    if (kind !== 'Service' || !apiVersion.startsWith('serving.knative.dev/')) continue
    const annotations = spec.template.metadata.annotations
    if (annotations['autoscaling.knative.dev/min-scale'] !== '1')
      found.push(`${metadata.name} scales to zero and loses its synced files`)
    if (annotations['autoscaling.knative.dev/max-scale'] !== '1')
      found.push(`${metadata.name} may get a pod without the synced files`)
    if (spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem)
      found.push(`${metadata.name} has a read-only root, so files cannot be synced into it`)
  }
  return found
}

const faultsOfHooks = ({ deploy }: SkaffoldConfig, objects: Manifest[]) => {
  const { before, after } = deploy.kubectl.hooks
  const lines = (hooks: typeof before) => hooks.map(({ host }) => host.command.join(' ')).join('\n')
  const found: string[] = []
  for (const command of [...before, ...after].map(({ host }) => host.command.join(' ')))
    for (const [call] of command.matchAll(/\bkubectl\b.*?(?=&&|$)/gs))
      if (!call.startsWith('kubectl --context "$SKAFFOLD_KUBE_CONTEXT"'))
        found.push(`${call} uses kubectl's own context`)
  for (const { kind, metadata } of objects.filter(({ kind }) => kind === 'Job')) {
    const selector = `app.kubernetes.io/name=${metadata.labels?.['app.kubernetes.io/name']}`
    if (!lines(before).includes(`delete job --selector ${selector}`))
      found.push(`${kind} ${metadata.name} cannot be changed, and no hook deletes it before the deployment`)
    if (!lines(after).includes(`wait job --selector ${selector} --for=condition=Complete`))
      found.push(`no hook waits for ${kind} ${metadata.name}`)
  }
  if (!/wait services\.serving\.knative\.dev --all --for=condition=Ready/.test(lines(after)))
    found.push('no hook waits for the functions, which are neither Deployments nor StatefulSets')
  return found
}

const groupKindOf = ({ apiVersion, kind }: Manifest) => {
  const [group, version] = apiVersion.split('/')
  return version === undefined ? kind : `${kind}.${group}`
}

/** The name of an image without its tag and digest. A colon before the last slash is that of a port, and is kept. */
const nameOf = (image: string) => image.replace(/@sha256:[0-9a-f]+$/, '').replace(/:[^/:]+$/, '')

/** The texts of all fields `image` in an object, at any depth. */
const imagesIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'image' && typeof inner === 'string' ? [inner] : imagesIn(inner),
  )
}
