import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { chmod, chown, copyFile, cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { build as esbuild } from 'esbuild'
import { root } from '#infra/repository.ts'
import { linkLibraries, postgresFolder } from '#local/databases/binaries.ts'
import { jongodb } from '#local/databases/mongo-programs.ts'
import { buildTree, copyLibraries } from '#test/cluster/support/image-tree.ts'
import { dockerIgnore, type Stage, stagesOf } from '#test/delivery/support/dockerfile.ts'
import { debianPackages } from './debian-packages.ts'
import { type Image, type Layer, layerOf } from './oci-layout.ts'

/** The uid and gid of the databases, and of RabbitMQ, in their official images. */
export const databaseUser = 999

/** The stages of Vigia's Dockerfile for a version. */
const stages = (version: string): Stage[] =>
  stagesOf(readFileSync(join(root, 'infra/delivery/Dockerfile'), 'utf8'), { VERSION: version, REVISION: version })

/**
 * Vigia's image as `dev.local/vigia:<version>`, once for each version. The images have the same layers, because the
 * version is only in their environment and labels.
 */
export const vigiaImages = async (versions: readonly string[]): Promise<Image[]> => {
  const inputs = ['events', 'functions', 'infra', 'knative/services', '.dockerignore', 'LICENSE']
  const key = hashOf(...['package.json', 'package-lock.json', 'tsconfig.json', ...inputs])
  const layers = [
    await nodeLayer(),
    await layerOf(`vigia ${recipe} ${key}`, async folder => {
      const all = stages('unreleased')
      return { tree: await buildTree(all.at(-1)!, all, folder), paths: ['vigia'] }
    }),
  ]
  return versions.map(version => {
    const { entrypoint, env, user, workdir, ports, labels, stopSignal } = stages(version).at(-1)!
    const name = `dev.local/vigia:${version}`
    return { name, layers, entrypoint, env, user, workdir, ports, labels, stopSignal }
  })
}

/** The base of Vigia's image: Node.js and its libraries in place of Debian. */
const nodeLayer = (): Promise<Layer> =>
  layerOf(`node ${recipe} ${process.version}`, async folder => {
    const all = stages('unreleased')
    const tree = await buildTree(all.find(({ name }) => name === 'base')!, all, folder)
    await writeFile(join(tree, 'etc/nsswitch.conf'), 'hosts: files dns\n')
    return { tree }
  })

/** `dev.local/hello:test`: the smallest function on functions-framework, bundled, for comparisons of cold starts. */
export const helloImage = async (): Promise<Image> => ({
  name: 'dev.local/hello:test',
  layers: [await nodeLayer(), await programLayer('hello', 'test/knative/images/hello.ts')],
  entrypoint: ['/usr/local/bin/node', '/hello.cjs'],
  env: { NODE_ENV: 'production' },
  user: '65532:65532',
  ports: ['8080'],
})

/** `dev.local/behaving:test`: a function whose behaviour a request chooses, for the comparison of the activators. */
export const behavingImage = async (): Promise<Image> => ({
  name: 'dev.local/behaving:test',
  layers: [
    await nodeLayer(),
    await programLayer('behaving', 'test/support/activator-conformance/behaving-function.ts'),
  ],
  entrypoint: ['/usr/local/bin/node', '/behaving.cjs'],
  user: '65532:65532',
  ports: ['8080'],
})

/** A layer with one file, `/<name>.cjs`: a program with all that it imports. */
const programLayer = (name: string, entry: string, inputs: readonly string[] = [entry]): Promise<Layer> =>
  layerOf(`${name} ${recipe} ${hashOf('package-lock.json', ...inputs)}`, async folder => {
    const tree = join(folder, 'tree')
    const options = { bundle: true, minify: true, platform: 'node', legalComments: 'none', logLevel: 'silent' } as const
    await esbuild({
      ...options,
      format: 'cjs',
      absWorkingDir: root,
      entryPoints: [entry],
      outfile: join(tree, `${name}.cjs`),
    })
    return { tree }
  })

/** A stand-in for the official image of PostgreSQL, with npm's build of the server and psql of Debian. */
export const postgresImage = async (): Promise<Image> => {
  const native = postgresFolder()
  const home = '/usr/lib/postgresql/18'
  const key = `${readFileSync(join(native, '../package.json'), 'utf8')} ${hashOf('test/knative/images/postgres')}`
  const layer = await layerOf(`postgres ${recipe} ${key}`, async folder => {
    const tree = join(folder, 'tree')
    const at = (path: string) => join(tree, path)
    const debian = await debianPackages(['busybox-static', 'libreadline8', 'libtinfo6', 'postgresql-client-15'])
    await linkLibraries(native)
    // The links between libraries are kept. Static libraries are only for compilers.
    await cp(native, at(home), {
      recursive: true,
      verbatimSymlinks: true,
      filter: path => !/\.a$|pkgconfig/.test(path),
    })
    for (const program of ['psql', 'pg_isready'])
      await copyFile(join(debian, 'usr/lib/postgresql/15/bin', program), at(`${home}/bin/${program}`))
    const debianLibraries = ['lib', 'usr/lib'].map(path => join(debian, path, 'x86_64-linux-gnu'))
    for (const name of ['libreadline.so.8', 'libtinfo.so.6'])
      await cp(join(debianLibraries.find(path => readdirSync(path).includes(name))!, name), at(`${home}/lib/${name}`), {
        dereference: true,
      })
    for (const program of ['postgres', 'psql'])
      await copyLibraries(at(`${home}/bin/${program}`), tree, at(`${home}/lib`))

    await mkdir(at('bin'))
    await copyFile(join(debian, 'bin/busybox'), at('bin/busybox'))
    for (const tool of ['cat', 'chmod', 'env', 'id', 'ls', 'mkdir', 'ps', 'rm', 'sh', 'sleep'])
      await symlink('busybox', at(`bin/${tool}`))
    await mkdir(at('etc'))
    await writeFile(at('etc/nsswitch.conf'), 'hosts: files dns\n')
    await writeFile(
      at('etc/passwd'),
      `root:x:0:0:root:/:/bin/sh\npostgres:x:${databaseUser}:${databaseUser}::/var/lib/postgresql:/bin/sh\n`,
    )
    await copyFile(join(import.meta.dirname, 'postgres/entrypoint.sh'), at('entrypoint.sh'))
    await chmod(at('entrypoint.sh'), 0o755)
    await ownFolders(tree, 'var/lib/postgresql', 'var/run/postgresql', 'tmp', 'docker-entrypoint-initdb.d')
    return { tree }
  })
  return {
    name: 'postgres:18.4-bookworm',
    layers: [layer],
    entrypoint: ['/entrypoint.sh'],
    env: {
      PATH: `/usr/local/bin:/bin:${home}/bin`,
      // Debian's psql is built for Debian's libpq; with this path it uses npm's libpq.
      LD_LIBRARY_PATH: `${home}/lib`,
      PGDATA: '/var/lib/postgresql/18/docker',
      PGHOST: '/var/run/postgresql',
    },
    user: `${databaseUser}:${databaseUser}`,
    ports: ['5432'],
    stopSignal: 'SIGINT',
  }
}

/** Makes these folders of a tree and gives them to `databaseUser`. */
export const ownFolders = async (tree: string, ...paths: string[]) => {
  for (const path of paths) {
    await mkdir(join(tree, path), { recursive: true })
    await chown(join(tree, path), databaseUser, databaseUser)
    await chmod(join(tree, path), path === 'tmp' ? 0o1777 : 0o755)
  }
}

/** A stand-in for the official image of MongoDB, with npm's in-memory server behind a proxy that checks passwords. */
export const mongoImage = async (): Promise<Image> => {
  const server = jongodb()
  if (server === null) throw new Error('@jongodb/memory-server-bin-linux-x64-gnu is not installed; run npm ci')
  const layer = await layerOf(`mongo ${recipe} ${stamp(server)}`, async folder => {
    const tree = join(folder, 'tree')
    await mkdir(join(tree, 'usr/local/bin'), { recursive: true })
    await copyFile(server, join(tree, 'usr/local/bin/jongodb'))
    await chmod(join(tree, 'usr/local/bin/jongodb'), 0o755)
    await copyLibraries(server, tree)
    await ownFolders(tree, 'data/db', 'docker-entrypoint-initdb.d')
    return { tree }
  })
  const inputs = ['test/knative/images/mongo', 'infra/local/databases/ask-mongo.ts']
  return {
    name: 'mongo:8.2.6',
    layers: [
      await nodeLayer(),
      layer,
      await programLayer('entrypoint', 'test/knative/images/mongo/entrypoint.ts', inputs),
    ],
    entrypoint: ['/usr/local/bin/node', '/entrypoint.cjs'],
    user: `${databaseUser}:${databaseUser}`,
    ports: ['27017'],
  }
}

/** An image with one static program of Go: `dev.local/gateway` has only the file `/gateway`. */
export const goImage = async (name: string, program: string): Promise<Image> => {
  const file = name.split('/').at(-1)!.replace(/:.*/, '')
  const layer = await layerOf(`go ${recipe} ${file} ${program} ${stamp(program)}`, async folder => {
    const tree = join(folder, 'tree')
    await mkdir(tree)
    await copyFile(program, join(tree, file))
    await chmod(join(tree, file), 0o755)
    return { tree, paths: [file] }
  })
  return { name, layers: [layer], entrypoint: [`/${file}`], user: '65532:65532' }
}

/** A large file is compared by its size and its time. */
const stamp = (file: string) => `${statSync(file).size} ${statSync(file).mtimeMs}`

/** The hash of these files and folders of the checkout, without what .dockerignore excludes from folders. */
const hashOf = (...paths: string[]): string => {
  const ignored = dockerIgnore(readFileSync(join(root, '.dockerignore'), 'utf8'))
  const hash = createHash('sha256')
  for (const path of paths) {
    const isFolder = statSync(join(root, path)).isDirectory()
    const entries = isFolder ? readdirSync(join(root, path), { recursive: true, withFileTypes: true }) : []
    const files = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    const inside = files.map(file => relative(root, file)).filter(file => path.startsWith('test/') || !ignored(file))
    for (const file of isFolder ? inside.toSorted() : [path])
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update('\0')
  }
  return hash.digest('hex')
}

/** The hash of the code that builds the layers, so that a change of it builds them again. */
export const recipe = hashOf(
  ...['images', 'oci-layout', 'debian-packages'].map(name => `test/knative/images/${name}.ts`),
  'test/cluster/support/image-tree.ts',
  'test/delivery/support/dockerfile.ts',
)
