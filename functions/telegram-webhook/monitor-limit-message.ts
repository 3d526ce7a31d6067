import type { ExceededLimit } from '#database/uptime/monitor-limits.ts'
import type { Html } from '#functions/telegram/html.ts'
import type { ChatContext } from './context.ts'

/** The message about the limit that prevents the monitor, and about what the person can do. */
export const limitMessage = ({ deps: { limits }, messages }: ChatContext, limit: ExceededLimit, host: string): Html => {
  switch (limit) {
    case 'chat':
      return messages.monitorsFull(limits.monitorsPerChat)
    case 'person':
      return messages.monitorsFullForPerson(limits.monitorsPerPerson)
    case 'personHost':
      return messages.hostFullForPerson(host, limits.personHostChecksPerMinute)
    case 'host':
      return messages.hostFull(host, limits.hostChecksPerMinute)
    default:
      return limit satisfies never
  }
}
