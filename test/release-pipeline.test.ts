import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { registryIn } from '#test/support/registry.ts'
import { type Project, project, type Step, tektonSteps, workflowSteps } from '#test/support/release.ts'
import { changelog } from '../infra/delivery/changelog.ts'
import { environmentsIn, withRevision } from '../infra/delivery/environments.ts'
import { nameImage } from '../infra/delivery/registry.ts'
import { newsAmong, nextVersion, versionIn } from '../infra/delivery/version.ts'

const steps = tektonSteps('release.yaml')
/** The steps up to and including one, and the ones after it. */
const until = (name: string) => steps.slice(0, steps.findIndex(step => step.name === name) + 1)
const onwardsFrom = (name: string) => steps.slice(steps.findIndex(step => step.name === name) + 1)

let open: Project[] = []
const fresh = async () => {
  const one = await project()
  open.push(one)
  return one
}
afterEach(async () => {
  await Promise.all(open.map(one => one.stop()))
  open = []
})

/** What holds of every finished release, whatever happened on the way to it. */
const expectOneRelease = async (p: Project, version: string, base: string) => {
  const refs = await p.remoteRefs()
  const { 'refs/heads/main': main, [`refs/tags/v${version}`]: commit, ...others } = refs
  expect(others).toEqual({})
  expect(main).toBe(commit)
  expect(await p.git(p.origin, 'log', '-1', '--format=%P %s', commit!)).toBe(`${base} chore: release ${version}`)
  const image = p.registry.named('team/vigia', version)!
  expect(image.manifest.revision).toBe(commit)
  const words = await p.git(p.origin, 'for-each-ref', '--format=%(contents)', `refs/tags/v${version}`)
  expect(words).toContain(`Image: ${p.registry.host}/team/vigia@${image.digest}`)
  expect(p.calls('cosign').map(call => call.at(-1))).toContain(`${p.registry.host}/team/vigia@${image.digest}`)
  expect(p.charts()).toEqual([`vigia-${version}.tgz`])
  return { commit: commit!, image }
}

/** Nothing anywhere tells of a release: not the remote, not the clone. */
const expectNothing = async (p: Project, clone: string, refs: Record<string, string>) => {
  expect(await p.remoteRefs()).toEqual(refs)
  expect(await p.git(clone, 'tag', '--list')).toBe('')
  expect(await p.git(clone, 'log', '--all', '--format=%s', '--grep=chore: release')).toBe('')
}

