import type { Log } from '../log.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import type { Routes } from './route.ts'

/** Renews the leases of jobs in memory before they expire. The returned function ends the renewals. */
export const startLeaseRenewal = (
  routes: Routes,
  store: Pick<Store, 'isOpen' | 'renew'>,
  leaseMs: number,
  log: Log,
): (() => void) => {
  const renewOld = () => {
    const before = performance.now() - leaseMs / 4
    const old = routes.all.flatMap(({ jobs }) => [...jobs.values()].filter(({ leasedAt }) => leasedAt < before))
    if (old.length === 0 || !store.isOpen) return
    store.renew(old.map(({ seq, route, lease }) => ({ seq, trigger: route.name, lease }))).then(
      () => {
        for (const job of old) job.leasedAt = performance.now()
      },
      error => {
        if (!(error instanceof StoreUnavailable)) log.error({ error }, 'leases could not be renewed')
      },
    )
  }
  const timer = setInterval(renewOld, leaseMs / 4)
  timer.unref()
  return () => clearInterval(timer)
}
