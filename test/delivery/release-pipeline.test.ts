import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { environmentsIn } from '#infra/delivery/environments.ts'
import { freshProject, type Project, type Step, tektonSteps, workflowSteps } from '#test/delivery/support/release.ts'

const steps = tektonSteps('release.yaml')
/** The steps of the release pipeline up to the named step, including it. `onwardsFrom` has the steps after it. */
const until = (name: string) => steps.slice(0, steps.findIndex(step => step.name === name) + 1)
const onwardsFrom = (name: string) => steps.slice(steps.findIndex(step => step.name === name) + 1)

/** Checks what must be true of every finished release, even if the release was interrupted. */
const expectOneRelease = async (p: Project, version: string, base: string) => {
  const refs = await p.remoteRefs()
  const { 'refs/heads/main': main, [`refs/tags/v${version}`]: commit, ...others } = refs
  expect(others).toEqual({})
  expect(main).toBe(commit)
  expect(await p.git(p.origin, 'log', '-1', '--format=%P %s', commit!)).toBe(`${base} chore: release ${version}`)
  const image = p.registry.imageWithTag('team/vigia', version)!
  expect(image.manifest).toMatchObject({ revision: commit, folder: commit, uncommitted: '' })
  const words = await p.git(p.origin, 'for-each-ref', '--format=%(contents)', `refs/tags/v${version}`)
  expect(words).toContain(`Image: ${p.registry.host}/team/vigia@${image.digest}`)
  expect(p.calls('cosign').map(call => call.at(-1))).toContain(`${p.registry.host}/team/vigia@${image.digest}`)
  expect(p.charts()).toEqual([`vigia-${version}.tgz`])
  return { commit: commit!, image }
}

/** Checks that there is no trace of a release: the remote has only `refs`, and the clone has no tag or commit of it. */
const expectNothing = async (p: Project, clone: string, refs: Record<string, string>) => {
  expect(await p.remoteRefs()).toEqual(refs)
  expect(await p.git(clone, 'tag', '--list')).toBe('')
  expect(await p.git(clone, 'log', '--all', '--format=%s', '--grep=chore: release')).toBe('')
}

