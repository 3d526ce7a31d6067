import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { registryIn } from '#test/delivery/support/registry.ts'
import { type Project, project } from '#test/delivery/support/release.ts'

describe('a release that is not possible is refused in one line, before anything is created', () => {
  let p: Project
  let clone: string
  let refs: Record<string, string>
  /** An address on which no server listens any more. */
  let closedAddress: string
  const good = () => ({ REGISTRY: `${p.registry.host}/team`, CHART_REPOSITORY: `http://${p.registry.host}` })
  beforeAll(async () => {
    p = await project()
    clone = await p.clone()
    refs = await p.remoteRefs()
    const gone = await registryIn(p.folder)
    closedAddress = gone.host
    await gone.stop()
  })
  afterAll(() => p.stop())

  test.each<[string, (env: Record<string, string>) => unknown, RegExp, (() => unknown)?]>([
    ['no REGISTRY', env => delete env.REGISTRY, /^REGISTRY is not set; infra\/delivery\/README/],
    ['no CHART_REPOSITORY', env => delete env.CHART_REPOSITORY, /^CHART_REPOSITORY is not set/],
    [
      'a registry with a scheme',
      env => Object.assign(env, { REGISTRY: 'https://registry.example.org' }),
      /^REGISTRY is https:\/\/registry\.example\.org; it must be host\[:port\]\[\/path\]/,
    ],
    [
      'an unreachable registry',
      env => Object.assign(env, { REGISTRY: `${closedAddress}/team` }),
      /^the registry 127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/,
    ],
    [
      'an unreachable chart repository',
      env => Object.assign(env, { CHART_REPOSITORY: `http://${closedAddress}` }),
      /^the chart repository http:\/\/127\.0\.0\.1:\d+ cannot be reached/,
    ],
    [
      'a chart repository of an unknown kind',
      env => Object.assign(env, { CHART_REPOSITORY: 'ftp://charts' }),
      /^CHART_REPOSITORY is ftp:\/\/charts; it must be oci.* or http in place of https/,
    ],
    [
      'a tool that is not installed',
      env => Object.assign(env, { RELEASE_TOOLS: 'cosign helmet' }),
      /^helmet: not found on PATH; install what is missing/,
    ],
    [
      'a dirty tree',
      () => writeFileSync(join(clone, 'stray.txt'), 'x'),
      /^the tree is dirty \(\?\? stray\.txt\); commit or discard the changes/,
      () => p.execute(clone, ['rm', 'stray.txt']),
    ],
    [
      'no remote',
      () => p.git(clone, 'remote', 'rename', 'origin', 'elsewhere'),
      /^this clone has no remote called origin/,
      () => p.git(clone, 'remote', 'rename', 'elsewhere', 'origin'),
    ],
    [
      'a remote that does not exist',
      () => p.git(clone, 'remote', 'set-url', 'origin', join(p.folder, 'nowhere.git')),
      /^origin cannot be read: fatal/,
      () => p.git(clone, 'remote', 'set-url', 'origin', p.origin),
    ],
    [
      'a branch that the remote does not have',
      env => Object.assign(env, { RELEASE_BRANCH: 'stable' }),
      /^origin cannot be read: .*stable/,
    ],
    [
      'commits that were not pushed',
      () => p.git(clone, 'commit', '--quiet', '--allow-empty', '-m', 'all: mine'),
      /^main on origin is at [0-9a-f]{12} and this checkout is at [0-9a-f]{12}; pull or push, then release again/,
      () => p.git(clone, 'reset', '--quiet', '--hard', 'origin/main'),
    ],
    [
      'a tag that exists in the clone only',
      () => p.git(clone, 'tag', '-a', 'v0.1.0', '-m', 'mine'),
      /^v0\.1\.0 is taken in this clone by [0-9a-f]{12} and is not on origin; delete it with git tag -d v0\.1\.0/,
      () => p.git(clone, 'tag', '-d', 'v0.1.0'),
    ],
    [
      'a tag on the remote that names another commit',
      async () => {
        const other = await p.clone()
        await p.git(other, 'commit', '--quiet', '--allow-empty', '-m', 'all: on a branch of its own')
        await p.git(other, 'tag', '-a', 'v0.1.0', '-m', 'another')
        await p.git(other, 'push', '--quiet', 'origin', 'v0.1.0')
      },
      /^v0\.1\.0 is taken on origin by [0-9a-f]{12}, a commit that this branch does not contain/,
      () => p.git(p.origin, 'tag', '-d', 'v0.1.0'),
    ],
    [
      'a tag on this commit that was made by hand',
      async () => {
        await p.git(clone, 'tag', '-a', 'v0.0.9', '-m', 'by hand')
        await p.git(clone, 'push', '--quiet', 'origin', 'v0.0.9')
      },
      /^v0\.0\.9 was made by hand and names no image/,
      async () => {
        await p.git(clone, 'tag', '-d', 'v0.0.9')
        await p.git(p.origin, 'tag', '-d', 'v0.0.9')
      },
    ],
    [
      'an image tag that names another image',
      async () => {
        const url = `http://${p.registry.host}/v2/team/vigia/manifests/0.1.0`
        await fetch(url, { method: 'PUT', body: '{"revision":"another"}' })
      },
      /^127\.0\.0\.1:\d+\/team\/vigia:0\.1\.0 is taken by the image sha256:/,
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
  ])('%s is refused before prepare.ts', async line => {
    expect(await p.execute(clone, line.split(' '))).toMatchObject({
      code: 1,
      stderr: 'no release was prepared here; run node infra/delivery/prepare.ts first\n',
    })
  })

  test('prepare.ts succeeds after the causes of the refusals are removed', async () => {
    expect(await p.remoteRefs()).toEqual(refs)
    expect(await p.execute(clone, ['node', 'infra/delivery/prepare.ts'], good())).toMatchObject({ code: 0 })
  })

  test('a step in the wrong order, a missing program and an unknown value each give an error of one line', async () => {
    const says = async (line: string, env: Record<string, string> = {}) =>
      (await p.execute(clone, line.split(' '), env)).stderr
    expect(await says('node infra/delivery/publish.ts')).toMatch(/^no image of [0-9a-f]{12} was built; run sh infra/)
    expect(await says('sh infra/delivery/sign.sh')).toMatch(/^no image of [0-9a-f]{40} was built; run sh infra/)
    for (const script of ['chart', 'announce', 'promote'])
      expect(await says(`sh infra/delivery/${script}.sh`), script).toBe(
        'v0.1.0 is not on origin; run node infra/delivery/publish.ts first\n',
      )
    expect(await says('sh infra/delivery/release-image.sh', { BUILDER: 'magic' })).toBe(
      'BUILDER is magic; it must be docker, buildah or skaffold\n',
    )
    expect((await p.execute(clone, ['sh', 'infra/delivery/release-image.sh'])).code).toBe(0)
    expect(await says('node infra/delivery/publish.ts')).toMatch(
      /^the image sha256:\w+ is not signed; run sh infra\/delivery\/sign\.sh/,
    )
    p.removeProgram('skaffold')
    p.removeProgram('cosign')
    expect(await says('sh infra/delivery/sign.sh')).toMatch(/^cosign not found on PATH/)
    await p.execute(clone, ['rm', '.build/release/image'])
    expect(await says('sh infra/delivery/release-image.sh', { BUILDER: 'skaffold' })).toBe(
      'skaffold not found on PATH; install it or set BUILDER\n',
    )
    expect(await p.remoteRefs()).toEqual(refs)
  })
})
