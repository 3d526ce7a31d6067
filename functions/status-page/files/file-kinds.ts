/** The formats of feeds, which are also the ends of their names. */
export const feedKinds = ['rss', 'atom', 'json'] as const
export type FeedKind = (typeof feedKinds)[number]

/** What a badge shows. */
export const badgeKinds = ['state', 'uptime', 'response', 'certificate'] as const
export type BadgeKind = (typeof badgeKinds)[number]
