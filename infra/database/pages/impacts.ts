/** How much a service is affected, from not at all to completely. */
export const impactLevels = ['none', 'degraded', 'partial', 'down'] as const
export type Impact = (typeof impactLevels)[number]

/** What a post says of services, by the id of the monitor. It says of all others that they are not affected. */
export type Impacts = Readonly<Record<string, Exclude<Impact, 'none'>>>

/** The greater of two impacts. */
export const worst = (one: Impact | undefined, other: Impact): Impact =>
  one !== undefined && impactLevels.indexOf(one) > impactLevels.indexOf(other) ? one : other

export const isImpact = (text: string): text is Impact => (impactLevels as readonly string[]).includes(text)

/** The impacts with another one for a monitor. */
export const withImpact = (impacts: Impacts, monitorId: number, impact: Impact): Impacts => {
  const { [String(monitorId)]: _, ...others } = impacts
  return impact === 'none' ? others : { ...others, [String(monitorId)]: impact }
}