describe('a release', () => {
  test('names the commit, the tag, the image and the chart alike, and every file of the tag says so', async () => {
    const p = await fresh()
    const base = await p.commitOnMain('uptime-prober: slow sites are slow, not down')
    const clone = await p.clone()
    expect(await p.pipeline(clone, steps)).toMatchObject({ failed: undefined })
    const { commit } = await expectOneRelease(p, '0.1.0', base)
    const at = (path: string) => p.git(p.origin, 'show', `${commit}:${path}`)
    const component = await at('infra/cluster/version/kustomization.yaml')
    for (const line of ['newTag: 0.1.0', 'version: 0.1.0', 'value: migrate-0-1-0', 'vigia.dev/revision: v0.1.0'])
      expect(component).toContain(line)
    expect(await at('infra/charts/vigia/Chart.yaml')).toMatch(/^version: "?0\.1\.0"?$/m)
    expect(JSON.parse(await at('package-lock.json')).packages[''].version).toBe('0.1.0')
    expect(p.calls('jx').map(call => call.slice(1, 3))).toEqual([
      ['gitops', 'variables'],
      ['changelog', 'create'],
      ['promote', '--batch-mode'],
    ])
    expect(readFileSync(join(clone, '.build/release/changelog.md'), 'utf8')).toContain(
      '- uptime-prober: slow sites are slow, not down',
    )
    // The checkout is where it was, and knows the tag.
    expect(await p.git(clone, 'rev-parse', 'HEAD', 'v0.1.0^{commit}')).toBe(`${base}\n${commit}`)
    expect(await p.git(clone, 'status', '--porcelain', '--', ':(exclude).jx')).toBe('')
  })

  test('is tested as it will be tagged: npm runs in the draft, not in the checkout', async () => {
    const p = await fresh()
    const clone = await p.clone()
    const seen = { ...steps.find(step => step.name === 'test')! }
    seen.script = `${seen.script}\ngit log -1 --format=%s >"$HOME/tested"`
    await p.pipeline(clone, [...until('prepare'), seen])
    expect(readFileSync(join(p.folder, 'home/tested'), 'utf8')).toBe('chore: release 0.1.0\n')
    expect(p.calls('npm').map(call => call.slice(1).join(' '))).toEqual([
      'ci --ignore-scripts',
      'ci --ignore-scripts',
      'test',
      'run test:cluster',
    ])
  })

  test('leaves no tag and no commit when the tests, the build, the push of the image or the signature fails', async () => {
    const p = await fresh()
    const refs = await p.remoteRefs()
    for (const [broken, failed] of [
      ['npm test before', 'test'],
      ['skaffold build before', 'image'],
      ['skaffold build after', 'image'],
      ['cosign sign before', 'sign'],
    ] as const) {
      const clone = await p.clone()
      expect(await p.pipeline(clone, steps, { STUB_BREAK: broken })).toMatchObject({ failed })
      await expectNothing(p, clone, refs)
    }
    expect(p.registry.named('team/vigia', '0.1.0')).toBeUndefined()
    expect(p.charts()).toEqual([])
  })

  test('broken off at every place, each time finished a little further from another clone, is one version in the end', async () => {
    const p = await fresh()
    const base = await p.commitOnMain('broker: replies are kept')
    const attempt = async (broken: string) => p.pipeline(await p.clone(base), steps, { STUB_BREAK: broken })
    for (const broken of ['npm test after', 'skaffold build after', 'cosign sign after'])
      expect((await attempt(broken)).failed, broken).toBeDefined()
    // Commit and tag are on the remote, and the image has not got its name.
    p.registry.state.refusesNames = true
    expect(await attempt('')).toMatchObject({
      failed: 'publish',
      stderr: expect.stringContaining('(500); release again'),
    })
    expect(Object.keys(await p.remoteRefs())).toEqual(['refs/heads/main', 'refs/tags/v0.1.0'])
    expect(p.registry.named('team/vigia', '0.1.0')).toBeUndefined()
    p.registry.state.refusesNames = false
    const built = p.calls('skaffold').length
    for (const broken of [
      'helm package before',
      'helm package after',
      'curl --fail after',
      'jx changelog after',
      'jx promote before',
    ])
      expect((await attempt(broken)).failed, broken).toBeDefined()
    expect(await attempt('')).toMatchObject({ failed: undefined })
    await expectOneRelease(p, '0.1.0', base)
    expect(p.calls('skaffold')).toHaveLength(built)
  })

  test('broken off before it was signed builds no second time in the same clone', async () => {
    const p = await fresh()
    const clone = await p.clone()
    const base = await p.git(clone, 'rev-parse', 'HEAD')
    expect(await p.pipeline(clone, steps, { STUB_BREAK: 'cosign sign before' })).toMatchObject({ failed: 'sign' })
    expect(await p.pipeline(clone, steps)).toMatchObject({ failed: undefined })
    expect(p.calls('skaffold')).toHaveLength(1)
    await expectOneRelease(p, '0.1.0', base)
  })

  test('run once more, on its first commit or on its own, changes nothing', async () => {
    const p = await fresh()
    const base = await p.commitOnMain('all: done')
    await p.pipeline(await p.clone(), steps)
    const refs = await p.remoteRefs()
    for (const commit of [base, refs['refs/tags/v0.1.0']!])
      expect(await p.pipeline(await p.clone(commit), steps)).toMatchObject({ failed: undefined })
    expect(await p.remoteRefs()).toEqual(refs)
    await expectOneRelease(p, '0.1.0', base)
    expect(p.calls('skaffold')).toHaveLength(1)
  })

  test('of the next commit is the next version; a history of pipeline commits alone is none', async () => {
    const p = await fresh()
    await p.pipeline(await p.clone(), steps)
    await p.commitOnMain('chore: promote 0.1.0 to gke')
    const refs = await p.remoteRefs()
    expect(await p.pipeline(await p.clone(), steps)).toMatchObject({ failed: undefined })
    expect(await p.remoteRefs()).toEqual(refs)
    await p.commitOnMain('feat: a thing that was not there')
    expect(await p.pipeline(await p.clone(), steps)).toMatchObject({ failed: undefined })
    expect(Object.keys(await p.remoteRefs())).toContain('refs/tags/v0.2.0')
    const number = async (commit: string) => {
      const where = await p.clone(commit)
      return (await p.execute(where, ['node', 'infra/delivery/next-version.ts'])).stdout
    }
    expect([await number('v0.2.0'), await number('v0.2.0^'), await number('v0.1.0')]).toEqual([
      '0.2.0\n',
      '0.2.0\n',
      '0.1.0\n',
    ])
    await p.commitOnMain('broker: one more thing holds')
    expect(await number('origin/main')).toBe('0.2.1\n')
  })
})

