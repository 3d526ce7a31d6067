import type { Postgres } from '#database/connect.ts'
import { type OperatorDigest, type OperatorNotice, operatorNoticesIn } from '#database/operations/operator-notices.ts'
import type { Clock } from '#functions/host/clock.ts'
import { alertText } from './alert-text.ts'
import { countHeldBack, decide, hourMs, isDigestDue } from './notice-frequency.ts'
import { digestText, noticeText, type TextSettings } from './notice-text.ts'
import type { Operators } from './operators.ts'
import { reportText } from './report-text.ts'

export interface NotifyDependencies {
  db: Postgres
  operators: Operators
  /** Reads the operators' language and zone. Called only when there is something to send. */
  textSettings: () => Promise<TextSettings>
  clock: Clock
}

/** The maximum number of notices that one run handles; the next tick continues with the rest. */
const maxStepsPerRun = 100

/**
 * Notifies the operators of all faults that they have not seen yet, one notice after another. No transaction is open
 * while Telegram is called:
 *
 * 1. Claim: a short transaction decides what to do next and stores a claim for it. A second replica that finds the
 *    claim leaves the notice alone, and counts its message, so that two replicas together send each notice once and at
 *    most 20 messages an hour.
 * 2. Call Telegram.
 * 3. Confirm: a write on the condition that the claim is still ours. If Telegram refused, the claim is released
 *    instead, and the next tick tries again.
 *
 * A crash between 2 and 3 leaves the claim. The claim expires after a minute, and the next tick sends the message a
 * second time. Confirming before the call could lose the message, and a repeated message is better than a lost message.
 * A repeated edit changes nothing.
 */
export const notifyOperators = async (dependencies: NotifyDependencies): Promise<void> => {
  const { db, clock } = dependencies
  for (let steps = 0; steps < maxStepsPerRun; steps++) {
    const step = await claimNextStep(db, clock())
    switch (step.do) {
      case 'nothing':
        return
      case 'held back':
        break
      case 'send':
        await sendNotice(step, dependencies)
        break
      case 'edit':
        await editNotice(step, dependencies)
        break
      case 'digest':
        await updateDigest(step, dependencies)
        break
      default:
        step satisfies never
    }
  }
}

/** A notice to send or edit, as it was before the claim. `claimedAt` identifies the claim. */
interface ClaimedNotice {
  notice: OperatorNotice
  claimedAt: Date
}
interface ClaimedDigest {
  digest: OperatorDigest
  claimedAt: Date
}
type Step =
  | { do: 'nothing' | 'held back' }
  | ({ do: 'send' | 'edit' } & ClaimedNotice)
  | ({ do: 'digest' } & ClaimedDigest)

/** Decides what to do next and claims it. The lock on the digest makes replicas decide one after another. */
const claimNextStep = (db: Postgres, now: Date): Promise<Step> =>
  db.transaction(async tx => {
    const notices = operatorNoticesIn(tx)
    const digest = await notices.lockDigest()
    const messages = await notices.messagesSince(new Date(now.getTime() - hourMs))
    for (const notice of await notices.outdated()) {
      switch (decide(notice, messages, now)) {
        case 'wait':
          continue
        case 'hold back':
          // Alerts that are held back still need their message; for errors, the digest is enough.
          await notices.markHeldBack(
            notice.fingerprint,
            notice.content.alerts ? notice.notifiedCount : notice.count,
            now,
          )
          await notices.saveDigest(countHeldBack(digest, now))
          return { do: 'held back' }
        case 'edit':
          if (await notices.claimEdit(notice, now)) return { do: 'edit', notice, claimedAt: now }
          continue
        case 'send':
          if (await notices.claimSend(notice, now)) return { do: 'send', notice, claimedAt: now }
      }
    }
    if (!isDigestDue(digest, now)) return { do: 'nothing' }
    await notices.saveDigest({ ...digest, editedAt: now })
    return { do: 'digest', digest, claimedAt: now }
  })

const textOf = (notice: OperatorNotice, settings: TextSettings, now: Date): string => {
  const { alerts, report } = notice.content
  if (report) return reportText(report, settings)
  return alerts ? alertText(notice, alerts, settings, now) : noticeText(notice, settings, now)
}

const sendNotice = async (
  { notice, claimedAt }: ClaimedNotice,
  { db, operators, textSettings }: NotifyDependencies,
): Promise<void> => {
  const notices = operatorNoticesIn(db)
  const messageId = await orRelease(
    async () => operators.send(textOf(notice, await textSettings(), claimedAt)),
    () => notices.releaseSend(notice, claimedAt),
  )
  await notices.confirmSend(notice, messageId, claimedAt)
}

const editNotice = async (claimed: ClaimedNotice, dependencies: NotifyDependencies): Promise<void> => {
  const { notice, claimedAt } = claimed
  const { db, operators, textSettings } = dependencies
  const notices = operatorNoticesIn(db)
  const { telegramMessageId } = notice
  const isEdited = await orRelease(
    async () =>
      telegramMessageId !== null && operators.edit(telegramMessageId, textOf(notice, await textSettings(), claimedAt)),
    () => notices.releaseEdit(notice, claimedAt),
  )
  if (isEdited) await notices.confirmEdit(notice, claimedAt)
  // The operators deleted the message, or it is too old to be edited.
  else if (await notices.claimSend(notice, claimedAt)) await sendNotice(claimed, dependencies)
}

const updateDigest = async (
  { digest, claimedAt }: ClaimedDigest,
  { db, operators, textSettings }: NotifyDependencies,
): Promise<void> => {
  const notices = operatorNoticesIn(db)
  const { telegramMessageId } = digest
  const messageId = await orRelease(
    async () => {
      const text = digestText(digest.count, await textSettings())
      const isEdited = telegramMessageId !== null && (await operators.edit(telegramMessageId, text))
      return isEdited ? telegramMessageId : operators.send(text)
    },
    () => notices.releaseDigest(digest, claimedAt),
  )
  await notices.confirmDigest(digest, messageId, claimedAt)
}

/** Runs a call to Telegram and releases the claim when it fails. */
const orRelease = async <Result>(call: () => Promise<Result>, release: () => Promise<void>): Promise<Result> => {
  try {
    return await call()
  } catch (error) {
    // If PostgreSQL fails too, the claim expires by itself.
    await release().catch(() => {})
    throw error
  }
}
