import type { Postgres } from '../connect.ts'

/** A subject that is looked at on demand, and its allowance: `burst` looks at once, then one every `seconds`. */
export interface Allowance {
  subject: string
  seconds: number
  burst: number
}

const KEPT = '1 hour'

/** The table `look`: one row a subject with the instant at which its whole allowance is there again (GCRA). */
export const allowancesIn = (db: Postgres) => ({
  /**
   * Takes one look from every allowance, or nothing and false where one of them is used up. The same cause is counted once: an update
   * that is handled again gets the same answer.
   */
  take: async (allowances: readonly Allowance[], cause: string, at: Date): Promise<boolean> => {
    // In one order for everybody, so that two transactions never wait for each other.
    const sorted = allowances.toSorted((one, other) => (one.subject < other.subject ? -1 : 1))
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
       (select subject from look where free_at < $1::timestamptz - interval '${KEPT}' limit 100 for update skip locked)`,
      [at],
    )
    return true
  },
})

class UsedUp extends Error {}

export type Allowances = ReturnType<typeof allowancesIn>
