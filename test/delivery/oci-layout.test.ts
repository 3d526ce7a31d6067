import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Image, layerOf, referenceOf, writeImages } from '#test/knative/images/oci-layout.ts'

/** An empty cache, and a tree with a program and a link. */
const emptyCache = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-oci-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const tree = join(folder, 'tree')
  await mkdir(join(tree, 'bin'), { recursive: true })
  await writeFile(join(tree, 'bin/program'), '#!/bin/sh\n', { mode: 0o755 })
  await symlink('program', join(tree, 'bin/link'))
  return { cache: join(folder, 'cache'), tree }
}

const imageWith = (name: string, layers: Image['layers']): Image => ({
  name,
  layers,
  entrypoint: ['/bin/program'],
  env: { VERSION: name },
  user: '65532:65532',
  ports: ['8080', '53/udp'],
})

/** Unpacks an archive. Returns the descriptors of its manifests and the content of its blobs by digest. */
const unpacked = async (archive: string) => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-oci-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  execFileSync('tar', ['-xf', archive, '-C', folder])
  const blob = (digest: string) => readFile(join(folder, 'blobs', digest.replace(':', '/')))
  const json = async (digest: string) => JSON.parse((await blob(digest)).toString())
  return { blob, json, index: JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) }
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

// The options of tar are those of GNU tar.
const isLinux = process.platform === 'linux'

test.skipIf(!isLinux)('an archive has two tags that share a layer, and every digest and size is right', async () => {
  const { cache, tree } = await emptyCache()
  const layer = await layerOf('key', async () => ({ tree }), cache)
  const names = ['dev.local/vigia:1.0.0', 'dev.local/vigia:1.0.1']
  const { index, blob, json } = await unpacked(
    await writeImages(
      names.map(name => imageWith(name, [layer])),
      cache,
    ),
  )
  const manifests = index.manifests as { digest: string; size: number; annotations: Record<string, string> }[]
  expect(manifests.map(({ annotations }) => annotations['io.containerd.image.name'])).toEqual(names)
  expect(manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.name'])).toEqual([
    '1.0.0',
    '1.0.1',
  ])
  for (const [at, { digest, size }] of manifests.entries()) {
    const manifest = await json(digest)
    for (const part of [{ digest, size }, manifest.config, ...manifest.layers]) {
      const bytes = await blob(part.digest)
      expect({ digest: digestOf(bytes), size: bytes.length }).toEqual({ digest: part.digest, size: part.size })
    }
    expect(manifest.layers.map(({ digest }: { digest: string }) => digest)).toEqual([layer.digest])
    const { config, rootfs } = await json(manifest.config.digest)
    expect(rootfs.diff_ids).toEqual([layer.digest])
    expect(config).toMatchObject({ User: '65532:65532', Entrypoint: ['/bin/program'] })
    expect(config.Env).toContain(`VERSION=${names[at]}`)
    expect(Object.keys(config.ExposedPorts)).toEqual(['8080/tcp', '53/udp'])
  }
  const [manifest] = manifests
  const [{ digest }] = (await json(manifest!.digest)).layers
  const files = execFileSync('tar', ['-t'], { input: await blob(digest), encoding: 'utf8' })
  expect(files.trim().split('\n')).toEqual(['./', './bin/', './bin/link', './bin/program'])
})

test.skipIf(!isLinux)('a layer is built once for a key, and the same files are the same layer', async () => {
  const { cache, tree } = await emptyCache()
  let builds = 0
  const build = async () => {
    builds += 1
    return { tree }
  }
  const first = await layerOf('a', build, cache)
  expect(await layerOf('a', build, cache)).toEqual(first)
  expect(builds).toBe(1)
  expect(await layerOf('b', build, cache)).toEqual(first)
  const archive = await writeImages([imageWith('x', [first])], cache)
  expect(await writeImages([imageWith('x', [first])], cache)).toBe(archive)
  await writeFile(join(tree, 'bin/program'), '#!/bin/sh -e\n')
  expect((await layerOf('c', build, cache)).digest).not.toBe(first.digest)
})

test.each([
  ['postgres:18.4-bookworm', 'docker.io/library/postgres:18.4-bookworm'],
  ['knative/queue', 'docker.io/knative/queue:latest'],
  ['dev.local/vigia:0.1.0', 'dev.local/vigia:0.1.0'],
  ['localhost:5000/vigia', 'localhost:5000/vigia:latest'],
])('containerd knows the image %s as %s', (name, reference) => {
  expect(referenceOf(name)).toBe(reference)
})
