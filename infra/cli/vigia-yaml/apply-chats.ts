import type { Postgres } from '#database/connect.ts'
import { applyConfiguration, makePlan } from '#functions/vigia-yaml/apply.ts'
import type { DesiredChat } from '#functions/vigia-yaml/desired.ts'
import { isEmpty, type MonitorChange, type Plan } from '#functions/vigia-yaml/plan.ts'
import { printPlan } from '#functions/vigia-yaml/print-plan.ts'
import { confirm } from '../confirm.ts'

export interface ApplyRequest {
  chats: readonly DesiredChat[]
  prune: boolean
  /** Whether monitors may be deleted without a question. */
  isConfirmed: boolean
  /** Throws if the plan cannot be applied. */
  check(plan: Plan): void
  print(text: string): void
}

/** Shows the plan, asks before it deletes monitors, and applies it. Nothing is saved if anything fails. */
export const applyChats = async (
  db: Postgres,
  { chats, prune, isConfirmed, check, print }: ApplyRequest,
): Promise<void> => {
  const shown = await makePlan(db, chats, prune)
  check(shown)
  print(printPlan(shown))
  if (isEmpty(shown)) {
    print('nothing to change')
    return
  }
  const lost = idsWithoutHistory(shown)
  if (lost.size > 0 && !isConfirmed)
    await confirm('apply', `Delete ${lost.size === 1 ? 'one monitor' : `${lost.size} monitors`} with their history?`)
  await applyConfiguration(db, chats, {
    prune,
    check: plan => {
      check(plan)
      for (const id of idsWithoutHistory(plan))
        if (!lost.has(id)) throw new Error('the monitors have changed since the plan was made; run apply again')
    },
  })
  print('applied')
}

const idsWithoutHistory = ({ monitors }: Plan): Set<number> =>
  new Set(monitors.filter(losesHistory).map(({ id }) => id))

const losesHistory = (change: MonitorChange): change is Extract<MonitorChange, { action: 'delete' | 'replace' }> =>
  change.action === 'delete' || change.action === 'replace'
