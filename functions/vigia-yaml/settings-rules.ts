import type { Settings } from '#functions/checks/settings.ts'
import { neededSecrets, settingsRuleFaults } from '#functions/checks/settings-rules.ts'
import { didYouMean } from './did-you-mean.ts'
import { type Fault, stepsOf } from './schema-faults.ts'

/**
 * What is wrong with settings that their schema accepts, and with the names of the secrets that belong to them. The
 * paths begin in the entry of the monitor. `secretExample` is how a secret is written.
 */
export const ruleFaults = async (
  kind: string,
  settings: Settings,
  secrets: readonly string[],
  secretExample: string,
): Promise<Fault[]> => {
  const faults = await settingsRuleFaults(kind, settings)
  const needed = Object.fromEntries(neededSecrets(settings).map(({ name, field }) => [name, field]))
  return [
    ...faults.map(({ field, problem }) => ({ path: ['settings', ...stepsOf(`/${field}`)], reason: problem })),
    ...secretFaults(needed, secrets, secretExample),
  ]
}

/** `needed`: the setting that needs each secret. */
const secretFaults = (
  needed: Readonly<Record<string, string>>,
  secrets: readonly string[],
  secretExample: string,
): Fault[] => [
  ...Object.entries(needed).flatMap(([secret, setting]) =>
    secrets.includes(secret)
      ? []
      : [
          {
            path: ['settings', setting],
            reason: `needs the secret ${secret}; add secrets: {${secret}: ${secretExample}}`,
          },
        ],
  ),
  ...secrets.flatMap(secret =>
    Object.hasOwn(needed, secret)
      ? []
      : [{ path: ['secrets', secret], reason: `is used by no setting${didYouMean(secret, Object.keys(needed))}` }],
  ),
]