describe('a release', () => {
  test('gives the commit, the tag, the image and the chart the same version, and writes it into every file', async () => {
    const p = await freshProject()
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
    // The checkout is still at the commit before the release, and has the tag.
    expect(await p.git(clone, 'rev-parse', 'HEAD', 'v0.1.0^{commit}')).toBe(`${base}\n${commit}`)
    expect(await p.git(clone, 'status', '--porcelain', '--', ':(exclude).jx')).toBe('')
  })

  test('is tested in the state that will be tagged: npm runs in the draft, not in the checkout', async () => {
    const p = await freshProject()
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

  test('leaves no tag and no commit if the tests, the build, the push of the image or the signature fails', async () => {
    const p = await freshProject()
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
    expect(p.registry.imageWithTag('team/vigia', '0.1.0')).toBeUndefined()
    expect(p.charts()).toEqual([])
  })

  test('interrupted at every step, and each time continued from another clone, publishes exactly one version', async () => {
    const p = await freshProject()
    const base = await p.commitOnMain('broker: replies are kept')
    const attempt = async (broken: string) => p.pipeline(await p.clone(base), steps, { STUB_BREAK: broken })
    for (const broken of ['npm test after', 'skaffold build after', 'cosign sign after'])
      expect((await attempt(broken)).failed, broken).toBeDefined()
    // In the next attempt the commit and the tag reach the remote, but the registry refuses the tag of the image.
    p.registry.state.refusesTags = true
    expect(await attempt('')).toMatchObject({
      failed: 'publish',
      stderr: expect.stringContaining('(500); run publish.ts again'),
    })
    expect(Object.keys(await p.remoteRefs())).toEqual(['refs/heads/main', 'refs/tags/v0.1.0'])
    expect(p.registry.imageWithTag('team/vigia', '0.1.0')).toBeUndefined()
    p.registry.state.refusesTags = false
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

  test('interrupted before the signature does not build again in the same clone', async () => {
    const p = await freshProject()
    const clone = await p.clone()
    const base = await p.git(clone, 'rev-parse', 'HEAD')
    expect(await p.pipeline(clone, steps, { STUB_BREAK: 'cosign sign before' })).toMatchObject({ failed: 'sign' })
    expect(await p.pipeline(clone, steps)).toMatchObject({ failed: undefined })
    expect(p.calls('skaffold')).toHaveLength(1)
    await expectOneRelease(p, '0.1.0', base)
  })

  test('is the same commit for every author and at any time', async () => {
    const p = await freshProject()
    const drafts = [
      {},
      { GIT_COMMITTER_DATE: '2001-02-03T04:05:06Z', GIT_AUTHOR_NAME: 'Somebody', TZ: 'Asia/Tokyo' },
    ].map(async env => {
      const clone = await p.clone()
      expect(await p.pipeline(clone, until('prepare'), env)).toMatchObject({ failed: undefined })
      return p.git(join(clone, '.build/release/source'), 'rev-parse', 'v0.1.0', 'HEAD')
    })
    const [mine, theirs] = await Promise.all(drafts)
    expect(theirs).toBe(mine)
  })

  test('changes nothing if it runs again, on its base commit or on the release commit', async () => {
    const p = await freshProject()
    const base = await p.commitOnMain('all: a change')
    await p.pipeline(await p.clone(), steps)
    const refs = await p.remoteRefs()
    for (const commit of [base, refs['refs/tags/v0.1.0']!])
      expect(await p.pipeline(await p.clone(commit), steps)).toMatchObject({ failed: undefined })
    expect(await p.remoteRefs()).toEqual(refs)
    await expectOneRelease(p, '0.1.0', base)
    expect(p.calls('skaffold')).toHaveLength(1)
  })

  test('of the next commit has the next version; there is no release if the pipeline itself made every commit since the last one', async () => {
    const p = await freshProject()
    await p.pipeline(await p.clone(), steps)
    await p.commitOnMain('chore: promote 0.1.0 to gke')
    const refs = await p.remoteRefs()
    expect(await p.pipeline(await p.clone(), steps)).toMatchObject({ failed: undefined })
    expect(await p.remoteRefs()).toEqual(refs)
    await p.commitOnMain('feat: a new feature')
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
    await p.commitOnMain('broker: one more change')
    expect(await number('origin/main')).toBe('0.2.1\n')
  })
})

describe('two releases at once', () => {
  test('of the same commit: one succeeds, and the other is refused and leaves no tag, commit or draft', async () => {
    const p = await freshProject()
    const base = await p.commitOnMain('all: a change that both releases contain')
    const clones = [await p.clone(), await p.clone()]
    const both = (some: Step[]) =>
      Promise.all(clones.map((clone, run) => p.pipeline(clone, some, { STUB_RUN: `${run}` })))
    for (const { failed, stderr } of await both(until('sign'))) expect(failed, stderr).toBeUndefined()
    const outcomes = await both([steps.find(({ name }) => name === 'publish')!])
    const loser = outcomes.findIndex(({ failed }) => failed)
    expect(outcomes.filter(({ failed }) => failed)).toHaveLength(1)
    expect(outcomes[loser]!.stderr).toBe(
      'another release published v0.1.0 while this one was built; this release is discarded\n',
    )
    expect(existsSync(join(clones[loser]!, '.build/release'))).toBe(false)
    expect(await p.git(clones[loser]!, 'tag', '--list')).toBe('')
    expect(await p.pipeline(clones[1 - loser]!, onwardsFrom('publish'))).toMatchObject({ failed: undefined })
    await expectOneRelease(p, '0.1.0', base)
  })

  test('of two commits: the release whose base is no longer main is refused and leaves no tag or commit', async () => {
    const p = await freshProject()
    const slow = await p.clone()
    expect(await p.pipeline(slow, until('sign'))).toMatchObject({ failed: undefined })
    const base = await p.commitOnMain('all: a change in the meantime')
    const { failed, stderr } = await p.pipeline(slow, onwardsFrom('sign'))
    expect([failed, stderr]).toEqual([
      'publish',
      'main moved on origin while v0.1.0 was built; this release is discarded, so release the new commit\n',
    ])
    expect(Object.keys(await p.remoteRefs())).toEqual(['refs/heads/main'])
    expect(await p.git(slow, 'tag', '--list')).toBe('')
    expect(await p.pipeline(await p.clone(), steps)).toMatchObject({ failed: undefined })
    await expectOneRelease(p, '0.1.0', base)
  })
})

describe('the release in GitHub', () => {
  test('makes the same artifacts, and also makes release notes on GitHub and a pull request for each environment', async () => {
    const p = await freshProject()
    const base = await p.commitOnMain('all: a change for GitHub')
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
    const released = refs['refs/tags/v0.1.0']
    expect(p.registry.imageWithTag('team/vigia', '0.1.0')!.manifest).toMatchObject({
      revision: released,
      folder: released,
    })
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
    // A second run creates nothing new: neither release notes nor a branch.
    expect(await p.pipeline(await p.clone(base), ours, env)).toMatchObject({ failed: undefined })
    expect(await p.remoteRefs()).toEqual({ ...refs, [branch]: promotion })
    expect(p.calls('gh').filter(call => call[2] === 'create' && call[1] === 'release')).toHaveLength(1)
  })

  test('an unknown environment is refused, and no other environment is changed', async () => {
    const p = await freshProject()
    const clone = await p.clone()
    await p.pipeline(clone, steps)
    const refs = await p.remoteRefs()
    const env = { PROMOTE: 'argocd', PROMOTE_ENVIRONMENTS: 'onprem moon' }
    expect(await p.execute(clone, ['sh', 'infra/delivery/promote.sh'], env)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^infra\/argocd\/applicationset\.yaml has no environment moon; its environments are: .+\n$/,
      ),
    })
    expect(await p.remoteRefs()).toEqual(refs)
  })
})
