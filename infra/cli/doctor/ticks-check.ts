import { countText, spanText } from './figures.ts'
import { failed, ok, type Result } from './finding.ts'
import type { Installation } from './installation.ts'
import type { ReadOnlyDatabase } from './read-only-database.ts'

/**
 * The functions that have a tick and a cursor, with the seconds between two of their ticks. A test compares the list
 * with knative/sources/ and with the code of the functions.
 */
export const tickPeriodsS: Record<string, number> = {
  'probe-scheduler': 10,
  'episode-checker': 300,
  'series-refresher': 600,
  reporter: 900,
}

/** A job may miss one tick, and may need some time for the next one. */
const graceS = 60
const allowedS = (periodS: number) => 2 * periodS + graceS

/**
 * Whether the jobs have done their work up to now. `runningS` is how long Vigia has been running, or null if that is
 * not known. It matters because after a stop the cursors are old until the next tick.
 */
export const ticksCheck = async (
  { query }: ReadOnlyDatabase,
  { place, dataDir }: Installation,
  runningS: number | null,
): Promise<Result> => {
  // series-refresher does nothing while no chat follows a series. The age of a job without a cursor counts from the
  // installation.
  const rows = await query<{ job: string; ageS: number; hasRun: boolean }>(
    `select job, reached is not null as "hasRun",
       extract(epoch from now() - coalesce(reached, (select min(run_on) from migration)))::float8 as "ageS"
     from unnest($1::text[]) as job left join cursor using (job)
     where job <> 'series-refresher' or exists (select from follow)`,
    [Object.keys(tickPeriodsS)],
  )
  const late = rows.filter(
    ({ job, ageS }) => Math.min(ageS, runningS ?? Number.POSITIVE_INFINITY) > allowedS(tickPeriodsS[job]!),
  )
  if (late.length === 0) return ok(`${countText(rows.length, 'job is', 'jobs are')} up to date`)
  const each = late.map(({ job, ageS, hasRun }) =>
    hasRun
      ? `${job} last finished its work ${spanText(ageS)} ago, although a tick is due every ${spanText(tickPeriodsS[job]!)}`
      : `${job} has never finished its work`,
  )
  return failed(
    each.join('; '),
    'Checks, announcements and reports are late or missed while the ticks do not come or their function fails.',
    place === 'cluster'
      ? 'kubectl -n vigia get pingsources,triggers'
      : `tail -n 20 ${dataDir}/logs/${late[0]!.job}.log`,
  )
}
