import type { Collection } from 'mongodb'
import { assertPortable, type Mongo } from '../mongo.ts'
import type { Skip } from '../operations/skipped-records.ts'
import type { Episode, Freshness, Show } from './show.ts'
import { validFreshness, validShow } from './valid-show.ts'

/** Instants are compared as text, so a bound is written as they are: UTC, whole seconds (the next one, so that both ends stay right). */
const bound = (date: Date) => new Date(Math.ceil(date.getTime() / 1000) * 1000).toISOString().replace('.000Z', 'Z')

const ignore: Skip = () => {}

/**
 * The catalogue, in the part of MongoDB's language that every server speaks alike: whole documents by `_id`, the dotted
 * range (which may find a show too many, so the episodes are picked here), no projections to rely on. What a document has that no
 * calendar or table takes is left out and handed to `skip`, so that one spoilt document stops nobody.
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

    /** In no order; ids that the catalogue does not have are left out. */
    shows: byIds,

    /** Of the ids that the catalogue has: how fresh they are. (The projection saves; a server may send whole shows.) */
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

    /** Writes the whole show, in place of what was there. */
    keep: async (show: Show): Promise<void> => {
      assertPortable(show)
      const collection = await shows()
      await index(collection)
      await collection.replaceOne({ _id: show._id }, show, { upsert: true })
    },

    /** A show that is listed under another id now. */
    forget: async (id: number): Promise<void> => {
      await (await shows()).deleteOne({ _id: id })
    },

    /** Shows with the episodes whose instant lies in [from, to). */
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

    /** Shows with the episodes of which only the date is known and lies in [from, to], both `YYYY-MM-DD`. */
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
