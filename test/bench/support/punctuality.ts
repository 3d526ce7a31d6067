import type { Hit } from './sites.ts'

/**
 * For the slots in [from, until) of checks every `everyS` seconds: lateness p50, p99 and max in ms, slots without a
 * hit, slots with more than one. Only the first hit of a slot counts for the lateness. A monitor that hangs may have
 * several hits in a slot, because a check tries each address of a host, and repeats a query of the DNS.
 */
export const punctuality = (
  hits: Hit[],
  phases: Map<number, number>,
  from: number,
  until: number,
  everyS: number,
  hangs: (id: number) => boolean = () => false,
): number[] => {
  const intervalMs = everyS * 1_000
  const late: number[] = []
  const slots = new Set<string>()
  const doubled = new Set<string>()
  for (const [id, at] of hits) {
    const phase = phases.get(id)
    if (phase === undefined) continue
    const slot = Math.floor((at - phase) / intervalMs)
    const due = slot * intervalMs + phase
    if (due < from || due >= until) continue
    const key = `${id}/${slot}`
    if (!slots.has(key)) late.push(at - due)
    else if (!hangs(id)) doubled.add(key)
    slots.add(key)
  }
  let expected = 0
  for (const phase of phases.values())
    expected += Math.ceil((until - phase) / intervalMs) - Math.ceil((from - phase) / intervalMs)
  late.sort((a, b) => a - b)
  const share = (part: number) => Math.round(late[Math.min(late.length - 1, Math.floor(part * late.length))] ?? 0)
  return [share(0.5), share(0.99), share(1), expected - slots.size, doubled.size]
}

/**
 * The longest time, in milliseconds, between two consecutive hits of the same monitor. The hits of a monitor are its
 * last hit in `before` and all its hits in `after`.
 */
export const longestGap = (before: Map<number, number>, after: Hit[]): number => {
  const last = new Map(before)
  let longest = 0
  for (const [id, at] of after.toSorted(([, a], [, b]) => a - b)) {
    longest = Math.max(longest, at - (last.get(id) ?? at))
    last.set(id, at)
  }
  return Math.round(longest)
}
