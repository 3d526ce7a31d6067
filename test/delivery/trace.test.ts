import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environmentsIn, withRevision } from '#infra/delivery/environments.ts'
import { kubeTool } from '#infra/delivery/kube-tools.ts'
import { releaseReference } from '#infra/delivery/release-reference.ts'
import { type Project, project, tektonSteps } from '#test/delivery/support/release.ts'

const kubectl = await kubeTool('kubectl')
const sha = `sha256:${'0123456789abcdef'.repeat(4)}`

describe('references to a release', () => {
  test.each([
    ['v1.4.2', { version: '1.4.2' }],
    ['1.4.2', { version: '1.4.2' }],
    ['app.kubernetes.io/version=1.4.2', { version: '1.4.2' }],
    ['vigia-1.4.2.tgz', { version: '1.4.2' }],
    ['registry.vigia.lan:5000/vigia:1.4.2', { version: '1.4.2' }],
    [`registry.example.org/team/vigia:1.4.2@${sha}`, { version: '1.4.2', digest: sha }],
    [`vigia@${sha}`, { digest: sha }],
    ['dev.local/vigia:1.4.2-0f3c5a9b7d21', { commit: '0f3c5a9b7d21' }],
    ['app.kubernetes.io/version=1.4.2-0f3c5a9b7d21', { commit: '0f3c5a9b7d21' }],
    ['registry.example.org/vigia:candidate-0f3c5a9b7d21', { commit: '0f3c5a9b7d21' }],
  ])('%s', (text, expected) => expect(releaseReference(text)).toEqual(expected))

  test.each(['latest', 'vigia:latest', 'nginx:1.4.2', 'registry.example.org/nginx:1.4.2', 'vigia', '1.4', ''])(
    '%j is not a reference to a release',
    text => expect(() => releaseReference(text)).toThrow(/is not the name of a release; use v1\.4\.2/),
  )
})

