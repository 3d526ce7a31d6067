/** What one chat, one person and one host may use. Every limit is a whole number of 1 or more. */
export interface Limits {
  /** Monitors of one chat, paused ones included. */
  monitorsPerChat: number
  /** Monitors that one person added, in all chats, paused ones included. */
  monitorsPerPerson: number
  /** Planned checks of one host per minute, for all chats. */
  hostChecksPerMinute: number
  /** Planned checks of one host per minute, for the monitors that one person added. */
  personHostChecksPerMinute: number
  /**
   * The least time from one "check now" of a monitor to the next, in seconds. A few monitors of the same host may be
   * checked in quick succession.
   */
  manualCheckSeconds: number
  /** Seconds between two requests of one person to TVmaze. Ten are allowed in quick succession. */
  searchSeconds: number
  /** Series that one chat follows. */
  followsPerChat: number
  /** Series that one chat follows and that are not fetched from TVmaze yet. */
  waitingFollowsPerChat: number
}

/**
 * The environment variable of each limit, and its default. infra/local/settings.md repeats them; a test compares the
 * two.
 */
export const limitVariables: Record<keyof Limits, { name: string; defaultValue: number }> = {
  monitorsPerChat: { name: 'LIMIT_MONITORS_PER_CHAT', defaultValue: 50 },
  monitorsPerPerson: { name: 'LIMIT_MONITORS_PER_PERSON', defaultValue: 100 },
  hostChecksPerMinute: { name: 'LIMIT_HOST_CHECKS_PER_MINUTE', defaultValue: 300 },
  personHostChecksPerMinute: { name: 'LIMIT_PERSON_HOST_CHECKS_PER_MINUTE', defaultValue: 60 },
  manualCheckSeconds: { name: 'LIMIT_MANUAL_CHECK_SECONDS', defaultValue: 5 },
  searchSeconds: { name: 'LIMIT_SEARCH_SECONDS', defaultValue: 2 },
  followsPerChat: { name: 'LIMIT_FOLLOWS_PER_CHAT', defaultValue: 300 },
  waitingFollowsPerChat: { name: 'LIMIT_WAITING_FOLLOWS_PER_CHAT', defaultValue: 20 },
}

/** Whether the value of a variable is valid: a whole number from 1 to 999999999. */
export const isLimit = (value: string): boolean => /^[1-9]\d{0,8}$/.test(value.trim())

/** The limits from the environment. Throws an error that names the variable whose value is not valid. */
export const limitsIn = (environment: Readonly<Record<string, string | undefined>>): Limits => {
  const limits = {} as Limits
  for (const [limit, { name, defaultValue }] of Object.entries(limitVariables)) {
    const value = environment[name] || String(defaultValue)
    if (!isLimit(value)) throw new Error(`${name} is "${value}"; it must be a whole number from 1 to 999999999`)
    limits[limit as keyof Limits] = Number(value)
  }
  return limits
}

/** The default limits. */
export const defaultLimits: Limits = limitsIn({})
