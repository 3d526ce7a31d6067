import type { DeadLetters } from '#database/operations/dead-letters.ts'
import type { Clock } from '#functions/host/clock.ts'
import { BadEvent, type Broker, UnknownTrigger } from './broker/broker.ts'

/** The outcome of a replay. `impossible` says why the broker cannot deliver the event again. */
export type ReplayOutcome = 'accepted' | 'unknown' | { impossible: string }

export interface ReplayDependencies {
  deadLetters: Pick<DeadLetters, 'find' | 'markReplayed'>
  broker: Pick<Broker, 'redeliver'>
  clock: Clock
}

/**
 * Gives the event of a dead letter to the broker again, for the Trigger that could not deliver it. The broker gets the
 * event before the letter is marked as replayed. After a crash between the two steps, the event is delivered, and the
 * letter can be replayed once more.
 */
export const replayDeadLetter = async (
  id: number,
  { deadLetters, broker, clock }: ReplayDependencies,
): Promise<ReplayOutcome> => {
  const letter = await deadLetters.find(id)
  if (!letter) return 'unknown'
  try {
    await broker.redeliver(letter.event, letter.trigger)
  } catch (error) {
    if (error instanceof UnknownTrigger || error instanceof BadEvent) return { impossible: error.message }
    throw error
  }
  await deadLetters.markReplayed(id, clock())
  return 'accepted'
}
