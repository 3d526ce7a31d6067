import type { Log } from '../log.ts'
import type { ClaimedDelivery } from '../store/leases.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import type { JobMemory } from './job-memory.ts'
import type { Route, Routes } from './route.ts'

export interface ClaimerOptions {
  routes: Routes
  store: Pick<Store, 'isOpen' | 'claim' | 'nextDue'>
  memory: JobMemory
  onClaimed(delivery: ClaimedDelivery, lease: number): void
  log: Log
}

export interface Claimer {
  /** Claims due deliveries of Triggers that are marked with `mayBeDue` or `hasBacklog`. Returns at once. */
  claimSoon(): void
  /** Marks the Trigger (or all Triggers, if none is given) with `mayBeDue`, and claims. */
  claimDue(trigger?: string): void
  /** Calls `claimDue` for all Triggers in `ms` milliseconds, or earlier. */
  wakeIn(ms: number): void
  stop(): void
}

/**
 * The longest delay of a timer in Node.js. A longer wait leads to at least one claim that is too early, which is
 * harmless.
 */
const maxTimerMs = 2 ** 31 - 1
/** The pause before the next claim, when a due delivery could not be claimed. */
const repeatMs = 1_000

/** Claims deliveries from the store when they are due and when there is room in memory. */
export const claimer = ({ routes, store, memory, onClaimed, log }: ClaimerOptions): Claimer => {
  let isStopped = false
  let isClaiming = false
  let claimAgain = false
  let wakeAt = Number.POSITIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const claimSoon = () => {
    if (isClaiming) {
      claimAgain = true
      return
    }
    if (isStopped || !store.isOpen) return
    isClaiming = true
    void claimOnce()
      .catch(error => {
        if (!(error instanceof StoreUnavailable)) log.error({ error }, 'due deliveries could not be claimed')
        wakeIn(repeatMs)
      })
      .finally(() => {
        isClaiming = false
        if (!claimAgain) return
        claimAgain = false
        claimSoon()
      })
  }

  const claimOnce = async (): Promise<void> => {
    // Ask for the next due time first and claim then, so that a delivery that becomes due in between is claimed too.
    const { inMs, isAnyDue } = await store.nextDue()
    if (inMs !== null) wakeIn(inMs)
    if (isAnyDue) wakeIn(repeatMs)
    const wanted = routes.all
      .filter(route => route.hasBacklog || route.mayBeDue)
      .map(route => ({ route, trigger: route.name, limit: memory.freeSlots(route) }))
      .filter(({ limit }) => limit > 0)
    if (wanted.length === 0) return
    for (const { route } of wanted) {
      route.hasBacklog = false
      route.mayBeDue = false
    }
    const { lease, claimed } = await store.claim(wanted).catch(error => {
      for (const { route } of wanted) route.mayBeDue = true
      throw error
    })
    for (const delivery of claimed) onClaimed(delivery, lease)
    markBacklog(wanted, claimed)
  }

  const wakeIn = (ms: number) => {
    const at = performance.now() + Math.min(ms, maxTimerMs)
    if (isStopped || at >= wakeAt) return
    wakeAt = at
    clearTimeout(timer)
    timer = setTimeout(
      () => {
        wakeAt = Number.POSITIVE_INFINITY
        claimDue()
      },
      Math.ceil(at - performance.now()),
    )
    timer.unref()
  }

  const claimDue = (trigger?: string) => {
    for (const route of trigger === undefined ? routes.all : [routes.named(trigger)!]) route.mayBeDue = true
    claimSoon()
  }

  return {
    claimSoon,
    claimDue,
    wakeIn,
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

/** Marks each Trigger for which the claim returned as many deliveries as its limit, because more of them may be due. */
const markBacklog = (wanted: readonly { route: Route; limit: number }[], claimed: readonly ClaimedDelivery[]) => {
  const counts = new Map<string, number>()
  for (const { trigger } of claimed) counts.set(trigger, (counts.get(trigger) ?? 0) + 1)
  for (const { route, limit } of wanted) if (counts.get(route.name) === limit) route.hasBacklog = true
}
