import { isDeepStrictEqual } from 'node:util'
import type { ConfiguredWindow } from '#database/uptime/configured-windows.ts'
import type { DesiredChat, DesiredWindow } from './desired.ts'

/** What happens to a maintenance window. A changed window is removed and made again. */
export type WindowChange =
  | { action: 'create'; chatId: number; key: string; window: DesiredWindow }
  | { action: 'replace'; chatId: number; key: string; id: number; window: DesiredWindow }
  | { action: 'delete'; chatId: number; key: string; id: number }

/** Decides what has to change in the windows of a chat. `keyOf` gives the key of a monitor by its id. */
export const windowChanges = (
  { id: chatId, windows }: DesiredChat,
  known: readonly ConfiguredWindow[],
  keyOf: (id: number | null) => string | null,
  { prune, now }: { prune: boolean; now: Date },
): WindowChange[] => {
  const byKey = new Map(known.map(window => [window.key, window]))
  const wanted = windows.flatMap((window): WindowChange[] => {
    const { key } = window
    const found = byKey.get(key)
    // A window that is over is not announced again.
    if (found === undefined) return isOver(window, now) ? [] : [{ action: 'create', chatId, key, window }]
    return isSame(window, found, keyOf, now) ? [] : [{ action: 'replace', chatId, key, id: found.id, window }]
  })
  const keys = new Set(windows.map(({ key }) => key))
  const unwanted = prune ? known.filter(({ key }) => !keys.has(key)) : []
  return [...wanted, ...unwanted.map(({ id, key }): WindowChange => ({ action: 'delete', chatId, key, id }))]
}

const isOver = ({ when }: DesiredWindow, now: Date) => 'endsAt' in when && when.endsAt <= now

const isSame = (
  { title, monitorKey, group, when }: DesiredWindow,
  found: ConfiguredWindow,
  keyOf: (id: number | null) => string | null,
  now: Date,
): boolean =>
  title === found.title &&
  monitorKey === keyOf(found.monitorId) &&
  group === found.groupName &&
  ('cron' in when
    ? isDeepStrictEqual(when, found.repetition)
    : found.once !== null &&
      // Its end in the chat may be earlier, if a person ended it there.
      when.startsAt.getTime() === found.once.startsAt.getTime() &&
      (when.endsAt.getTime() === found.once.endsAt.getTime() || found.once.endsAt <= now))
