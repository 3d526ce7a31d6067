import type { Postgres } from '../connect.ts'

/**
 * How often users may make requests about a subject (`host/example.org`): `burst` requests at once, then one request
 * every `seconds`.
 */
export interface Allowance {
  subject: string
  seconds: number
  burst: number
}

const keptFor = '1 hour'

/**
 * The table `look`: one row for each subject, with the time when its whole allowance is available again (algorithm:
 * GCRA).
 */
export const allowancesIn = (db: Postgres) => ({
  /**
   * Takes one request from every allowance and returns true. Takes nothing and returns false if one of them is used up.
   * A request with the same cause as the one before it is not counted, so that an update that is repeated is allowed
   * again.
   */
  take: async (allowances: readonly Allowance[], cause: string, at: Date): Promise<boolean> => {
    // Always in the same order, so that two transactions cannot deadlock.
    const sorted = allowances.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))
    try {
      await db.transaction(async tx => {
        for (const { subject, seconds, burst } of sorted) {
          const { rowCount } = await tx.query(
            `insert into look (subject, free_at, cause) values ($1, $2::timestamptz + make_interval(secs => $3), $4)
             on conflict (subject) do update set cause = excluded.cause,
               free_at = case when look.cause = excluded.cause then look.free_at
                 else greatest(look.free_at, $2) + make_interval(secs => $3) end
             where look.cause = excluded.cause or look.free_at <= $2::timestamptz + make_interval(secs => $5)`,
            [subject, at, seconds, cause, seconds * (burst - 1)],
          )
          if (rowCount === 0) throw new UsedUp()
        }
      })
    } catch (error) {
      if (error instanceof UsedUp) return false
      throw error
    }
    await db.query(
      `delete from look where subject in
       (select subject from look where free_at < $1::timestamptz - interval '${keptFor}' limit 100 for update skip locked)`,
      [at],
    )
    return true
  },
})

class UsedUp extends Error {}

export type Allowances = ReturnType<typeof allowancesIn>