describe('two releases at once', () => {
  test('of the same commit: one wins, the other says so and leaves nothing', async () => {
    const p = await fresh()
    const base = await p.commitOnMain('all: both saw this')
    const clones = [await p.clone(), await p.clone()]
    const both = (some: Step[]) =>
      Promise.all(clones.map((clone, run) => p.pipeline(clone, some, { STUB_RUN: `${run}` })))
    for (const { failed, stderr } of await both(until('sign'))) expect(failed, stderr).toBeUndefined()
    const outcomes = await both([steps.find(({ name }) => name === 'publish')!])
    const loser = outcomes.findIndex(({ failed }) => failed)
    expect(outcomes.filter(({ failed }) => failed)).toHaveLength(1)
    expect(outcomes[loser]!.stderr).toBe(
      'another release published v0.1.0 while this one was built: this one leaves nothing\n',
    )
    expect(existsSync(join(clones[loser]!, '.build/release'))).toBe(false)
    expect(await p.git(clones[loser]!, 'tag', '--list')).toBe('')
    expect(await p.pipeline(clones[1 - loser]!, onwardsFrom('publish'))).toMatchObject({ failed: undefined })
    await expectOneRelease(p, '0.1.0', base)
  })

  test('of two commits: who was built from what main no longer is says so and leaves nothing', async () => {
    const p = await fresh()
    const slow = await p.clone()
    expect(await p.pipeline(slow, until('sign'))).toMatchObject({ failed: undefined })
    const base = await p.commitOnMain('all: meanwhile')
    const { failed, stderr } = await p.pipeline(slow, onwardsFrom('sign'))
    expect([failed, stderr]).toEqual([
      'publish',
      'main moved on origin while v0.1.0 was built: this one leaves nothing; release what is there now\n',
    ])
    expect(Object.keys(await p.remoteRefs())).toEqual(['refs/heads/main'])
    expect(await p.git(slow, 'tag', '--list')).toBe('')
    expect(await p.pipeline(await p.clone(), steps)).toMatchObject({ failed: undefined })
    await expectOneRelease(p, '0.1.0', base)
  })
})

