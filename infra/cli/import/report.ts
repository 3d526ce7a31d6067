import type { Imported } from './imported.ts'

/** What cannot be imported, and what of the rest is different, for people. */
export const importReport = ({ program, monitors, leftOut }: Imported): string => {
  const withLosses = monitors.filter(({ lost }) => lost.length > 0)
  const lines = [
    `${program}: ${monitors.length === 1 ? 'one monitor' : `${monitors.length} monitors`} can be imported`,
    ...(leftOut.length > 0 ? ['', 'left out:', ...leftOut.map(({ what, why }) => `  ${what}: ${why}`)] : []),
    ...(withLosses.length > 0
      ? ['', 'different:', ...withLosses.flatMap(({ key, lost }) => lost.map(loss => `  ${key}: ${loss}`))]
      : []),
  ]
  return lines.join('\n').replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, ' ')
}
