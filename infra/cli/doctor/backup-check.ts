import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { backupMadeAt } from '#database/operations/backup.ts'
import { spanText } from './figures.ts'
import { failed, ok, type Result, warning } from './finding.ts'

/** A daily backup may be late by half a day. */
const oldS = 36 * 3_600
const why = 'If the disk fails, everything since the last backup is lost.'

/** The file names of the documentation: `vigia-2026-11-29.backup`. */
const isBackup = (name: string) => name.endsWith('.backup')

/**
 * The age of the newest backup in `folder`, by the date inside the file. Nothing records where backups are written, so
 * the check looks only there.
 */
export const backupCheck = async (folder: string, now: Date): Promise<Result> => {
  const next = `npm run vigia -- backup ${folder}/vigia-$(date +%F).backup`
  const names = (await readdir(folder).catch(() => [])).filter(isBackup)
  const files = await Promise.all(
    names.map(async name => ({ file: join(folder, name), at: (await stat(join(folder, name))).mtimeMs })),
  )
  const newest = files.toSorted((one, other) => other.at - one.at)[0]?.file
  if (newest === undefined)
    return warning(
      `no *.backup file is in ${folder}; Vigia does not record where backups are made`,
      why,
      `${next}, or npm run vigia -- doctor --backups <your folder>`,
    )
  const madeAt = await backupMadeAt(newest).catch(() => null)
  if (madeAt === null) return failed(`${newest} is damaged or not a backup of Vigia`, why, next)
  const ageS = (now.getTime() - madeAt.getTime()) / 1_000
  const found = `${newest} was made ${spanText(Math.max(0, ageS))} ago`
  return ageS > oldS ? warning(found, why, next) : ok(found)
}
