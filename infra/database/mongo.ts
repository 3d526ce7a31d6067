import type { Collection, Document, MongoClient } from 'mongodb'

/** The MongoDB server of the catalogue. */
export interface Mongo {
  /** A collection of the database that the URI names (`vigia` if the URI names none). */
  collection<T extends Document>(name: string): Promise<Collection<T>>
  /** Closes every connection. */
  end(): Promise<void>
}

/** The MongoDB server at `uri`. The driver is loaded with the first collection and connects with the first query. */
export const mongo = (uri: string): Mongo => {
  const database = /^[a-z+]+:\/\/[^/]+\/([^?]+)/.exec(uri)?.[1]
  let client: Promise<MongoClient> | undefined
  let ended = false

  const open = async () => {
    const { MongoClient } = await import('mongodb')
    return new MongoClient(uri, {
      appName: 'vigia',
      // Every compatible server can handle this many writes of whole documents at once.
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

/** A document that not every MongoDB-compatible server stores unchanged. */
export class UnportableDocument extends Error {
  override readonly name = 'UnportableDocument'
}

/** The largest document that MongoDB accepts, in bytes of BSON. */
export const largestDocument = 16_777_216

const deepestNesting = 100

/**
 * Checks a document before a write and returns its size in bytes of BSON. Throws UnportableDocument, with the path of
 * the value, for a value that MongoDB-compatible servers handle differently: one server refuses it, one closes the
 * connection, one stores something else. Allowed are null, booleans, finite numbers, text without NUL, valid dates,
 * arrays (not directly in arrays), and plain objects whose keys contain no `.` and do not begin with `$`.
 */
export const assertPortable = (document: Document): number => {
  const size = sizeOf(document, '', 0)
  if (size > largestDocument)
    throw new UnportableDocument(
      `document ${String(document._id)} is too large for the catalogue: it has ${size} bytes, the limit is ${largestDocument}`,
    )
  return size
}

const sizeOf = (value: unknown, path: string, depth: number): number => {
  const refuse = (reason: string): never => {
    throw new UnportableDocument(`${path || 'document'} cannot be stored in the catalogue: ${reason}`)
  }
  switch (typeof value) {
    case 'boolean':
      return 1
    case 'number':
      if (!Number.isFinite(value)) refuse(`${value} is not a finite number`)
      return (value | 0) === value && !Object.is(value, -0) ? 4 : 8
    case 'string':
      if (value.includes('\0')) refuse('the text contains a NUL character')
      return 5 + Buffer.byteLength(value)
    case 'object':
      break
    default:
      return refuse(`JSON has no ${typeof value}`)
  }
  if (value === null) return 0
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? refuse('the date is invalid') : 8
  if (depth > deepestNesting) return refuse(`it is nested deeper than ${deepestNesting} levels`)
  const isArray = Array.isArray(value)
  if (!isArray && ![Object.prototype, null].includes(Object.getPrototypeOf(value)))
    return refuse(`${value.constructor?.name ?? 'it'} is not a plain object, an array or a date`)
  let size = 5
  for (const [key, item] of Object.entries(value)) {
    const itemPath = path === '' ? key : `${path}.${key}`
    // The driver leaves undefined properties out, as JSON does.
    if (item === undefined && !isArray) continue
    if (isArray && Array.isArray(item)) return refuse(`element ${key} is an array inside an array`)
    if (!isArray && (key === '' || key.includes('.') || key.startsWith('$') || key.includes('\0')))
      return refuse(`${JSON.stringify(key)} is not a key that every server accepts`)
    size += 2 + Buffer.byteLength(key) + sizeOf(item, itemPath, depth + 1)
  }
  return size
}
