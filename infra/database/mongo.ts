import type { Collection, Document, MongoClient } from 'mongodb'

/** The catalogue's server. The driver is loaded and connects with the first collection that is asked for. */
export interface Mongo {
  /** A collection of the database that the URI names (`vigia` where it names none). */
  collection<T extends Document>(name: string): Promise<Collection<T>>
  end(): Promise<void>
}

/** The MongoDB server at `uri`; nothing is loaded or connected before the first collection. */
export const mongo = (uri: string): Mongo => {
  let client: Promise<MongoClient> | undefined
  let ended = false

  const open = async () => {
    const { MongoClient } = await import('mongodb')
    return new MongoClient(uri, {
      appName: 'vigia',
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
      const opened = await client
      const named = new URL(uri).pathname.length > 1
      return opened.db(named ? undefined : 'vigia').collection(name)
    },
    end: async () => {
      ended = true
      await (await client)?.close()
    },
  }
}
