import type { ReminderSetting } from '#database/uptime/told-states.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const firstMs = 30 * minuteMs
/** The doubled times after the first message: 30 min, 1 h, 2 h, 4 h, 8 h, 16 h. Then a reminder comes once a day. */
const doublings = 6
const lastDoubledMs = firstMs * 2 ** (doublings - 1)

/** How many reminders are due when the chats have known for `elapsedMs` that a monitor is down. */
export const remindersDue = (setting: ReminderSetting, elapsedMs: number): number => {
  switch (setting) {
    case 'off':
      return 0
    case '30m':
      return Math.floor(elapsedMs / firstMs)
    case '2h':
      return Math.floor(elapsedMs / (2 * hourMs))
    case 'doubling':
      if (elapsedMs < firstMs) return 0
      if (elapsedMs < lastDoubledMs) return 1 + Math.floor(Math.log2(elapsedMs / firstMs))
      return doublings + Math.floor((elapsedMs - lastDoubledMs) / (24 * hourMs))
    default:
      return setting satisfies never
  }
}
