import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { backupMadeAt } from '#database/operations/backup.ts'
import { spanText } from './figures.ts'
import { failed, ok, type Result, skipped, warning } from './finding.ts'
import type { ReadOnlyDatabase } from './read-only-database.ts'

/** A daily backup may be late by half a day. */
const oldS = 36 * 3_600
const why = 'If the disk fails, everything since the last backup is lost.'

/** The file names of the documentation: `vigia-2026-11-29.backup`. */
const isBackup = (name: string) => name.endsWith('.backup')

/** The time of the last backup that is recorded in PostgreSQL; null without one. */
export const recordedBackup = async ({ query }: ReadOnlyDatabase): Promise<Date | null> =>
  (await query<{ reached: Date }>(`select reached from cursor where job = 'backup'`))[0]?.reached ?? null

/**
 * The age of the last backup on one machine: the recorded one, or the newest file in `folder`, whichever was made
 * later. The first line of a file says when its backup was made; the time of the file does not, because a copy has the
 * time of the copy. Fails if a damaged file may be newer than all backups.
 */
export const backupCheck = async (folder: string, recordedAt: Date | null, now: Date): Promise<Result> => {
  const next = `npm run vigia -- backup ${folder}/vigia-$(date +%F).backup`
  const { newest, damaged } = await backupsIn(folder)
  if (damaged !== null && (newest === null || damaged.writtenAt > newest.madeAt))
    return failed(`${damaged.file} is damaged or not a backup of Vigia`, why, next)
  if (recordedAt !== null && (newest === null || recordedAt > newest.madeAt))
    return ageResult(recorded, recordedAt, now, next)
  if (newest !== null) return ageResult(newest.file, newest.madeAt, now, next)
  return warning(
    `no backup is recorded, and no *.backup file is in ${folder}`,
    why,
    `${next}, or npm run vigia -- doctor --backups <your folder>`,
  )
}

interface Backups {
  newest: { file: string; madeAt: Date } | null
  /** The damaged file that was written last. */
  damaged: { file: string; writtenAt: Date } | null
}

const backupsIn = async (folder: string): Promise<Backups> => {
  const found: Backups = { newest: null, damaged: null }
  for (const name of (await readdir(folder).catch(() => [])).filter(isBackup)) {
    const file = join(folder, name)
    const madeAt = await backupMadeAt(file).catch(() => null)
    if (madeAt === null) {
      const { mtime: writtenAt } = await stat(file)
      if (found.damaged === null || writtenAt > found.damaged.writtenAt) found.damaged = { file, writtenAt }
    } else if (found.newest === null || madeAt > found.newest.madeAt) found.newest = { file, madeAt }
  }
  return found
}

const recorded = 'the last backup that PostgreSQL knows'

/** The age of the last backup on a cluster. Skipped without a record, because only onprem records its backups. */
export const recordedBackupCheck = (recordedAt: Date | null, now: Date): Result =>
  recordedAt === null
    ? skipped('no backup is recorded; CloudNativePG records its own: kubectl -n vigia get backups')
    : ageResult(recorded, recordedAt, now, 'kubectl -n vigia get jobs,cronjobs')

const ageResult = (what: string, madeAt: Date, now: Date, next: string): Result => {
  const ageS = (now.getTime() - madeAt.getTime()) / 1_000
  const found = `${what} was made ${spanText(Math.max(0, ageS))} ago`
  return ageS > oldS ? warning(found, why, next) : ok(found)
}
