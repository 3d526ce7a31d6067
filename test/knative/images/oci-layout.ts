import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { link, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'

const run = promisify(execFile)

/** The layers and archives that were written before. Files that were not used for a week are removed. */
export const imageCache = join(root, '.build/knative/images')

/** A layer of images: an uncompressed tar archive. */
export interface Layer {
  /** `sha256:…`. It is the digest of the blob and also its diff id, because the blob is not compressed. */
  digest: string
  bytes: number
}

export interface Image {
  /** As in a pod: `postgres:18.4-bookworm`, `dev.local/vigia:0.1.0`. */
  name: string
  /** From the lowest to the highest. */
  layers: readonly Layer[]
  entrypoint: readonly string[]
  env?: Readonly<Record<string, string>>
  /** `uid:gid`. */
  user?: string | undefined
  workdir?: string
  /** `8080` or `53/udp`. */
  ports?: readonly string[]
  labels?: Readonly<Record<string, string>>
  stopSignal?: string | undefined
}

/** The files of a layer: a folder, or these paths in it. */
export interface Files {
  tree: string
  paths?: readonly string[]
}

/**
 * The layer with the files that `build` returns. Owners and modes are those on the disk; times are zero. `build` gets a
 * temporary folder to work in. It is not called if the cache has a layer for `key`, which must change whenever the
 * files change.
 */
export const layerOf = async (
  key: string,
  build: (folder: string) => Promise<Files>,
  cache = imageCache,
): Promise<Layer> => {
  await mkdir(join(cache, 'layers'), { recursive: true })
  await mkdir(blobsIn(cache), { recursive: true })
  const record = join(cache, 'layers', createHash('sha256').update(key).digest('hex'))
  const known = await readLayer(record, cache)
  if (known) return known
  const draft = await mkdtemp(join(cache, 'draft-'))
  try {
    const file = join(draft, 'layer')
    const layer = await writeTar(file, await build(draft))
    await rename(file, blob(cache, layer.digest))
    await writeFile(join(draft, 'record'), JSON.stringify(layer))
    await rename(join(draft, 'record'), record)
    return layer
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

const readLayer = async (record: string, cache: string): Promise<Layer | undefined> => {
  if (!existsSync(record)) return undefined
  const layer = JSON.parse(await readFile(record, 'utf8')) as Layer
  if (!existsSync(blob(cache, layer.digest))) return undefined
  await touch(record, blob(cache, layer.digest))
  return layer
}

const blobsIn = (cache: string) => join(cache, 'blobs/sha256')
const blob = (cache: string, digest: string) => join(blobsIn(cache), digest.slice('sha256:'.length))

const touch = async (...files: string[]) => {
  const now = new Date()
  for (const file of files) await utimes(file, now, now)
}

const writeTar = async (file: string, { tree, paths = ['.'] }: Files): Promise<Layer> => {
  const options = ['--format=gnu', '--sort=name', '--mtime=@0', '--numeric-owner', '--hard-dereference']
  const tar = spawn('tar', ['--create', ...options, `--directory=${tree}`, '--', ...paths], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let error = ''
  tar.stderr.on('data', text => {
    error += text
  })
  const ended = new Promise<number | null>((resolve, reject) => tar.once('error', reject).once('close', resolve))
  const hash = createHash('sha256')
  let bytes = 0
  const counted = new PassThrough().on('data', (part: Buffer) => {
    hash.update(part)
    bytes += part.length
  })
  const [code] = await Promise.all([ended, pipeline(tar.stdout, counted, createWriteStream(file))])
  if (code !== 0) throw new Error(`tar could not archive ${tree}: ${error.trim()}`)
  return { digest: `sha256:${hash.digest('hex')}`, bytes }
}

/**
 * Writes an archive of an OCI image layout that `ctr --namespace k8s.io images import` accepts, and returns its path. A
 * layer that several images share is in the archive once. If the cache has the same archive, nothing is written.
 */
export const writeImages = async (images: readonly Image[], cache = imageCache): Promise<string> => {
  await removeUnused(cache)
  const texts = new Map<string, string>()
  const add = (text: string) => {
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
    texts.set(digest, text)
    return { digest, size: Buffer.byteLength(text) }
  }
  const manifests = images.map(image => {
    const config = add(JSON.stringify(configOf(image)))
    const manifest = add(JSON.stringify(manifestOf(image, config)))
    const name = referenceOf(image.name)
    const annotations = {
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
    }
    return { mediaType: mediaTypes.manifest, ...manifest, platform, annotations }
  })
  const index = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests })
  const id = createHash('sha256').update(index).digest('hex').slice(0, 16)
  const label = images.length === 1 ? `${images[0]!.name.replaceAll(/[/:]/g, '-')}-` : ''
  const archive = join(cache, `${label}${id}.tar`)
  if (existsSync(archive)) {
    await touch(archive)
    return archive
  }
  const draft = await mkdtemp(join(cache, 'draft-'))
  try {
    const blobs = blobsIn(draft)
    await mkdir(blobs, { recursive: true })
    await writeFile(join(draft, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    await writeFile(join(draft, 'index.json'), index)
    for (const [digest, text] of texts) await writeFile(blob(draft, digest), text)
    for (const digest of new Set(images.flatMap(({ layers }) => layers.map(layer => layer.digest))))
      await link(blob(cache, digest), blob(draft, digest))
    await run('tar', ['--create', `--file=${draft}.tar`, `--directory=${draft}`, 'oci-layout', 'index.json', 'blobs'])
    await rename(`${draft}.tar`, archive)
    return archive
  } finally {
    await rm(draft, { recursive: true, force: true })
    await rm(`${draft}.tar`, { force: true })
  }
}

const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
}

const platform = { architecture: 'amd64', os: 'linux' }

/**
 * The full name that containerd uses: `postgres:18` is `docker.io/library/postgres:18`. The default tag is `latest`.
 */
export const referenceOf = (name: string): string => {
  const [first = '', ...rest] = name.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const full = isHost ? name : `docker.io/${rest.length > 0 ? '' : 'library/'}${name}`
  return /:[^/]+$/.test(full) ? full : `${full}:latest`
}

const configOf = ({ layers, entrypoint, env = {}, user, workdir = '/', ports = [], labels, stopSignal }: Image) => ({
  ...platform,
  created: '1970-01-01T00:00:00Z',
  config: {
    User: user,
    Env: Object.entries({ PATH: defaultPath, ...env }).map(([name, value]) => `${name}=${value}`),
    Entrypoint: entrypoint,
    WorkingDir: workdir,
    ExposedPorts: Object.fromEntries(ports.map(port => [port.includes('/') ? port : `${port}/tcp`, {}])),
    Labels: labels,
    StopSignal: stopSignal,
  },
  rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
})

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const manifestOf = ({ layers }: Image, config: { digest: string; size: number }) => ({
  schemaVersion: 2,
  mediaType: mediaTypes.manifest,
  config: { mediaType: mediaTypes.config, ...config },
  layers: layers.map(({ digest, bytes }) => ({ mediaType: mediaTypes.layer, digest, size: bytes })),
})

const weekMs = 7 * 24 * 60 * 60 * 1_000

const removeUnused = async (cache: string) => {
  await mkdir(cache, { recursive: true })
  for (const folder of [cache, join(cache, 'layers'), blobsIn(cache)])
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name)
      // Another process may remove the same file at the same time.
      const found = await lstat(path).catch(() => undefined)
      const isOld = found && Date.now() - found.mtimeMs > weekMs
      if (isOld && (found.isFile() || name.startsWith('draft-'))) await rm(path, { recursive: true, force: true })
    }
}
