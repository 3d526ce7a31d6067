/** How much a service is affected, from not at all to completely. */
export const impactLevels = ['none', 'degraded', 'partial', 'down'] as const
export type Impact = (typeof impactLevels)[number]

/** What a post says of services, by the id of the monitor. It says of all others that they are not affected. */
export type Impacts = Readonly<Record<string, Exclude<Impact, 'none'>>>

/** The greater of two impacts. */
export const worst = (one: Impact | undefined, other: Impact): Impact =>
  one !== undefined && impactLevels.indexOf(one) > impactLevels.indexOf(other) ? one : other

export const isImpact = (text: string): text is Impact => (impactLevels as readonly string[]).includes(text)

/** How much one service is affected. */
export interface ServiceImpact {
  monitorId: number
  impact: Impact
}

/** SQL: these impacts (jsonb) with another one for a monitor, so that people who change two of them lose nothing. */
export const impactsWith = (impacts: string, monitorId: string, impact: string): string =>
  `case when ${impact}::text = 'none' then ${impacts} - ${monitorId}::bigint::text
    else ${impacts} || jsonb_build_object(${monitorId}::bigint::text, ${impact}::text) end`
