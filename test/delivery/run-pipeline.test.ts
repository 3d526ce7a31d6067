import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { kubeTool } from '#infra/delivery/kube-tools.ts'
import { type Project, project } from '#test/delivery/support/release.ts'

const kubectl = await kubeTool('kubectl')

describe.skipIf(!kubectl)(`the pipeline for a LAN${kubectl ? '' : ' (skipped: no kubectl for this platform)'}`, () => {
  let p: Project
  let clone: string
  let head: string
  beforeAll(async () => {
    p = await project('deployed')
    clone = await p.clone()
    head = await p.git(clone, 'rev-parse', 'HEAD')
  })
  afterAll(() => p.stop())
  beforeEach(() => rmSync(join(p.folder, 'log'), { force: true }))

  const run = (args: string[], env: Record<string, string> = {}) =>
    p.execute(clone, ['bash', 'infra/delivery/run_pipeline.sh', ...args], { REGISTRY: p.registry.host, ...env })
  const applied = (): Manifest[] => parseAllDocuments(p.fileOfStub('applied.yaml')).map(document => document.toJS())
  const imagesIn = (text: string) => [...text.matchAll(/image: (\S+)/g)].map(([, image]) => image!)

  test('deploys the image that it has built, by digest, with the commit in its version', async () => {
    const { code, stdout, stderr } = await run([])
    expect([code, stderr]).toEqual([0, ''])
    const version = `0.1.0-${head.slice(0, 12)}`
    const image = p.registry.imageWithTag('vigia', version)!
    expect(image.manifest).toMatchObject({ revision: head, folder: head, uncommitted: '' })
    expect(stdout.trim().split('\n').at(-1)).toBe(`onprem runs ${version}: ${p.registry.host}/vigia@${image.digest}`)
    const ours = imagesIn(p.fileOfStub('applied.yaml')).filter(name => /\/vigia[:@]/.test(name))
    expect(ours.length).toBeGreaterThan(8)
    expect(new Set(ours)).toEqual(new Set([`${p.registry.host}/vigia@${image.digest}`]))
    const services = applied().filter(({ apiVersion }) => apiVersion.startsWith('serving.knative.dev'))
    for (const { metadata, spec } of services.filter(({ kind }) => kind === 'Service')) {
      expect(metadata.labels?.['app.kubernetes.io/version']).toBe(version)
      expect(spec.template.metadata.annotations['vigia.dev/revision']).toBe(head)
    }
    expect(applied().map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toContain(
      `Job migrate-${version.replaceAll('.', '-')}`,
    )
    const npm = p.calls('npm').map(call => call.slice(1).join(' '))
    expect(npm).toEqual(['ci --ignore-scripts', 'test'])
    const order = p.calls().map(([tool, verb]) => `${tool} ${verb}`)
    expect(order.indexOf('npm test')).toBeLessThan(order.indexOf('docker buildx'))
    expect(order.indexOf('docker buildx')).toBeLessThan(order.indexOf('kubectl apply'))
    expect(await p.git(clone, 'status', '--porcelain')).toBe('')
  })

  test('a released commit keeps the version of its release; with the name of a function, only that function is deployed', async () => {
    await p.git(clone, 'tag', '-a', 'v1.4.2', '-m', 'vigia 1.4.2')
    const { code, stderr } = await run(['uptime-prober'], { BUILDER: 'buildah', KUBE_CONTEXT: 'lan' })
    await p.git(clone, 'tag', '-d', 'v1.4.2')
    expect([code, stderr]).toEqual([0, ''])
    expect(p.registry.imageWithTag('vigia', '1.4.2')!.manifest.revision).toBe(head)
    const calls = p.calls('kubectl').filter(([, flag]) => flag === '--context')
    expect(calls.map(call => call.slice(1).join(' '))).toEqual([
      '--context lan version --request-timeout=10s',
      '--context lan apply --server-side --force-conflicts --filename - --selector app.kubernetes.io/name=uptime-prober',
      '--context lan --namespace vigia wait ksvc/uptime-prober --for=condition=Ready --timeout=300s',
    ])
  })

  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['an overlay that does not exist', ['--env', 'moon'], {}, /^run_pipeline\.sh: there is no overlay moon in infra/],
    ['an overlay without a name', ['--env'], {}, /^run_pipeline\.sh: --env needs the name of an overlay/],
    ['a function that does not exist', ['checker'], {}, /^run_pipeline\.sh: there is no function checker in knative/],
    ['an unknown option', ['--fast'], {}, /^run_pipeline\.sh: unknown option --fast/],
    ['no registry', [], { REGISTRY: '' }, /^run_pipeline\.sh: REGISTRY is not set/],
    [
      'a registry that does not answer',
      [],
      { REGISTRY: '127.0.0.1:9' },
      /^the registry 127\.0\.0\.1:9 cannot be reached/,
    ],
    ['a builder that is not installed', [], { BUILDER: 'kaniko' }, /^run_pipeline\.sh: kaniko not found on PATH/],
    ['no cluster', [], { STUB_BREAK: 'kubectl version before' }, /^run_pipeline\.sh: no cluster answers/],
    ['a missing file of a Secret', ['--env', 'minikube'], {}, /^run_pipeline\.sh: infra\/cluster\/minikube: .*\.env/],
  ])('%s is refused in one line, and nothing is built', async (_, args, env, words) => {
    const { code, stderr } = await run(args, env)
    expect(stderr).toMatch(words)
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1])
    expect(p.calls().filter(([tool, verb]) => tool === 'npm' || tool === 'docker' || verb === 'apply')).toEqual([])
  })

  test('a dirty tree is refused, and nothing is built after a failed test', async () => {
    writeFileSync(join(clone, 'stray.txt'), '')
    expect(await run([])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^run_pipeline\.sh: the tree is dirty/),
    })
    rmSync(join(clone, 'stray.txt'))
    expect((await run([], { STUB_BREAK: 'npm test before' })).code).toBe(1)
    expect(p.calls().filter(([tool, verb]) => tool === 'docker' || verb === 'apply')).toEqual([])
    expect(readdirSync(clone)).not.toContain('node_modules')
  })
})
