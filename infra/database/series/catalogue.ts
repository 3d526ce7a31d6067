import { assertPortable, type Mongo } from '../mongo.ts'
import type { Skip } from '../operations/skipped-records.ts'
import type { Freshness, Show } from './show.ts'
import { validFreshness, validShow } from './valid-show.ts'

const ignore: Skip = () => {}

/** The number of ids in one query, so that a query with the ids of 100,000 shows stays small. */
const freshnessBatch = 5_000

/**
 * The collection `show`. It uses only the features that all MongoDB-compatible servers implement in the same way: whole
 * documents by `_id`. A projection only saves traffic; a server may ignore it. Invalid values of a document are removed
 * and reported to `skip`, so that one invalid document does not stop the others.
 */
export const catalogueIn = (mongo: Mongo) => {
  const shows = () => mongo.collection<Show>('show')

  const valid =
    (skip: Skip) =>
    (document: Show): Show[] => {
      const { show, faults } = validShow(document)
      if (faults.length > 0) skip({ store: 'show', key: String(document._id), reason: faults.slice(0, 10).join('; ') })
      return show === null ? [] : [show]
    }

  const byIds = async (ids: readonly number[], skip: Skip = ignore): Promise<Show[]> =>
    ids.length === 0 ? [] : (await (await shows()).find({ _id: { $in: [...ids] } }).toArray()).flatMap(valid(skip))

  return {
    show: async (id: number, skip: Skip = ignore): Promise<Show | null> => {
      const document = await (await shows()).findOne({ _id: id })
      return document === null ? null : (valid(skip)(document)[0] ?? null)
    },

    /** The shows with these ids, in no order. Unknown ids are absent. */
    shows: byIds,

    /** The freshness of the shows with these ids. Unknown ids are absent. */
    freshness: async (ids: readonly number[]): Promise<Freshness[]> => {
      const collection = await shows()
      const found: Freshness[] = []
      for (let at = 0; at < ids.length; at += freshnessBatch) {
        const documents = await collection
          .find({ _id: { $in: ids.slice(at, at + freshnessBatch) } })
          .project<Freshness>({ status: 1, updated: 1, airs: 1, fetchedAt: 1, missingSince: 1, gone: 1 })
          .toArray()
        found.push(...documents.flatMap(document => validFreshness(document) ?? []))
      }
      return found
    },

    /** Stores the whole document of a show in place of its earlier document. */
    keep: async (show: Show): Promise<void> => {
      assertPortable(show)
      await (await shows()).replaceOne({ _id: show._id }, show, { upsert: true })
    },

    /** Deletes a show that TVmaze merged into another. */
    forget: async (id: number): Promise<void> => {
      await (await shows()).deleteOne({ _id: id })
    },
  }
}

export type Catalogue = ReturnType<typeof catalogueIn>
