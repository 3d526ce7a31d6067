import type { HeartbeatSettings } from '#events/heartbeat-settings.ts'
import { isSchedule } from '#functions/checks/heartbeat.ts'
import type { HttpSettings } from '#functions/checks/http.ts'
import { jsonPathProblem } from '#functions/checks/json-path.ts'
import type { Settings } from '#functions/checks/settings.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Fault } from './schema-faults.ts'

/**
 * What is wrong with settings that their schema accepts, and with the names of the secrets that belong to them. The
 * paths begin in the entry of the monitor.
 */
export const ruleFaults = async (kind: string, settings: Settings, secrets: readonly string[]): Promise<Fault[]> => {
  switch (kind) {
    case 'http':
      return httpFaults(settings, secrets)
    case 'heartbeat':
      return heartbeatFaults(settings)
    default:
      return []
  }
}

const heartbeatFaults = async ({ cron, timeZone = 'UTC' }: HeartbeatSettings): Promise<Fault[]> => {
  if (cron === undefined || (await isSchedule(cron, timeZone, new Date()))) return []
  return (await isSchedule(everyDay, timeZone, new Date()))
    ? [
        {
          path: ['settings', 'cron'],
          reason: `${JSON.stringify(cron)} is not a schedule of five fields; write it like ${everyDay}`,
        },
      ]
    : [
        {
          path: ['settings', 'timeZone'],
          reason: `${JSON.stringify(timeZone)} is not a time zone; write it like America/Sao_Paulo`,
        },
      ]
}

const everyDay = '30 2 * * *'

const httpFaults = async (settings: Settings, secrets: readonly string[]): Promise<Fault[]> => {
  const { json = [], auth, certificate } = settings as HttpSettings
  const problems = await Promise.all(json.map(({ path }) => jsonPathProblem(path)))
  const needed = {
    ...(auth !== undefined && ('basic' in auth ? { password: 'auth' } : { token: 'auth' })),
    ...(certificate === 'own-ca' && { ca: 'certificate' }),
  }
  return [
    ...problems.flatMap((problem, at) =>
      problem === null
        ? []
        : [
            {
              path: ['settings', 'json', at, 'path'],
              reason: `${JSON.stringify(json[at]!.path)} is not a JSONPath: ${problem}`,
            },
          ],
    ),
    ...secretFaults(needed, secrets),
  ]
}

/** `needed`: the setting that needs each secret. */
const secretFaults = (needed: Readonly<Record<string, string>>, secrets: readonly string[]): Fault[] => [
  ...Object.entries(needed).flatMap(([secret, setting]) =>
    secrets.includes(secret)
      ? []
      : [{ path: ['settings', setting], reason: `needs the secret ${secret}; add secrets: {${secret}: {env: NAME}}` }],
  ),
  ...secrets.flatMap(secret =>
    Object.hasOwn(needed, secret)
      ? []
      : [{ path: ['secrets', secret], reason: `is used by no setting${didYouMean(secret, Object.keys(needed))}` }],
  ),
]