describe('what cannot be released is refused in one line, before anything is made', () => {
  let p: Project
  let clone: string
  let refs: Record<string, string>
  /** An address where somebody listened and nobody does any more. */
  let nobody: string
  const good = () => ({ REGISTRY: `${p.registry.host}/team`, CHART_REPOSITORY: `http://${p.registry.host}` })
  beforeAll(async () => {
    p = await project()
    clone = await p.clone()
    refs = await p.remoteRefs()
    const gone = await registryIn(p.folder)
    nobody = gone.host
    await gone.stop()
  })
  afterAll(() => p.stop())

  test.each<[string, (env: Record<string, string>) => unknown, RegExp, (() => unknown)?]>([
    ['no REGISTRY', env => delete env.REGISTRY, /^REGISTRY is not set; infra\/delivery\/README/],
    ['no CHART_REPOSITORY', env => delete env.CHART_REPOSITORY, /^CHART_REPOSITORY is not set/],
    [
      'a registry with a scheme',
      env => Object.assign(env, { REGISTRY: 'https://registry.example.org' }),
      /^REGISTRY is https:\/\/registry\.example\.org: it is host\[:port\]\[\/path\]/,
    ],
    [
      'a registry that is not there',
      env => Object.assign(env, { REGISTRY: `${nobody}/team` }),
      /^the registry 127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/,
    ],
    [
      'a chart repository that is not there',
      env => Object.assign(env, { CHART_REPOSITORY: `http://${nobody}` }),
      /^the chart repository http:\/\/127\.0\.0\.1:\d+ cannot be reached/,
    ],
    [
      'a chart repository of a kind nobody knows',
      env => Object.assign(env, { CHART_REPOSITORY: 'ftp://charts' }),
      /^CHART_REPOSITORY is ftp:\/\/charts: it is oci/,
    ],
    [
      'a tool that is not installed',
      env => Object.assign(env, { RELEASE_TOOLS: 'cosign helmet' }),
      /^helmet not found on PATH; install it/,
    ],
    [
      'a dirty tree',
      () => writeFileSync(join(clone, 'stray.txt'), 'x'),
      /^the tree is dirty \(\?\? stray\.txt\): commit it/,
      () => p.execute(clone, ['rm', 'stray.txt']),
    ],
    [
      'no remote',
      () => p.git(clone, 'remote', 'rename', 'origin', 'elsewhere'),
      /^there is no remote called origin/,
      () => p.git(clone, 'remote', 'rename', 'elsewhere', 'origin'),
    ],
    [
      'a remote that is not there',
      () => p.git(clone, 'remote', 'set-url', 'origin', join(p.folder, 'nowhere.git')),
      /^origin cannot be read: fatal/,
      () => p.git(clone, 'remote', 'set-url', 'origin', p.origin),
    ],
    [
      'a branch the remote has not',
      env => Object.assign(env, { RELEASE_BRANCH: 'stable' }),
      /^origin cannot be read: .*stable/,
    ],
    [
      'commits the remote has not seen',
      () => p.git(clone, 'commit', '--quiet', '--allow-empty', '-m', 'all: mine'),
      /^main on origin is at [0-9a-f]{12}, this checkout at [0-9a-f]{12}: bring them together/,
      () => p.git(clone, 'reset', '--quiet', '--hard', 'origin/main'),
    ],
    [
      'a tag that is taken here',
      () => p.git(clone, 'tag', '-a', 'v0.1.0', '-m', 'mine'),
      /^v0\.1\.0 is taken in this clone by [0-9a-f]{12} and is not on origin: git tag -d v0\.1\.0/,
      () => p.git(clone, 'tag', '-d', 'v0.1.0'),
    ],
    [
      'a tag that is taken on the remote',
      async () => {
        const other = await p.clone()
        await p.git(other, 'commit', '--quiet', '--allow-empty', '-m', 'all: on a branch of its own')
        await p.git(other, 'tag', '-a', 'v0.1.0', '-m', 'another')
        await p.git(other, 'push', '--quiet', 'origin', 'v0.1.0')
      },
      /^v0\.1\.0 is taken on origin by [0-9a-f]{12}, which this branch does not contain/,
      () => p.git(p.origin, 'tag', '-d', 'v0.1.0'),
    ],
    [
      'an image name that is taken',
      async () => {
        const url = `http://${p.registry.host}/v2/team/vigia/manifests/0.1.0`
        await fetch(url, { method: 'PUT', body: '{"revision":"another"}' })
      },
      /^127\.0\.0\.1:\d+\/team\/vigia:0\.1\.0 is taken by sha256:/,
      () => p.execute(p.folder, ['rm', '-r', 'registry/team']),
    ],
  ])('%s', async (_, spoil, words, mend) => {
    const env: Record<string, string> = good()
    await spoil(env)
    const before = { refs: await p.remoteRefs(), tags: await p.git(clone, 'tag') }
    const { code, stderr } = await p.execute(clone, ['node', 'infra/delivery/prepare.ts'], env)
    expect(stderr).toMatch(words)
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1])
    expect({ refs: await p.remoteRefs(), tags: await p.git(clone, 'tag') }).toEqual(before)
    expect(existsSync(join(clone, '.build')) ? await p.execute(clone, ['ls', '.build']) : { stdout: '' }).toMatchObject(
      {
        stdout: '',
      },
    )
    await mend?.()
  })

  test.each([
    'sh infra/delivery/release-image.sh',
    'sh infra/delivery/sign.sh',
    'node infra/delivery/publish.ts',
    'sh infra/delivery/chart.sh',
    'sh infra/delivery/announce.sh',
    'sh infra/delivery/promote.sh',
  ])('%s before there is a draft', async line => {
    expect(await p.execute(clone, line.split(' '))).toMatchObject({
      code: 1,
      stderr: 'no release was prepared here: node infra/delivery/prepare.ts comes first\n',
    })
  })

  test('what was mended is released: none of these left anything behind', async () => {
    expect(await p.remoteRefs()).toEqual(refs)
    expect(await p.execute(clone, ['node', 'infra/delivery/prepare.ts'], good())).toMatchObject({ code: 0 })
  })

  test('steps out of their order, a program that is missing, a word nobody knows', async () => {
    const says = async (line: string, env: Record<string, string> = {}) =>
      (await p.execute(clone, line.split(' '), env)).stderr
    expect(await says('node infra/delivery/publish.ts')).toMatch(/^no image of [0-9a-f]{12} was built: sh infra/)
    expect(await says('sh infra/delivery/sign.sh')).toMatch(/^no image of [0-9a-f]{40} was built: sh infra/)
    expect(await says('sh infra/delivery/chart.sh')).toBe(
      'v0.1.0 is not on origin: node infra/delivery/publish.ts comes first\n',
    )
    expect(await says('sh infra/delivery/release-image.sh', { BUILDER: 'magic' })).toBe(
      'BUILDER is magic: it is docker, buildah or skaffold\n',
    )
    expect(await says('sh infra/delivery/promote.sh', { PROMOTE: 'all' })).toBe(
      'PROMOTE is all: it is jx, argocd or none\n',
    )
    p.without('skaffold')
    expect(await says('sh infra/delivery/release-image.sh', { BUILDER: 'skaffold' })).toBe(
      'skaffold not found on PATH; install it or set BUILDER\n',
    )
    expect(await p.remoteRefs()).toEqual(refs)
  })
})

