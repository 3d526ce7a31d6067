import type { Postgres } from '../connect.ts'

/** A series with a similar name. `likeness` is 1 if the name is equal. */
export interface SimilarSeries {
  showId: number
  likeness: number
}

/** Names that are less similar are something else. "severence" and "severance" have 0.54. */
const leastLikeness = 0.45

/** The table `series_name`. All names have the form of `comparableName`. */
export const seriesNamesIn = (db: Postgres) => ({
  /** Replaces the names of a series. */
  save: async (showId: number, names: readonly string[]): Promise<void> => {
    await db.query(
      `with kept as (
         insert into series_name (show_id, name) select $1, name from unnest($2::text[]) name
         on conflict do nothing)
       delete from series_name where show_id = $1 and name <> all ($2)`,
      [showId, [...new Set(names)]],
    )
  },

  forget: async (showId: number): Promise<void> => {
    await db.query('delete from series_name where show_id = $1', [showId])
  },

  /** The series with the most similar names, the most similar first, at most `limit`. */
  similarTo: async (name: string, limit: number): Promise<SimilarSeries[]> =>
    (
      await db.query<SimilarSeries>(
        `select show_id as "showId", max(case when name = $1 then 1 else least(similarity(name, $1), 0.99) end)::float8 as likeness
         from series_name where name % $1 group by show_id
         having max(similarity(name, $1)) >= $2 order by likeness desc, show_id limit $3`,
        [name, leastLikeness, limit],
      )
    ).rows,
})

export type SeriesNames = ReturnType<typeof seriesNamesIn>
