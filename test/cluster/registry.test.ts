import { createHash } from 'node:crypto'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '#test/support/manifests.ts'
import { until } from '#test/support/until.ts'
import { readInventory } from '../../infra/onprem/inventory.ts'
import { type Authority, authority } from './support/authority.ts'
import { type MachineRoom, openMachineRoom, whyNoMachineRoom } from './support/machine-room.ts'

const reason = await whyNoMachineRoom(['docker-registry', 'curl', 'openssl'], 'docker-registry iproute2 curl openssl')
if (reason !== undefined && process.env.VIGIA_MACHINE_ROOM === 'required') throw new Error(reason)
if (reason !== undefined) process.stderr.write(`skipped: ${reason}\n`)

const folder = join(root, 'infra/onprem')
const { registry, lan } = readInventory('inventory.yaml', await readFile(join(folder, 'inventory.yaml'), 'utf8'))
const url = `https://${registry.name}:${registry.port}`

describe.skipIf(reason !== undefined)(`the registry of the LAN${reason === undefined ? '' : ` (${reason})`}`, () => {
  let room: MachineRoom
  let own: Authority
  beforeAll(async () => {
    room = await openMachineRoom({
      machines: { keeper: registry.address, node: registry.address.replace(/\d+$/, '201') },
      prefix: Number(lan.subnet.split('/')[1]),
      own: ['/etc/docker', '/var/lib/docker-registry'],
    })
    own = await authority(room.home, 'lan-ca')
    const { certificate, key } = await own.signed('registry', [`DNS:${registry.name}`])
    const etc = room.folder('keeper', '/etc/docker')
    await room.run('keeper', ['mkdir', '/etc/docker/registry'])
    await copyFile(join(folder, 'registry/config.yml'), join(etc, 'registry/config.yml'))
    await copyFile(certificate, join(etc, 'registry/tls.crt'))
    await copyFile(key, join(etc, 'registry/tls.key'))
  })
  afterAll(() => room?.close())

  const start = async () => {
    const running = await room.start('keeper', ['docker-registry', 'serve', '/etc/docker/registry/config.yml'])
    await until(async () => (await curl(`${url}/v2/`)) === '{}', { what: 'the registry' })
    return running
  }
  /** What a node gets; the name leads to the address as its /etc/hosts says. */
  const curl = async (...options: string[]) => {
    const known = ['--cacert', own.certificate, '--resolve', `${registry.name}:${registry.port}:${registry.address}`]
    return (await room.run('node', ['curl', '-s', '-m', '10', ...known, ...options])).output
  }

  test('takes an image, and has it still after it has been started again', async () => {
    const running = await start()
    const config = '{"architecture":"amd64","os":"linux"}'
    const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`
    const type = 'application/vnd.oci.image.manifest.v1+json'
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
      layers: [],
    })
    const begun = await curl('-X', 'POST', '-D', '-', `${url}/v2/vigia/blobs/uploads/`)
    const place = /^location: (\S+)/im.exec(begun)![1]!
    expect(place.startsWith(`${url}/`)).toBe(true)
    const data = ['-X', 'PUT', '-o', '/dev/null', '-w', '%{http_code}', '--data-binary']
    const octets = ['-H', 'Content-Type: application/octet-stream']
    expect(await curl(...data, config, ...octets, `${place}&digest=${digest}`)).toBe('201')
    expect(await curl(...data, manifest, '-H', `Content-Type: ${type}`, `${url}/v2/vigia/manifests/1.4.2`)).toBe('201')

    await running.kill()
    await start()
    expect(await curl('-H', `Accept: ${type}`, `${url}/v2/vigia/manifests/1.4.2`)).toBe(manifest)
    expect(await curl(`${url}/v2/vigia/blobs/${digest}`)).toBe(config)
  })

  test('speaks TLS alone, to those who know its authority', async () => {
    const status = ['-o', '/dev/null', '-w', '%{http_code} %{errormsg}']
    const other = await authority(room.home, 'other-ca')
    expect(await curl(...status, '--cacert', other.certificate, `${url}/v2/`)).toMatch(/^000 SSL certificate problem/)
    expect(await curl(...status, `http://${registry.name}:${registry.port}/v2/`)).toMatch(/^400/)
    expect(await curl(...status, '--tls-max', '1.1', `${url}/v2/`)).toMatch(/^000/)
  })
})
