import { isIP } from 'node:net'
import type { HeartbeatSettings } from '#events/heartbeat-settings.ts'
import { type DnsSettings, parsedServer } from './dns.ts'
import { isSchedule } from './heartbeat.ts'
import type { HttpSettings } from './http.ts'
import type { Settings, SettingsFault } from './settings.ts'
import { starttlsRecipes, type TcpSettings } from './tcp.ts'
import type { WebSocketSettings } from './websocket.ts'

/** What is wrong with settings that their schema accepts. */
export const settingsRuleFaults = async (kind: string, settings: Settings): Promise<SettingsFault[]> => {
  switch (kind) {
    case 'http':
      return [...headerFaults(settings), ...statusFaults(settings), ...(await jsonFaults(settings))]
    case 'websocket':
      return headerFaults(settings)
    case 'tcp':
      return tcpFaults(settings)
    case 'dns':
      return dnsFaults(settings)
    case 'heartbeat':
      return heartbeatFaults(settings)
    default:
      return []
  }
}

/** The names of the secrets that a check with these settings needs, each with the setting that needs it. */
export const neededSecrets = (settings: Settings): { name: string; field: string }[] => {
  const { auth, certificate } = settings as Pick<HttpSettings, 'auth' | 'certificate'>
  return [
    ...(auth === undefined ? [] : [{ name: 'basic' in auth ? 'password' : 'token', field: 'auth' }]),
    ...(certificate === 'own-ca' ? [{ name: 'ca', field: 'certificate' }] : []),
  ]
}

/** Headers that the client sets itself, because another value would break the connection. */
const ownHeaders = new Set([
  ...['connection', 'content-length', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['sec-websocket-extensions', 'sec-websocket-key', 'sec-websocket-protocol', 'sec-websocket-version'],
])
/** Headers that carry passwords and tokens, which must not be stored with the settings. */
const secretHeaders = new Set(['authorization', 'cookie', 'proxy-authorization'])

const headerFaults = ({ headers = {} }: Pick<HttpSettings | WebSocketSettings, 'headers'>): SettingsFault[] =>
  Object.keys(headers).flatMap(name => {
    const field = `headers/${name}`
    if (secretHeaders.has(name.toLowerCase()))
      return [{ field, problem: 'is a secret; use auth, and put the password or the token into the secrets' }]
    return ownHeaders.has(name.toLowerCase()) ? [{ field, problem: 'is set by Vigia' }] : []
  })

const statusFaults = ({ status = '' }: HttpSettings): SettingsFault[] =>
  status.split(',').flatMap(range => {
    const [first, last] = range.split('-').map(Number)
    return last !== undefined && first! > last
      ? [{ field: 'status', problem: `has the range ${range.trim()}, whose end is before its beginning` }]
      : []
  })

const jsonFaults = async ({ json = [] }: HttpSettings): Promise<SettingsFault[]> => {
  if (json.length === 0) return []
  const { jsonPathProblem } = await import('./json-path.ts')
  const problems = await Promise.all(json.map(({ path }) => jsonPathProblem(path)))
  return problems.flatMap((problem, at) =>
    problem === null
      ? []
      : [
          {
            field: `json/${at}/path`,
            problem: `${JSON.stringify(json[at]!.path)} is not a JSONPath: ${problem}; write it like $.status (RFC 9535)`,
          },
        ],
  )
}

const tcpFaults = ({ recipe, starttls, tls, send, expect, certificate, certificateDays }: TcpSettings) => {
  const faults: SettingsFault[] = []
  if (recipe !== undefined && send !== undefined)
    faults.push({ field: 'send', problem: 'is not possible with a recipe, which sends its own text' })
  if (recipe !== undefined && expect !== undefined)
    faults.push({ field: 'expect', problem: 'is not possible with a recipe, which knows the expected answers' })
  if (starttls && !starttlsRecipes.includes(recipe ?? ''))
    faults.push({ field: 'starttls', problem: `needs one of the recipes ${starttlsRecipes.join(', ')}` })
  if (starttls && tls) faults.push({ field: 'tls', problem: 'is not possible with starttls; choose one of them' })
  if (!starttls && !tls && certificate !== undefined)
    faults.push({ field: 'certificate', problem: 'needs tls or starttls' })
  if (!starttls && !tls && certificateDays !== undefined)
    faults.push({ field: 'certificateDays', problem: 'needs tls or starttls' })
  return faults
}

const dnsFaults = ({ type = 'A', expected = [], server }: DnsSettings): SettingsFault[] => {
  const family = type === 'A' ? 4 : type === 'AAAA' ? 6 : 0
  return [
    ...(server === undefined || parsedServer(server) !== null
      ? []
      : [{ field: 'server', problem: 'is not the address of a name server, such as 9.9.9.9 or [2620:fe::fe]:53' }]),
    ...expected.flatMap((value, at) =>
      family === 0 || isIP(value) === family
        ? []
        : [{ field: `expected/${at}`, problem: `is not an IPv${family} address, which a record of type ${type} has` }],
    ),
  ]
}

const everyDay = '30 2 * * *'

const heartbeatFaults = async ({ cron, timeZone = 'UTC' }: HeartbeatSettings): Promise<SettingsFault[]> => {
  const now = new Date()
  if (cron === undefined || (await isSchedule(cron, timeZone, now))) return []
  return (await isSchedule(everyDay, timeZone, now))
    ? [
        {
          field: 'cron',
          problem: `${JSON.stringify(cron)} is not a schedule of five fields; write it like ${everyDay}`,
        },
      ]
    : [
        {
          field: 'timeZone',
          problem: `${JSON.stringify(timeZone)} is not a time zone; write it like America/Sao_Paulo`,
        },
      ]
}
