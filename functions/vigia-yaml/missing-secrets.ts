import type { Plan } from './plan.ts'
import { type FileContent, FileFaults, locatedFaults } from './read-file.ts'

/**
 * Throws FileFaults if the file wants to keep secrets that Vigia does not have, or has for another host. `file` is its
 * name in messages; `example` is how a secret is written.
 */
export const refuseMissingSecrets = (
  file: string,
  { chats, lineOf }: FileContent,
  { missingSecrets }: Plan,
  example: string,
): void => {
  const faults = missingSecrets.map(({ chatId, key, secret, reason }) => ({
    path: ['chats', chats.findIndex(({ id }) => id === chatId), 'monitors', key, 'secrets', secret],
    reason: `${reason} ${example}`,
  }))
  if (faults.length > 0) throw new FileFaults(file, locatedFaults(faults, lineOf))
}