describe.skipIf(!kubectl)(`trace${kubectl ? '' : ' (skipped: no kubectl for this platform)'}`, () => {
  let p: Project
  let clone: string
  let base: string
  let commit: string
  let image: string
  // biome-ignore lint/suspicious/noExplicitAny: the tests check the shape of what --json prints.
  let found: any
  beforeAll(async () => {
    p = await project('deployed')
    base = await p.commitOnMain('broker: replies are kept')
    clone = await p.clone()
    expect(await p.pipeline(clone, tektonSteps('release.yaml'))).toMatchObject({ failed: undefined })
    commit = await p.git(clone, 'rev-parse', 'v0.1.0^{commit}')
    image = `${p.registry.host}/team/vigia@${p.registry.imageWithTag('team/vigia', '0.1.0')!.digest}`
    // One environment runs the new release.
    const file = join(clone, 'infra/argocd/applicationset.yaml')
    const text = await p.git(clone, 'show', 'HEAD:infra/argocd/applicationset.yaml')
    writeFileSync(file, withRevision(text, environmentsIn(text)[0]!.name, 'v0.1.0'))
    await p.git(clone, 'commit', '--quiet', '-am', 'chore: promote 0.1.0')
    found = await traced('v0.1.0')
  })
  afterAll(() => p.stop())

  const trace = (...args: string[]) => p.execute(clone, ['node', 'infra/observability/trace/main.ts', ...args])
  const traced = async (...args: string[]) => JSON.parse((await trace(...args, '--json')).stdout)

  test('a tag leads to the commit, the image, the chart, the objects, the environments and the changelog', async () => {
    expect(found).toMatchObject({
      ...{ tag: 'v0.1.0', version: '0.1.0', commit, subject: 'chore: release 0.1.0', image },
      chart: { version: '0.1.0', appVersion: '0.1.0' },
      changelog: expect.stringContaining('- broker: replies are kept'),
    })
    expect(found.environments.map(({ runs }: { runs: boolean }) => runs)).toEqual([true, false])
    expect(found.objects.map(({ overlay }: { overlay: string }) => overlay)).toEqual(
      expect.arrayContaining(['gke', 'minikube', 'onprem']),
    )
    for (const { count, versioned, kinds } of found.objects) {
      expect(kinds['Knative Service']).toContain('uptime-prober')
      expect(kinds.Job).toEqual(['migrate-0-1-0'])
      expect(versioned).toBe(count)
      expect(Object.values<string[]>(kinds).flat()).toHaveLength(count)
    }
  })

  test('an image, its digest alone and a label lead to the same release', async () => {
    const digest = image.split('@')[1]!
    const names = [
      `${p.registry.host}/team/vigia:0.1.0@${digest}`,
      `vigia@${digest}`,
      'app.kubernetes.io/version=0.1.0',
    ]
    for (const name of names) expect(await traced(name), name).toEqual(found)
  })

  test('without --json the output is readable text', async () => {
    const { stdout } = await trace('v0.1.0')
    expect(stdout).toContain(`release      v0.1.0\ncommit       ${commit}  chore: release 0.1.0\n`)
    expect(stdout).toMatch(/^environments \w+: v0\.1\.0, this release; \w+: v0\.0\.1$/m)
    expect(stdout).toMatch(/^objects {6}onprem: (\d+), \1 of them have 0\.1\.0$/m)
    expect(stdout).toMatch(/^- broker: replies are kept$/m)
  })

  test.each(['0.1.0', 'candidate'])(
    'a build between two releases (%s) leads to its commit, and to no tag',
    async name => {
      const build = await traced(`registry.vigia.lan:5000/vigia:${name}-${base.slice(0, 12)}`)
      expect(build).toMatchObject({ commit: base, version: `${name}-${base.slice(0, 12)}`, environments: [] })
      expect(build.tag).toBeUndefined()
    },
  )

  test('with --context the objects of the release in the cluster are listed with their revision', async () => {
    const object = {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'uptime-prober', annotations: { 'vigia.dev/revision': 'v0.1.0' } },
    }
    writeFileSync(join(p.folder, 'charts/objects.json'), JSON.stringify({ items: [object] }))
    const { cluster } = await traced('v0.1.0', '--context', 'lan')
    expect(cluster).toEqual([{ kind: 'Knative Service', name: 'uptime-prober', revision: 'v0.1.0' }])
    expect(
      p
        .calls('kubectl')
        .find(call => call.includes('get'))!
        .join(' '),
    ).toMatch(
      /^kubectl --context lan get services\.serving\.knative\.dev,jobs\.batch .*app\.kubernetes\.io\/version=0\.1\.0/,
    )
  })

  test.each<[string, () => string[], RegExp]>([
    [
      'a tag that does not exist',
      () => ['v9.9.9'],
      /^there is no release v9\.9\.9 in this clone; run git fetch --tags/,
    ],
    [
      'a digest that was not published',
      () => [`vigia@${sha}`],
      /^no release in this clone was published as sha256:0123/,
    ],
    [
      'a digest that does not belong to the tag',
      () => [`vigia:0.1.0@${sha}`],
      /^vigia:0\.1\.0@sha256:\w+ is not the image of v0\.1\.0, which is 127/,
    ],
    [
      'a commit that does not exist',
      () => ['vigia:0.1.0-000000000000'],
      /names a commit that this clone does not have/,
    ],
    ['an image of another project', () => ['nginx:1.27.0'], /^nginx:1\.27\.0 is not the name of a release/],
    ['no argument', () => [], /^usage: npm run trace/],
    ['an unknown option', () => ['v0.1.0', '--fast'], /^Unknown option '--fast'.*usage: npm run trace/],
  ])('%s gives an error of one line', async (_, args, words) => {
    const { code, stdout, stderr } = await trace(...args())
    expect([code, stdout, stderr.trim().split('\n').length]).toEqual([1, '', 1])
    expect(stderr).toMatch(words)
  })
})
