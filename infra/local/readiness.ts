import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { mongoAnswers } from './databases/ask-mongo.ts'

/** With less free space PostgreSQL may not be able to create its next log segment, and then PostgreSQL stops. */
const leastFreeBytes = 32 * 1024 * 1024
const leastFreeFiles = 100

/** How long a database may take to answer. */
const timeoutMs = 3_000

/** A check is not repeated within this time; the result of the last check is used again. */
const freshMs = 1_000

export interface ReadinessOptions {
  dataDir: string
  databaseUrl: string
  mongodbUri: string
  /** The faults that the runtime reports without a check: parts that are still starting, and parts that have ended. */
  knownFaults(): string[]
}

export interface Readiness {
  /** Checks everything that must work. Gives the reasons why Vigia is not ready; empty if it is. Never rejects. */
  check(): Promise<string[]>
  /** The result of the latest check, and the current result of `knownFaults`. */
  latest(): string[]
}

/** Checks whether the data folder and PostgreSQL can be written and MongoDB answers. */
export const readinessOf = ({ dataDir, databaseUrl, mongodbUri, knownFaults }: ReadinessOptions): Readiness => {
  let found: string[] = []
  let checkedAt = Number.NEGATIVE_INFINITY
  let checking: Promise<void> | undefined

  const checkNow = async () => {
    const known = knownFaults()
    const checks = [
      dataFolderFault(dataDir),
      known.includes('PostgreSQL') ? null : databaseFault(databaseUrl),
      known.includes('MongoDB') ? null : catalogueFault(mongodbUri),
    ]
    found = (await Promise.all(checks)).filter(fault => fault !== null)
    checkedAt = performance.now()
    checking = undefined
  }

  const latest = () => [...knownFaults(), ...found]
  return {
    latest,
    check: async () => {
      if (performance.now() - checkedAt > freshMs) {
        checking ??= checkNow()
        await checking
      }
      return latest()
    },
  }
}

/** Why the data folder cannot be written, or null. */
export const dataFolderFault = async (dataDir: string): Promise<string | null> => {
  const file = join(dataDir, '.writable')
  try {
    const { bavail, bsize, files, ffree } = await statfs(dataDir)
    const freeBytes = bavail * bsize
    if (freeBytes < leastFreeBytes)
      return `the disk of ${dataDir} is full: ${mebibytes(freeBytes)} MiB free, ${mebibytes(leastFreeBytes)} needed`
    if (files > 0 && ffree < leastFreeFiles) return `the disk of ${dataDir} is full: room for ${ffree} more files`
    const handle = await open(file, 'w', 0o600)
    try {
      await handle.writeFile(Buffer.alloc(4096))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rm(file)
    return null
  } catch (error) {
    return writeFault(dataDir, error as NodeJS.ErrnoException)
  }
}

const mebibytes = (bytes: number) => Math.floor(bytes / (1024 * 1024))

const writeFault = (dataDir: string, { code, message }: NodeJS.ErrnoException): string => {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk of ${dataDir} is full (${code})`
    case 'EROFS':
      return `the disk of ${dataDir} is read-only (${code})`
    case 'EMFILE':
    case 'ENFILE':
      return `there are no file descriptors left (${code})`
    default:
      return `the data folder ${dataDir} cannot be written (${code ?? message})`
  }
}

/** Why PostgreSQL cannot be written, or null. Uses a new connection, because a function that starts needs one too. */
export const databaseFault = async (url: string): Promise<string | null> => {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'vigia readiness',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ recovering: boolean; readonly: string }>(
      `select pg_is_in_recovery() as recovering, current_setting('transaction_read_only') as readonly`,
    )
    if (rows[0]!.recovering) return 'PostgreSQL is read-only: it is in recovery'
    if (rows[0]!.readonly === 'on') return 'PostgreSQL is read-only: default_transaction_read_only is on'
    await client.query('update broker.readiness set looked_at = now()')
    return null
  } catch (error) {
    return describeDatabaseError(error as Error & { code?: string })
  } finally {
    await client.end().catch(() => {})
  }
}

/** An error of PostgreSQL in words for the person who runs it. */
export const describeDatabaseError = ({ code, message }: Error & { code?: string }): string => {
  switch (code) {
    case '53100':
      return 'the disk of PostgreSQL is full'
    case '25006':
      return 'PostgreSQL is read-only'
    case '53300':
      return 'PostgreSQL has no connection left (max_connections)'
    case '57P03':
      return 'PostgreSQL is starting, stopping or in recovery'
    default:
      return `PostgreSQL accepts no writes: ${(message || code || 'no answer').split('\n')[0]}`
  }
}

/** Why MongoDB does not answer, or null. */
const catalogueFault = async (uri: string): Promise<string | null> => {
  const plain = /^mongodb:\/\/(?:[^@/]*@)?([^/?]+)/.exec(uri)?.[1]
  const fault = 'MongoDB does not answer'
  if (plain === undefined || /[?&](tls|ssl)=true/i.test(uri)) return (await driverAnswers(uri)) ? null : fault
  const hosts = plain.split(',').map(host => new URL(`mongodb://${host}`))
  const answers = hosts.map(({ hostname, port }) =>
    mongoAnswers(Number(port || 27_017), timeoutMs, hostname.replace(/^\[|\]$/g, '')),
  )
  return (await Promise.all(answers)).some(answered => answered) ? null : fault
}

/**
 * Whether the server answers the MongoDB driver. The driver is needed if the address must be looked up in DNS or the
 * connection is encrypted.
 */
const driverAnswers = async (uri: string): Promise<boolean> => {
  const { MongoClient } = await import('mongodb')
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: timeoutMs, connectTimeoutMS: timeoutMs })
  try {
    await client.db().command({ ping: 1 })
    return true
  } catch {
    return false
  } finally {
    await client.close().catch(() => {})
  }
}
