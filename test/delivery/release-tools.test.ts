import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { tagImage } from '#infra/delivery/registry.ts'
import { registryIn } from '#test/delivery/support/registry.ts'
import { freshProject, tektonSteps } from '#test/delivery/support/release.ts'

const steps = tektonSteps('release.yaml')
const untilPublished = steps.slice(0, steps.findIndex(({ name }) => name === 'publish') + 1)

describe('the supported builders and chart repositories', () => {
  test.each(['docker', 'buildah', 'skaffold'])(
    '%s gets version and revision, and the digest of its image is recorded',
    async builder => {
      const p = await freshProject()
      const clone = await p.clone()
      const kept = join(p.folder, 'digest')
      const image = `${p.registry.host}/team/vigia:1.4.2-0123`
      const line = ['sh', 'infra/delivery/push-image.sh', clone, image, '1.4.2', '0123456789abcdef', kept]
      expect(await p.execute(clone, line, { BUILDER: builder })).toMatchObject({ code: 0 })
      const { digest, manifest } = p.registry.imageWithTag('team/vigia', '1.4.2-0123')!
      expect(manifest.revision).toBe('0123456789abcdef')
      expect(readFileSync(kept, 'utf8')).toBe(`0123456789abcdef ${digest}\n`)
    },
  )

  test('the chart is pushed once to each kind of repository, and no password is an argument', async () => {
    const p = await freshProject()
    const clone = await p.clone()
    await p.pipeline(clone, untilPublished)
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
      expect(await push(), repository).toMatchObject({
        code: 0,
        stdout: 'vigia-0.1.0.tgz is already in the chart repository\n',
      })
      await p.execute(p.folder, ['rm', 'charts/vigia-0.1.0.tgz'])
    }
    expect(p.fileOfStub('login')).toBe('user = "ci:a-secret"\n')
    expect(p.calls().flat().join(' ')).not.toContain('a-secret')
    const word = { PROMOTE: 'all', ANNOUNCE: 'all' }
    expect((await p.execute(clone, ['sh', 'infra/delivery/promote.sh'], word)).stderr).toBe(
      'PROMOTE is all; it must be jx, argocd or none\n',
    )
    expect((await p.execute(clone, ['sh', 'infra/delivery/announce.sh'], word)).stderr).toBe(
      'ANNOUNCE is all; it must be github, jx or none\n',
    )
    const half = await p.execute(clone, ['sh', 'infra/delivery/chart.sh'], { CHART_USERNAME: 'ci' })
    expect(half).toMatchObject({
      code: 1,
      stderr: 'CHART_USERNAME is set, but CHART_PASSWORD is not; set both or neither\n',
    })
  })
})

describe('a registry that requires a login', () => {
  test('accepts a tag only from a client that has logged in', async () => {
    const p = await freshProject()
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
      const { digest } = registry.imageWithTag('team/vigia', 'candidate')!
      const config = join(p.folder, 'home')
      vi.stubEnv('DOCKER_CONFIG', config)
      const named = () => tagImage(`${registry.host}/team/vigia`, digest, '1.4.2')
      await expect(named()).rejects.toThrow(/has no team\/vigia@sha256:\w+ \(401\)/)
      const auth = Buffer.from('ci:a-secret').toString('base64')
      writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }))
      await named()
      expect(registry.imageWithTag('team/vigia', '1.4.2')!.digest).toBe(digest)
      // Giving an image the tag that it already has changes nothing. A tag is never moved to another image.
      await named()
      await expect(tagImage(`${registry.host}/team/vigia`, `sha256:${'0'.repeat(64)}`, '1.4.2')).rejects.toThrow(
        /a released tag must not move/,
      )
    } finally {
      vi.unstubAllEnvs()
      await registry.stop()
    }
  })
})

describe('a stamped checkout', () => {
  test('has its version in every place, and an invalid version changes nothing', async () => {
    const p = await freshProject()
    const clone = await p.clone()
    expect(await p.execute(clone, ['node', 'infra/delivery/stamp.ts', '1.4'])).toMatchObject({
      code: 1,
      stderr: '1.4 is not a version such as 1.4.2\n',
    })
    expect(await p.git(clone, 'status', '--porcelain')).toBe('')
    await p.execute(clone, ['node', 'infra/delivery/stamp.ts', '1.4.2', '12345678901234567890e12345678901234567890'])
    const changed = await p.git(clone, 'diff', '--unified=0')
    expect(changed.split('\n').filter(line => /^-[^-]/.test(line)).length).toBe(11)
    expect(changed).toContain('vigia.dev/revision: "12345678901234567890e12345678901234567890"')
    // None of these files has the old version any more.
    const places = [
      'package.json',
      'infra/cluster/version',
      'infra/charts/vigia/Chart.yaml',
      'infra/charts/vigia/values.yaml',
    ]
    expect((await p.execute(clone, ['grep', '-rnE', '\\b0[.-]1[.-]0\\b', ...places])).stdout).toBe('')
  })

  test('with a place that is missing is refused without changes', async () => {
    const p = await freshProject()
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
