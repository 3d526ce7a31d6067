import type { Collection } from 'mongodb'
import { assertPortable, type Mongo } from '../mongo.ts'
import type { Skip } from '../operations/skipped-records.ts'
import type { Episode, Freshness, Show } from './show.ts'
import { validFreshness, validShow } from './valid-show.ts'

/**
 * An instant in the form of the catalogue (text in UTC, whole seconds), so that it can be compared with the stored
 * instants as text. It is rounded up: the range [from, to) then contains the same whole seconds as without rounding.
 */
const bound = (date: Date) => new Date(Math.ceil(date.getTime() / 1000) * 1000).toISOString().replace('.000Z', 'Z')

const ignore: Skip = () => {}

/**
 * The collection `show`. It uses only the features that all MongoDB-compatible servers implement in the same way: whole
 * documents by `_id`, and ranges on dotted fields. Such a range may also find shows that have no episode in it, so this
 * code filters the episodes again. A projection only saves traffic; a server may ignore it. Invalid values of a
 * document are removed and reported to `skip`, so that one invalid document does not stop the others.
 */
export const catalogueIn = (mongo: Mongo) => {
  const shows = () => mongo.collection<Show>('show')
  let indexed: Promise<unknown> | undefined
  const index = (collection: Collection<Show>) => {
    indexed ??= Promise.all([
      collection.createIndex({ 'episodes.airstamp': 1 }),
      collection.createIndex({ 'episodes.airdate': 1 }),
    ]).catch(error => {
      indexed = undefined
      throw error
    })
    return indexed
  }

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
    freshness: async (ids: readonly number[]): Promise<Freshness[]> =>
      ids.length === 0
        ? []
        : (
            await (
              await shows()
            )
              .find({ _id: { $in: [...ids] } })
              .project<Freshness>({ status: 1, updated: 1, fetchedAt: 1, missingSince: 1, gone: 1 })
              .toArray()
          ).flatMap(document => validFreshness(document) ?? []),

    /** Stores the whole document of a show in place of its earlier document. */
    keep: async (show: Show): Promise<void> => {
      assertPortable(show)
      const collection = await shows()
      await index(collection)
      await collection.replaceOne({ _id: show._id }, show, { upsert: true })
    },

    /** Deletes a show that TVmaze merged into another. */
    forget: async (id: number): Promise<void> => {
      await (await shows()).deleteOne({ _id: id })
    },

    /** The episodes whose airstamp is in [from, to), by show. */
    airing: async (from: Date, to: Date, skip: Skip = ignore): Promise<{ show: Show; episodes: Episode[] }[]> => {
      const [first, end] = [bound(from), bound(to)]
      const found = await (await shows()).find({ 'episodes.airstamp': { $gte: first, $lt: end } }).toArray()
      return found.flatMap(valid(skip)).flatMap(show => {
        const episodes = show.episodes.filter(
          ({ airstamp }) => airstamp !== null && airstamp >= first && airstamp < end,
        )
        return episodes.length === 0 ? [] : [{ show, episodes }]
      })
    },

    /** The episodes that have no airstamp and whose date is in [from, to] (`YYYY-MM-DD`), by show. */
    dated: async (from: string, to: string, skip: Skip = ignore): Promise<{ show: Show; episodes: Episode[] }[]> => {
      const found = await (await shows()).find({ 'episodes.airdate': { $gte: from, $lte: to } }).toArray()
      return found.flatMap(valid(skip)).flatMap(show => {
        const episodes = show.episodes.filter(
          ({ airstamp, airdate }) => airstamp === null && airdate >= from && airdate <= to,
        )
        return episodes.length === 0 ? [] : [{ show, episodes }]
      })
    },
  }
}

export type Catalogue = ReturnType<typeof catalogueIn>
