import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { kubeTool } from '#infra/delivery/kube-tools.ts'
import { onPath } from '#infra/delivery/on-path.ts'
import { checkRegistry, digestOf, tagImage } from '#infra/delivery/registry.ts'
import { freePort } from '#infra/net/free-port.ts'
import { project, tektonSteps } from '#test/delivery/support/release.ts'
import { until } from '#test/support/until.ts'

const helm = await kubeTool('helm')
const reason = onPath('docker-registry') && helm ? undefined : 'skipped: no docker-registry on PATH, or no helm'

// The bcrypt hash of "a-secret". The registry accepts only bcrypt.
const account = 'ci:$2b$04$znwpjCKJRzoRqhIAIyhqoOXusrh0Zt//H6S8aGuEE54OeWdpoaaXW\n'
const login = Buffer.from('ci:a-secret').toString('base64')

describe.skipIf(reason)(`a release and a real registry with a login${reason ? ` (${reason})` : ''}`, () => {
  let folder: string
  let host: string
  let registry: ChildProcess
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vigia-registry-'))
    host = `127.0.0.1:${await freePort()}`
    await writeFile(join(folder, 'accounts'), account)
    const settings = {
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: { addr: host },
      auth: { htpasswd: { realm: 'vigia', path: join(folder, 'accounts') } },
    }
    await writeFile(join(folder, 'config.yml'), JSON.stringify(settings))
    await mkdir(join(folder, 'docker'))
    await writeFile(join(folder, 'docker/config.json'), JSON.stringify({ auths: { [host]: { auth: login } } }))
    registry = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
    await until(
      () =>
        checkRegistry(host).then(
          () => true,
          () => false,
        ),
      { what: 'the registry' },
    )
  })
  afterAll(async () => {
    if (registry?.exitCode === null) {
      const ended = new Promise(done => registry.once('exit', done))
      registry.kill()
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  })

  /** Pushes an image without layers, with the requests of a builder. */
  const push = async (name: string, tag: string, revision: string): Promise<string> => {
    const authorization = `Basic ${login}`
    const config = JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Labels: { revision } } })
    const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`
    const begun = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization },
    })
    await fetch(`${begun.headers.get('location')}&digest=${digest}`, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/octet-stream' },
      body: config,
    })
    const type = 'application/vnd.oci.image.manifest.v1+json'
    const configDescriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length }
    const answer = await fetch(`http://${host}/v2/${name}/manifests/${tag}`, {
      method: 'PUT',
      headers: { authorization, 'content-type': type },
      body: JSON.stringify({ schemaVersion: 2, mediaType: type, config: configDescriptor, layers: [] }),
    })
    expect(answer.status).toBe(201)
    return answer.headers.get('docker-content-digest')!
  }

  test('a built image gets its version as a tag, and the tag never moves to another image', async () => {
    vi.stubEnv('DOCKER_CONFIG', join(folder, 'docker'))
    try {
      const image = `${host}/team/vigia`
      const [first, second] = [
        await push('team/vigia', 'candidate-a', 'a'),
        await push('team/vigia', 'candidate-b', 'b'),
      ]
      expect(await digestOf(image, '1.4.2')).toBeUndefined()
      await tagImage(image, first, '1.4.2')
      await tagImage(image, first, '1.4.2')
      expect(await digestOf(image, '1.4.2')).toBe(first)
      await expect(tagImage(image, second, '1.4.2')).rejects.toThrow(/a released tag must not move/)
      expect(await digestOf(image, '1.4.2')).toBe(first)
      vi.stubEnv('DOCKER_CONFIG', folder)
      await expect(tagImage(image, first, '1.4.3')).rejects.toThrow(/\(401\)/)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('the real Helm pushes the chart of the release only once', async () => {
    const p = await project('deployed')
    try {
      const steps = tektonSteps('release.yaml')
      const clone = await p.clone()
      const outcome = await p.pipeline(clone, steps.slice(0, steps.findIndex(({ name }) => name === 'publish') + 1))
      expect(outcome, outcome.stderr).toMatchObject({ failed: undefined })
      const settings = join(clone, '.build/release/release.env')
      const text = await readFile(settings, 'utf8')
      await writeFile(settings, text.replace(/^CHART_REPOSITORY=.*/m, `CHART_REPOSITORY='oci://${host}/charts'`))
      const env = {
        PATH: [dirname(helm!), process.env.PATH].join(delimiter),
        DOCKER_CONFIG: join(folder, 'docker'),
        HELM_REGISTRY_CONFIG: join(folder, 'docker/config.json'),
      }
      const once = await p.execute(clone, ['sh', 'infra/delivery/chart.sh'], env)
      expect(once.code, once.stderr).toBe(0)
      expect(await p.execute(clone, ['sh', 'infra/delivery/chart.sh'], env)).toMatchObject({
        code: 0,
        stdout: 'vigia-0.1.0.tgz is already in the chart repository\n',
      })
      const shown = await p.execute(
        clone,
        ['helm', 'show', 'values', `oci://${host}/charts/vigia`, '--version', '0.1.0', '--plain-http'],
        env,
      )
      expect(shown.stdout).toContain('tag: 0.1.0\n')
      expect(shown.stdout).toContain('revision: v0.1.0\n')
    } finally {
      await p.stop()
    }
  })
})
