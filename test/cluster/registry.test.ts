import { createHash } from 'node:crypto'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readInventory } from '#infra/machines/inventory.ts'
import { root } from '#infra/repository.ts'
import { until } from '#test/support/until.ts'
import { type CertificateAuthority, certificateAuthority } from './support/certificate-authority.ts'
import { type NetnsLab, netnsLabSkipReason, openNetnsLab } from './support/netns-lab.ts'

const reason = await netnsLabSkipReason(['docker-registry', 'curl', 'openssl'], 'docker-registry iproute2 curl openssl')
if (reason !== undefined && process.env.VIGIA_MACHINE_ROOM === 'required') throw new Error(reason)
if (reason !== undefined) process.stderr.write(`skipped: ${reason}\n`)

const folder = join(root, 'infra/machines')
const { registry, lan } = readInventory('inventory.yaml', await readFile(join(folder, 'inventory.yaml'), 'utf8'))
// The bcrypt hash of "a-secret", as the command in infra/machines/README.md makes it.
const logins = 'builder:$2y$10$bqOhozvNPTs4MxqhLCs0G.i/ypau.WdRdwNrBbbh4Yd1NcvsFpB9S\n'
const login = ['-u', 'builder:a-secret']
const status = ['-o', '/dev/null', '-w', '%{http_code}']
const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const url = `https://${registry.name}:${registry.port}`

describe.skipIf(reason !== undefined)(`the registry of the LAN${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: NetnsLab
  let own: CertificateAuthority
  beforeAll(async () => {
    lab = await openNetnsLab({
      machines: { registry: registry.address, node: registry.address.replace(/\d+$/, '201') },
      prefix: Number(lan.subnet.split('/')[1]),
      privateFolders: ['/etc/docker', '/var/lib/docker-registry'],
    })
    own = await certificateAuthority(lab.home, 'lan-ca')
    const { certificate, key } = await own.signed('registry', [`DNS:${registry.name}`])
    const etc = lab.folder('registry', '/etc/docker')
    await lab.run('registry', ['mkdir', '/etc/docker/registry'])
    await copyFile(join(folder, 'registry/config.yml'), join(etc, 'registry/config.yml'))
    await copyFile(certificate, join(etc, 'registry/tls.crt'))
    await copyFile(key, join(etc, 'registry/tls.key'))
    await writeFile(join(etc, 'registry/htpasswd'), logins)
  })
  afterAll(() => lab?.close())

  const start = async () => {
    const running = await lab.start('registry', ['docker-registry', 'serve', '/etc/docker/registry/config.yml'])
    await until(async () => (await curl(...login, `${url}/v2/`)) === '{}', { what: 'the registry' })
    return running
  }
  /** The response that a node gets. --resolve replaces the line in /etc/hosts. */
  const curl = async (...options: string[]) => {
    const known = ['--cacert', own.certificate, '--resolve', `${registry.name}:${registry.port}:${registry.address}`]
    return (await lab.run('node', ['curl', '-s', '-m', '10', ...known, ...options])).output
  }

  const type = 'application/vnd.oci.image.manifest.v1+json'
  /** Tries to push an image without layers. Returns the status of each request, and the contents that were sent. */
  const push = async (architecture: string, ...as: string[]) => {
    const config = JSON.stringify({ architecture, os: 'linux' })
    const digest = sha256(config)
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
      layers: [],
    })
    const begun = await curl(...as, '-X', 'POST', '-D', '-', `${url}/v2/vigia/blobs/uploads/`)
    const place = /^location: (\S+)/im.exec(begun)?.[1] ?? `${url}/v2/vigia/blobs/uploads/none?`
    expect(place.startsWith(`${url}/`)).toBe(true)
    const put = (what: string, kind: string, where: string) =>
      curl(...as, ...status, '-X', 'PUT', '--data-binary', what, '-H', `Content-Type: ${kind}`, where)
    const answers = [
      /^HTTP\/\S+ (\d+)/.exec(begun)![1]!,
      await put(config, 'application/octet-stream', `${place}&digest=${digest}`),
      await put(manifest, type, `${url}/v2/vigia/manifests/1.4.2`),
    ]
    return { answers, config, digest, manifest }
  }
  const pulled = (...as: string[]) => curl(...as, '-H', `Accept: ${type}`, `${url}/v2/vigia/manifests/1.4.2`)

  test('keeps a pushed image, also after a restart', async () => {
    const running = await start()
    const { answers, config, digest, manifest } = await push('amd64', ...login)
    expect(answers).toEqual(['202', '201', '201'])

    await running.kill()
    await start()
    expect(await pulled(...login)).toBe(manifest)
    expect(await curl(...login, `${url}/v2/vigia/blobs/${digest}`)).toBe(config)
  })

  test('without a login no client can replace, read or delete a release', async () => {
    const { manifest } = await push('arm64', ...login)
    for (const as of [[], ['-u', 'builder:guessed'], ['-u', 'nobody:a-secret']]) {
      expect((await push('riscv64', ...as)).answers).toEqual(['401', '401', '401'])
      expect(await pulled(...as, ...status)).toBe('401')
      const deleted = await curl(...as, ...status, '-X', 'DELETE', `${url}/v2/vigia/manifests/${sha256(manifest)}`)
      expect(deleted).toBe('401')
    }
    expect(await pulled(...login)).toBe(manifest)
  })

  test('accepts only TLS 1.2 or newer, and clients trust its certificate only if they trust the CA of the LAN', async () => {
    const failure = ['-o', '/dev/null', '-w', '%{http_code} %{errormsg}']
    const other = await certificateAuthority(lab.home, 'other-ca')
    expect(await curl(...failure, '--cacert', other.certificate, `${url}/v2/`)).toMatch(/^000 SSL certificate problem/)
    expect(await curl(...failure, `http://${registry.name}:${registry.port}/v2/`)).toMatch(/^400/)
    expect(await curl(...failure, '--tls-max', '1.1', `${url}/v2/`)).toMatch(/^000/)
  })
})