describe('the same release by GitHub', () => {
  test('makes the same things, notes on the server and a pull request for each environment', async () => {
    const p = await fresh()
    const base = await p.commitOnMain('all: for everybody')
    const clone = await p.clone()
    const { name: environment, revision } = environmentsIn(
      readFileSync(join(clone, 'infra/argocd/applicationset.yaml'), 'utf8'),
    )[0]!
    const env = {
      REGISTRY: `${p.registry.host}/team`,
      CHART_REPOSITORY: `oci://${p.registry.host}/charts`,
      PROMOTE: 'argocd',
      PROMOTE_ENVIRONMENTS: environment,
    }
    const ours = workflowSteps('release.yml', 'release')
    expect(await p.pipeline(clone, ours, env)).toMatchObject({ failed: undefined, stderr: '' })
    const branch = `refs/heads/promote-v0.1.0-${environment}`
    const { [branch]: promotion, ...refs } = await p.remoteRefs()
    expect(Object.keys(refs)).toEqual(['refs/heads/main', 'refs/tags/v0.1.0'])
    expect(p.registry.named('team/vigia', '0.1.0')!.manifest.revision).toBe(refs['refs/tags/v0.1.0'])
    expect(await p.git(p.origin, 'log', '-1', '--format=%P', refs['refs/heads/main']!)).toBe(base)
    expect(p.calls('gh').map(call => call.slice(1, 3).join(' '))).toEqual([
      'auth setup-git',
      'release view',
      'release create',
      'pr list',
      'pr create',
    ])
    const changed = await p.git(p.origin, 'diff', '--unified=0', refs['refs/heads/main']!, promotion!)
    expect(changed).toContain(revision)
    expect(changed.split('\n').filter(line => /^[+-][^+-]/.test(line))).toHaveLength(2)
    expect(changed).toMatch(/^\+.*v0\.1\.0/m)
    // Once more: nothing new, neither notes nor a second branch.
    expect(await p.pipeline(await p.clone(base), ours, env)).toMatchObject({ failed: undefined })
    expect(await p.remoteRefs()).toEqual({ ...refs, [branch]: promotion })
    expect(p.calls('gh').filter(call => call[2] === 'create' && call[1] === 'release')).toHaveLength(1)
  })

  test('an environment that nobody knows is refused, and none of the others is touched', async () => {
    const p = await fresh()
    const clone = await p.clone()
    await p.pipeline(clone, steps)
    const refs = await p.remoteRefs()
    const env = { PROMOTE: 'argocd', PROMOTE_ENVIRONMENTS: 'onprem moon' }
    expect(await p.execute(clone, ['sh', 'infra/delivery/promote.sh'], env)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^infra\/argocd\/applicationset\.yaml knows no environment moon \(it knows .+\)\n$/,
      ),
    })
    expect(await p.remoteRefs()).toEqual(refs)
  })
})

