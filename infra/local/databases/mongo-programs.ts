import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { renameAtomic } from '#infra/files/atomic-write.ts'

const mongodName = process.platform === 'win32' ? 'mongod.exe' : 'mongod'

/**
 * The folder for the mongod that `downloadMongod` downloads. It is in the data folder and not in the home folder: when
 * root starts Vigia, mongod runs as another user, who cannot enter root's home.
 */
export const downloads = (dataDir: string) => join(dataDir, 'binaries')

/** Every mongod on PATH, in the folder of `downloads` and in the folder of mongodb-memory-server, in this order. */
export const findMongod = async (dataDir: string, env: NodeJS.ProcessEnv): Promise<string[]> => {
  const onPath = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const candidates = onPath.map(folder => join(folder, mongodName))
  for (const folder of [downloads(dataDir), join(env.HOME || homedir(), '.cache/mongodb-binaries')]) {
    const names = await readdir(folder).catch(() => [])
    candidates.push(
      ...names
        .filter(isMongod)
        .sort(newestFirst)
        .map(name => join(folder, name)),
    )
  }
  const found: string[] = []
  for (const file of new Set(candidates)) {
    const facts = await stat(file).catch(() => undefined)
    if (facts?.isFile() && (process.platform === 'win32' || (facts.mode & 0o111) !== 0)) found.push(file)
  }
  return found
}

/** Accepts mongod-x64-debian-8.2.6, but neither its .md5 file nor an archive. */
const isMongod = (name: string) => /^mongod-.*\d+\.\d+\.\d+(\.exe)?$/.test(name)

const newestFirst = (a: string, b: string) => b.localeCompare(a, 'en', { numeric: true })

/** The path of the in-memory server; null if npm has no in-memory server for this platform. */
export const jongodb = (): string | null => {
  try {
    return createRequire(import.meta.url).resolve('@jongodb/memory-server-bin-linux-x64-gnu/bin/jongodb')
  } catch {
    return null
  }
}

/**
 * Downloads mongod for this platform into the data folder and logs the progress. Rejects with an error whose message is
 * the reason in one line.
 */
export const downloadMongod = async (
  dataDir: string,
  log: (line: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<string> => {
  if (!Object.keys(env).some(name => /proxy$|^MONGOMS_DOWNLOAD_MIRROR$/i.test(name)))
    await resolveHost('fastdl.mongodb.org')
  const folder = downloads(dataDir)
  // The download has a folder of its own until it is complete, because `findMongod` must not find an incomplete file.
  const unfinished = join(folder, 'half')
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true, mode: 0o755 })
  // The download runs in a process of its own, because the library is large, reads its settings from the environment
  // and prints to stdout.
  const child = spawn(process.execPath, [fileURLToPath(new URL('download-mongod.ts', import.meta.url))], {
    env: { ...downloadEnvironment(env), MONGOMS_DOWNLOAD_DIR: unfinished },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let path = ''
  let problem = ''
  createInterface(child.stdout).on('line', line => {
    const done = /^path (.+)$/.exec(line)
    if (done?.[1]) path = done[1]
    else if (line.trim() !== '') log(line.trim())
  })
  createInterface(child.stderr).on('line', line => {
    problem ||= line.trim()
  })
  const code = await new Promise(resolve => child.once('close', resolve))
  if (code !== 0) throw new Error(`mongod could not be downloaded: ${problem}`)
  await chmod(path, 0o755)
  const finished = join(folder, basename(path))
  await renameAtomic(path, finished)
  await rm(unfinished, { recursive: true, force: true })
  return finished
}

const resolveHost = async (host: string): Promise<void> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('no answer within 5 s')), 5_000)
  await Promise.race([lookup(host), late])
    .catch((error: Error) => {
      throw new Error(`mongod could not be downloaded: ${host} cannot be found (${error.message})`)
    })
    .finally(() => clearTimeout(timer))
}

/**
 * The variables for the download. The library checks certificates only if npm's strict-ssl is set, and npm does not
 * pass on the default of this setting.
 */
const downloadEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  npm_config_strict_ssl: 'true',
  ...Object.fromEntries(
    Object.entries(env).filter(([name]) =>
      /^(PATH|HOME|SystemRoot|TE?MP|TMPDIR|MONGOMS_.*|npm_config_strict_ssl|NODE_EXTRA_CA_CERTS|.*proxy)$/i.test(name),
    ),
  ),
  MONGOMS_PREFER_GLOBAL_PATH: 'false',
  MONGOMS_RUNTIME_DOWNLOAD: 'true',
})
