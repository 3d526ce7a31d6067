import type { Cursors } from '#database/operations/cursors.ts'
import type { SkippedRecords } from '#database/operations/skipped-records.ts'
import type { Announcements } from '#database/series/announcements.ts'
import type { Catalogue } from '#database/series/catalogue.ts'
import type { Follows } from '#database/series/follows.ts'
import type { Looks } from '#database/series/looks.ts'
import type { MissingShows } from '#database/series/missing-shows.ts'
import type { NoticeSettings } from '#database/series/notice-settings.ts'
import type { Seen } from '#database/series/seen.ts'
import type { SeriesNames } from '#database/series/series-names.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Logger } from '#functions/host/log.ts'
import type { Publish } from '#functions/host/publish.ts'
import type { Tvmaze } from '#functions/tvmaze/client.ts'
import { TvmazeUnavailable } from '#functions/tvmaze/errors.ts'

/** What the rules read, write and call. */
export interface Dependencies {
  tvmaze: Tvmaze
  catalogue: Catalogue
  follows: Pick<
    Follows,
    | 'followedShows'
    | 'zonesFollowing'
    | 'followersOf'
    | 'titleOf'
    | 'moveSubject'
    | 'nextWaiting'
    | 'isWaiting'
    | 'clearWaiting'
  >
  announcements: Pick<Announcements, 'of' | 'save' | 'markPublished' | 'copyToShow'>
  looks: Pick<Looks, 'showChanged'>
  noticeSettings: Pick<NoticeSettings, 'moveShow'>
  seen: Pick<Seen, 'moveShow'>
  seriesNames: Pick<SeriesNames, 'save' | 'forget'>
  missingShows: MissingShows
  cursors: Pick<Cursors, 'reached' | 'advance'>
  skippedRecords: SkippedRecords
  publish: Publish
  clock: Clock
  log: Logger
}

/**
 * Makes a handler for `catch`. For TvmazeUnavailable the handler logs a warning and returns null. It throws every other
 * error.
 */
export const nullIfUnavailable =
  (log: Logger, what: string) =>
  (error: unknown): null => {
    if (!(error instanceof TvmazeUnavailable)) throw error
    log.warn({ what, tvmazeStatus: error.status }, error.message)
    return null
  }