describe('a builder and a chart repository of choice', () => {
  test.each(['docker', 'buildah', 'skaffold'])(
    '%s is given version and revision, and its digest is kept',
    async builder => {
      const p = await fresh()
      const clone = await p.clone()
      const kept = join(p.folder, 'digest')
      const image = `${p.registry.host}/team/vigia:1.4.2-0123`
      const line = ['sh', 'infra/delivery/push-image.sh', clone, image, '1.4.2', '0123456789abcdef', kept]
      expect(await p.execute(clone, line, { BUILDER: builder })).toMatchObject({ code: 0 })
      const { digest, manifest } = p.registry.named('team/vigia', '1.4.2-0123')!
      expect(manifest.revision).toBe('0123456789abcdef')
      expect(readFileSync(kept, 'utf8')).toBe(`0123456789abcdef ${digest}\n`)
    },
  )

  test('the chart is pushed once to each kind of repository, and no password is an argument', async () => {
    const p = await fresh()
    const clone = await p.clone()
    await p.pipeline(clone, until('publish'))
    const settings = join(clone, '.build/release/release.env')
    const text = readFileSync(settings, 'utf8')
    const login = { CHART_USERNAME: 'ci', CHART_PASSWORD: 'a-secret' }
    for (const repository of [
      `oci://${p.registry.host}/charts`,
      `nexus+http://${p.registry.host}`,
      `http://${p.registry.host}`,
    ]) {
      writeFileSync(settings, text.replace(/^CHART_REPOSITORY=.*/m, `CHART_REPOSITORY='${repository}'`))
      const push = () => p.execute(clone, ['sh', 'infra/delivery/chart.sh'], login)
      expect(await push(), repository).toMatchObject({ code: 0 })
      expect(p.charts()).toEqual(['vigia-0.1.0.tgz'])
      expect(await push(), repository).toMatchObject({ code: 0, stdout: 'vigia-0.1.0.tgz is there already\n' })
      await p.execute(p.folder, ['rm', 'charts/vigia-0.1.0.tgz'])
    }
    expect(p.left('login')).toBe('user = "ci:a-secret"\n')
    expect(p.calls().flat().join(' ')).not.toContain('a-secret')
    const half = await p.execute(clone, ['sh', 'infra/delivery/chart.sh'], { CHART_USERNAME: 'ci' })
    expect(half).toMatchObject({
      code: 1,
      stderr: 'CHART_PASSWORD is not set and CHART_USERNAME is; set both or neither\n',
    })
  })
})

describe('a registry with a login', () => {
  test('takes a name from who has logged in, and from nobody else', async () => {
    const p = await fresh()
    const registry = await registryIn(join(p.folder, 'registry'), 'ci:a-secret')
    try {
      const image = `${registry.host}/team/vigia:candidate`
      await p.execute(await p.clone(), [
        'sh',
        'infra/delivery/push-image.sh',
        '.',
        image,
        '1.4.2',
        'abc',
        join(p.folder, 'digest'),
      ])
      const { digest } = registry.named('team/vigia', 'candidate')!
      const config = join(p.folder, 'home')
      vi.stubEnv('DOCKER_CONFIG', config)
      const named = () => nameImage(`${registry.host}/team/vigia`, digest, '1.4.2')
      await expect(named()).rejects.toThrow(/has no team\/vigia@sha256:\w+ \(401\)/)
      const auth = Buffer.from('ci:a-secret').toString('base64')
      writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }))
      await named()
      expect(registry.named('team/vigia', '1.4.2')!.digest).toBe(digest)
      // The same name again is no change; another image's is never moved.
      await named()
      await expect(nameImage(`${registry.host}/team/vigia`, `sha256:${'0'.repeat(64)}`, '1.4.2')).rejects.toThrow(
        /a released name never moves/,
      )
    } finally {
      vi.unstubAllEnvs()
      await registry.stop()
    }
  })
})

