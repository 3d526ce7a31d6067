import { existsSync, readFileSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { parseManifests } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { functionNames, root } from '#infra/repository.ts'
import { type SkaffoldConfig, withProfile } from '#test/delivery/support/skaffold.ts'
import { until } from '#test/support/until.ts'
import { type ApiServer, apiServerSkipReason, runProgram, startApiServer } from './api-server.ts'
import { deployableCopy } from './support/deployable-copy.ts'

const why = await apiServerSkipReason()
const config: SkaffoldConfig = parse(readFileSync(join(root, 'skaffold.yaml'), 'utf8'))

const skaffold = (process.env.PATH ?? '')
  .split(delimiter)
  .map(folder => join(folder, 'skaffold'))
  .find(existsSync)
const whyNoSkaffold = why ?? (skaffold ? undefined : 'there is no skaffold on PATH')
if (whyNoSkaffold) process.stderr.write(`skaffold itself is not run: ${whyNoSkaffold}\n`)

describe.skipIf(why)(`skaffold.yaml on a real API server${why ? ` (skipped: ${why})` : ''}`, () => {
  let server: ApiServer
  let copy: Awaited<ReturnType<typeof deployableCopy>>
  beforeAll(async () => {
    server = await startApiServer()
    copy = await deployableCopy(server.env.PATH!)
    await cp(join(root, 'skaffold.yaml'), join(copy.folder, 'skaffold.yaml'))
    await cp(join(root, '.dockerignore'), join(copy.folder, '.dockerignore'))
    for (const folder of ['infra/delivery', 'infra/database', 'functions', 'events'])
      await cp(join(root, folder), join(copy.folder, folder), { recursive: true })
    for (const file of ['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'LICENSE'])
      await cp(join(root, file), join(copy.folder, file))
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`${await server.log()}\n`)
  })
  afterAll(async () => {
    await copy?.remove()
    await server?.stop()
  })

  const deleteNamespace = async () => {
    const { code } = await server.kubectl(['delete', 'namespace', 'vigia', '--ignore-not-found', '--timeout=120s'])
    expect(code).toBe(0)
  }
  const imagesOfFunctions = async () => {
    const { stdout } = await server.kubectl(['get', 'ksvc', '--namespace=vigia', '-o', 'json'])
    return new Set(JSON.parse(stdout).items.map(({ spec }: Manifest) => spec.template.spec.containers[0].image))
  }

  describe('without Skaffold', () => {
    afterAll(deleteNamespace)

    const hooks = async (which: 'before' | 'after') => {
      const ran = []
      for (const { host } of config.deploy.kubectl.hooks[which]) {
        const [program, ...args] = host.command as [string, ...string[]]
        ran.push(await runProgram(`/bin/${program}`, args, { env: { ...server.env, SKAFFOLD_KUBE_CONTEXT: 'test' } }))
      }
      return ran
    }
    /**
     * Deploys as Skaffold does: replaces our image with the one that was built, and applies with kubectl on the client
     * side.
     */
    const applied = async (image: string) => {
      const text = await kustomize(join(copy.folder, config.manifests.kustomize.paths[0]!))
      const input = text.replaceAll(/image: dev\.local\/vigia:\S+/g, `image: ${image}`)
      return server.kubectl(['apply', '--validate=strict', '-f', '-'], { input })
    }

    test('the hook "before" succeeds when nothing was deployed yet', async () => {
      for (const ran of await hooks('before')) expect(ran).toMatchObject({ code: 0 })
    })

    test('the objects are accepted, and the hooks "after" wait for the migrations and every function', async () => {
      expect(await applied('dev.local/vigia:one')).toMatchObject({ code: 0 })
      const ran = await hooks('after')
      for (const one of ran) expect(one).toMatchObject({ code: 0 })
      for (const name of functionNames())
        expect(ran.map(({ stdout }) => stdout).join('')).toContain(`/${name} condition met`)
      expect(await imagesOfFunctions()).toEqual(new Set(['dev.local/vigia:one']))
    })

    test('another image of the same release is refused because of the Job, and accepted once the hook "before" has run', async () => {
      expect((await applied('dev.local/vigia:two')).stderr).toContain('field is immutable')
      for (const ran of await hooks('before')) expect(ran).toMatchObject({ code: 0 })
      expect(await applied('dev.local/vigia:two')).toMatchObject({ code: 0 })
      for (const ran of await hooks('after')) expect(ran).toMatchObject({ code: 0 })
      expect(await imagesOfFunctions()).toEqual(new Set(['dev.local/vigia:two']))
    })

    test('the hooks "after" fail with a message when nothing was deployed', async () => {
      await deleteNamespace()
      const [ran] = await hooks('after')
      expect(ran!.code).not.toBe(0)
      expect(ran!.stderr).not.toBe('')
    })

    test('the Job of the smoke test is accepted under strict validation', async () => {
      const file = join(root, 'infra/delivery/smoke.yaml')
      expect(
        await server.kubectl(['apply', '--server-side', '--validate=strict', '--dry-run=server', '-f', file]),
      ).toMatchObject({ code: 0, stdout: 'job.batch/smoke serverside-applied (server dry run)\n' })
    })
  })

  describe.skipIf(whyNoSkaffold)('with Skaffold', () => {
    afterAll(deleteNamespace)

    const quiet = { SKAFFOLD_UPDATE_CHECK: 'false', SKAFFOLD_INTERACTIVE: 'false', SKAFFOLD_DETECT_MINIKUBE: 'false' }
    const run = (args: string[], env: Record<string, string> = {}) =>
      runProgram(skaffold!, args, { cwd: copy.folder, env: { ...server.env, ...quiet, ...env } })

    /** Writes the file that `skaffold build --file-output` would write. */
    const builds = async (image: string, tag: string) => {
      const file = join(copy.folder, 'builds.json')
      await writeFile(file, JSON.stringify({ builds: [{ imageName: image, tag: `${image}:${tag}` }] }))
      return file
    }
    const profiles = ['', ...config.profiles.map(({ name }) => name)]
    const profileArguments = (profile: string) => (profile === '' ? [] : ['--profile', profile])
    const imageOf = (profile: string) =>
      (profile === '' ? config : withProfile(config, profile)).build.artifacts[0]!.image

    test.each(profiles)('Skaffold reads profile "%s" as our tests do', async profile => {
      const { code, stdout, stderr } = await run(['diagnose', '--yaml-only', ...profileArguments(profile)])
      expect({ code, stderr }).toMatchObject({ code: 0 })
      const ours = profile === '' ? config : withProfile(config, profile)
      const theirs: SkaffoldConfig = parse(stdout.replaceAll(`${copy.folder}/`, '').replaceAll(copy.folder, '.'))
      expect(theirs.build.artifacts).toMatchObject(ours.build.artifacts)
      expect(theirs.build.tagPolicy).toEqual(ours.build.tagPolicy)
      expect(theirs.manifests.kustomize.paths).toEqual(ours.manifests.kustomize.paths)
      expect(theirs.verify).toMatchObject(ours.verify)
      expect(theirs.deploy.kubectl.hooks).toEqual(ours.deploy.kubectl.hooks)
    })

    test.each(profiles)('profile "%s" renders every function with the image that was built', async profile => {
      const image = imageOf(profile)
      const answer = await run([
        'render',
        '--digest-source=tag',
        '--build-artifacts',
        await builds(image, 'built'),
        ...profileArguments(profile),
      ])
      expect(answer.code, answer.stderr).toBe(0)
      const ours = parseManifests(answer.stdout, 'skaffold render').filter(
        ({ kind, apiVersion }) => kind === 'Job' || (kind === 'Service' && apiVersion.startsWith('serving.')),
      )
      expect(ours).toHaveLength(functionNames().length + 1)
      for (const { spec } of ours) expect(spec.template.spec.containers[0].image).toBe(`${image}:built`)
    })

    test('Skaffold deploys an image and then another one, and waits until every function is ready', async () => {
      for (const tag of ['one', 'two']) {
        const file = await builds('dev.local/vigia', tag)
        const answer = await run([
          'deploy',
          '--build-artifacts',
          file,
          '--profile',
          'minikube',
          '--kube-context',
          'test',
        ])
        expect(answer.code, `${answer.stdout}${answer.stderr}`).toBe(0)
        for (const name of functionNames()) expect(answer.stdout).toContain(`/${name} condition met`)
        expect(await imagesOfFunctions()).toEqual(new Set([`dev.local/vigia:${tag}`]))
      }
    })

    test('Skaffold verifies with our Job, and changes only its image', async () => {
      const file = await builds('dev.local/vigia', 'one')
      const verified = run(['verify', '--build-artifacts', file, '--profile', 'minikube'])
      const found = async () => {
        const { code, stdout } = await server.kubectl(['get', 'job', 'smoke', '--namespace=default', '-o', 'json'])
        return code === 0 && JSON.parse(stdout)
      }
      const job = await until(found, { what: 'a Job named smoke' })
      const [container] = job.spec.template.spec.containers
      const written = parse(readFileSync(join(root, 'infra/delivery/smoke.yaml'), 'utf8'))
      const [ours] = written.spec.template.spec.containers
      expect(container).toMatchObject({ ...ours, image: 'dev.local/vigia:one' })
      expect(job.spec.template.spec.securityContext).toEqual(written.spec.template.spec.securityContext)
      // Nothing runs the Job here. The test creates its pod, and then sets the status that a successful run would set.
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'smoke-1', namespace: 'default', labels: { 'job-name': 'smoke' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'smoke', image: 'dev.local/vigia:one' }] },
      }
      await server.kubectl(['create', '-f', '-'], { input: JSON.stringify(pod) })
      const end = ['patch', 'pod', 'smoke-1', '--namespace=default', '--subresource=status', '--type=merge', '--patch']
      await server.kubectl([...end, '{"status":{"phase":"Succeeded"}}'])
      const answer = await verified
      expect(answer.code, `${answer.stdout}${answer.stderr}`).toBe(0)
    })

    test('without VERSION skaffold build fails and says that VERSION is not set', async () => {
      // With the cache Skaffold would ask the registry of the base image first.
      const answer = await run(['build', '--cache-artifacts=false', '--profile', 'onprem'])
      expect(answer.code).not.toBe(0)
      expect(`${answer.stdout}${answer.stderr}`).toContain('VERSION is not set; it is the tag of the image to push\n')
    })

    test('with VERSION the tag is exactly the version', async () => {
      const env = { VERSION: '1.4.2' }
      const answer = await run(['build', '--dry-run', '--quiet', '--output', '{{json .}}', '--profile', 'onprem'], env)
      expect(answer.code, answer.stderr).toBe(0)
      expect(JSON.parse(answer.stdout).builds).toEqual([
        { imageName: 'registry.vigia.lan:5000/vigia', tag: 'registry.vigia.lan:5000/vigia:1.4.2' },
      ])
    })
  })
})
