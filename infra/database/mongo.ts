import type { Collection, Document, MongoClient } from 'mongodb'

/** The catalogue's server. */
export interface Mongo {
  /** A collection of the database that the URI names (`vigia` where it names none). */
  collection<T extends Document>(name: string): Promise<Collection<T>>
  /** Closes every connection. */
  end(): Promise<void>
}

/** The MongoDB server at `uri`; the driver is loaded with the first collection and connects with the first question to one. */
export const mongo = (uri: string): Mongo => {
  const database = /^[a-z+]+:\/\/[^/]+\/([^?]+)/.exec(uri)?.[1]
  let client: Promise<MongoClient> | undefined
  let ended = false

  const open = async () => {
    const { MongoClient } = await import('mongodb')
    return new MongoClient(uri, {
      appName: 'vigia',
      // As many whole-document writes in flight as every server bears.
      maxPoolSize: 8,
      serverSelectionTimeoutMS: 5_000,
      connectTimeoutMS: 5_000,
      ignoreUndefined: true,
    })
  }

  return {
    collection: async name => {
      if (ended) throw new Error('the catalogue connection was closed')
      client ??= open()
      return (await client).db(database ?? 'vigia').collection(name)
    },
    end: async () => {
      ended = true
      await (await client)?.close()
    },
  }
}

/** A document that not every server would keep as it is. */
export class UnportableDocument extends Error {
  override readonly name = 'Unportable'
}

/** The largest document that MongoDB takes, bytes of BSON. */
export const largestDocument = 16_777_216

const deepestNesting = 100

/**
 * Throws Unportable with the place, before a write, where the Mongo-compatible servers would differ: one refuses, one drops the
 * connection, one keeps something else. Allowed are null, booleans, finite numbers, text without NUL, valid dates, arrays (not
 * directly in arrays) and plain objects whose keys have no `.` and no `$` in front. Returns the size in bytes of BSON.
 */
export const assertPortable = (document: Document): number => {
  const size = sizeOf(document, '', 0)
  if (size > largestDocument)
    throw new UnportableDocument(
      `document ${String(document._id)} is too large for the catalogue: ${size} of ${largestDocument} bytes`,
    )
  return size
}

const sizeOf = (value: unknown, place: string, depth: number): number => {
  const refuse = (why: string): never => {
    throw new UnportableDocument(`${place || 'document'} cannot be kept in the catalogue: ${why}`)
  }
  switch (typeof value) {
    case 'boolean':
      return 1
    case 'number':
      if (!Number.isFinite(value)) refuse(`${value} is not a number that every server keeps`)
      return (value | 0) === value && !Object.is(value, -0) ? 4 : 8
    case 'string':
      if (value.includes('\0')) refuse('the text has a NUL')
      return 5 + Buffer.byteLength(value)
    case 'object':
      break
    default:
      return refuse(`a ${typeof value} has no place in JSON`)
  }
  if (value === null) return 0
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? refuse('the date is invalid') : 8
  if (depth > deepestNesting) return refuse(`nested deeper than ${deepestNesting}`)
  const isArray = Array.isArray(value)
  if (!isArray && ![Object.prototype, null].includes(Object.getPrototypeOf(value)))
    return refuse(`${value.constructor?.name ?? 'it'} is neither a plain object nor an array nor a date`)
  let size = 5
  for (const [key, item] of Object.entries(value)) {
    const at = place === '' ? key : `${place}.${key}`
    // Left out when written, as in JSON.
    if (item === undefined && !isArray) continue
    if (isArray && Array.isArray(item)) return refuse(`element ${key} is an array in an array`)
    if (!isArray && (key === '' || key.includes('.') || key.startsWith('$') || key.includes('\0')))
      return refuse(`${JSON.stringify(key)} is no key that every server takes`)
    size += 2 + Buffer.byteLength(key) + sizeOf(item, at, depth + 1)
  }
  return size
}