describe('a stamped checkout', () => {
  test('says its version in every place, and what is no version changes nothing', async () => {
    const p = await fresh()
    const clone = await p.clone()
    expect(await p.execute(clone, ['node', 'infra/delivery/stamp.ts', '1.4'])).toMatchObject({
      code: 1,
      stderr: '1.4 is no version such as 1.4.2\n',
    })
    expect(await p.git(clone, 'status', '--porcelain')).toBe('')
    await p.execute(clone, ['node', 'infra/delivery/stamp.ts', '1.4.2', '12345678901234567890e12345678901234567890'])
    const changed = await p.git(clone, 'diff', '--unified=0')
    expect(changed.split('\n').filter(line => /^-[^-]/.test(line)).length).toBe(11)
    expect(changed).toContain('vigia.dev/revision: "12345678901234567890e12345678901234567890"')
    // Every place that said the old version says the new one.
    const places = [
      'package.json',
      'infra/cluster/version',
      'infra/charts/vigia/Chart.yaml',
      'infra/charts/vigia/values.yaml',
    ]
    expect((await p.execute(clone, ['grep', '-rnE', '\\b0[.-]1[.-]0\\b', ...places])).stdout).toBe('')
  })

  test('with a place that is there twice, or gone, is refused whole', async () => {
    const p = await fresh()
    const clone = await p.clone()
    const file = join(clone, 'infra/cluster/version/kustomization.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('newTag:', 'newTagg:'))
    const before = await p.git(clone, 'diff')
    expect(await p.execute(clone, ['node', 'infra/delivery/stamp.ts', '1.4.2'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^infra\/cluster\/version\/kustomization\.yaml has 0 lines like .*newTag.*, not one/,
      ),
    })
    expect(await p.git(clone, 'diff')).toBe(before)
  })
})

describe('the number of a version', () => {
  test.each([
    ['the first release is what package.json declares', undefined, '0.1.0', ['all: anything'], '0.1.0'],
    ['what now holds is a patch', '1.4.1', '1.4.1', ['broker: keeps replies'], '1.4.2'],
    ['a feature is a minor', '1.4.1', '1.4.1', ['broker: keeps replies', 'feat(bot): a new word'], '1.5.0'],
    ['a break is a major', '1.4.1', '1.4.1', ['feat!: other words'], '2.0.0'],
    ['a break in a footer, too', '1.4.1', '1.4.1', ['bot: words\n\nBREAKING CHANGE: no old ones'], '2.0.0'],
    ['the same words inside a sentence are none', '1.4.1', '1.4.1', ['docs: what a BREAKING CHANGE: is'], '1.4.2'],
    ['before 1.0.0 a break is a minor', '0.4.1', '0.4.1', ['feat!: other words'], '0.5.0'],
    ['a person declares 1.0.0', '0.4.1', '1.0.0', ['all: we promise'], '1.0.0'],
    ['ten comes after nine', '1.9.9', '1.9.9', ['feat: more'], '1.10.0'],
  ])('%s', (_, last, declared, messages, next) => {
    expect(
      nextVersion(last === undefined ? undefined : versionIn(last), versionIn(declared)!, messages).join('.'),
    ).toBe(next)
  })

  test('what is no released version is none, and pipeline commits are no news', () => {
    expect(['1.4', 'v1.4.2-rc.1', '01.4.2', 'latest', '1.4.2.1'].map(versionIn)).toEqual(Array(5).fill(undefined))
    expect(newsAmong(['chore: release 1.4.2', 'chore: promote 1.4.2 to gke', 'chore: tidy'])).toEqual(['chore: tidy'])
  })

  test('a changelog has each commit once, breaks first', () => {
    const text = changelog('1.5.0', ['feat!: b', 'feat: a', 'broker: c\n\nwhy', 'chore: release 1.4.9'])
    expect(text).toBe(
      '# 1.5.0\n\n## Breaking\n\n- feat!: b\n\n## New\n\n- feat: a\n\n## What now holds\n\n- broker: c\n',
    )
  })

  test('another revision for an environment changes that word and nothing else', () => {
    const text = '# kept\nelements: [{env: a, revision: v1.0.0}, {env: b, revision: "v1.0.0"}] # too\n'
    expect(withRevision(text, 'b', 'v1.0.1')).toBe(text.replace('"v1.0.0"', 'v1.0.1'))
  })
})
