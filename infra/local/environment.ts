import { isLimit, limitVariables } from '#functions/monitors/limits.ts'
import { type Level, levels } from './activator/log-lines.ts'

/** The checked environment of `npm start`. An empty variable is the same as a missing one. */
export interface Settings {
  /** PORT: the pages, the API and the functions, for this machine only. */
  port: number
  /** PUBLIC_PORT: the public functions, for a reverse proxy; undefined: the default. */
  publicPort: number | undefined
  dataDir: string | undefined
  /** The lowest level of the log lines that functions write and that the terminal shows. */
  logLevel: Level | undefined
  databaseUrl: string | undefined
  mongodbUri: string | undefined
  publicUrl: URL | undefined
  probeAllow: string | undefined
  probeReference: string | undefined
  telegram: {
    botToken: string | undefined
    webhookSecret: string | undefined
    apiRoot: string | undefined
    opsBotToken: string | undefined
    opsChatId: string | undefined
    botName: string | undefined
  }
  tvmazeUrl: string | undefined
  /** The OTLP receiver that functions export their traces to. */
  otlpEndpoint: string | undefined
  /** HEARTBEAT_URL, which may contain a secret. */
  heartbeatUrl: string | undefined
  /** The limits that functions/monitors/limits.ts reads, by the names of their variables. */
  limits: Record<string, string | undefined>
}

/** The settings, or one line for each invalid value. A line never contains the value of a secret. */
export const readEnvironment = (env: NodeJS.ProcessEnv): Settings | string[] => {
  const faults: string[] = []
  const read = (name: string) => env[name]?.trim() || undefined
  const check = (name: string, isValid: (value: string) => boolean, problem: string) => {
    const value = read(name)
    if (value !== undefined && !isValid(value)) faults.push(`${name} ${problem}`)
    return value
  }
  const url = (name: string, protocols: RegExp, problem: string) =>
    check(name, value => URL.canParse(value) && protocols.test(new URL(value).protocol), problem)
  const token = (name: string) =>
    check(
      name,
      value => /^\d+:[\w-]+$/.test(value),
      'is not a valid bot token; a token from @BotFather looks like 123456789:AbC…',
    )

  const port = check('PORT', isPort, `is "${env.PORT}"; it should be a port from 1 to 65535, or 0 for any free port`)
  const publicPort = check(
    'PUBLIC_PORT',
    isPort,
    `is "${env.PUBLIC_PORT}"; it should be a port from 1 to 65535, or 0 for any free port`,
  )
  if (publicPort !== undefined && Number(publicPort) === Number(port ?? 8080) && Number(publicPort) !== 0)
    faults.push(`PUBLIC_PORT is ${publicPort}, the same as PORT; set it to another port`)
  const logLevel = check(
    'LOG_LEVEL',
    value => (levels as readonly string[]).includes(value),
    `is "${env.LOG_LEVEL}"; it should be one of ${levels.join(', ')}`,
  )
  const databaseUrl = url('DATABASE_URL', /^postgres(ql)?:$/, 'should begin with postgresql://')
  const mongodbUri = check('MONGODB_URI', value => /^mongodb(\+srv)?:\/\//.test(value), 'should begin with mongodb://')
  const publicUrl = check(
    'PUBLIC_URL',
    isPublic,
    `is "${env.PUBLIC_URL}"; it should be the https:// address at which Telegram reaches this machine`,
  )
  const probeAllow = read('PROBE_ALLOW')
  const notCidr = probeAllow?.split(',').find(range => !isCidr(range.trim()))
  if (notCidr !== undefined)
    faults.push(`PROBE_ALLOW has "${notCidr.trim()}", which is not a valid CIDR such as 192.168.0.0/16`)
  const probeReference = check(
    'PROBE_REFERENCE',
    value => value.split(',').every(address => isTcp(address.trim())),
    'should be tcp://host:port of a host that is always up, or several of them separated by commas',
  )
  const http = /^https?:$/
  const telegram = {
    botToken: token('TELEGRAM_BOT_TOKEN'),
    webhookSecret: check(
      'TELEGRAM_WEBHOOK_SECRET',
      value => /^[\w-]{1,256}$/.test(value),
      'should be 1 to 256 characters from A-Z a-z 0-9 _ -',
    ),
    apiRoot: url('TELEGRAM_API_ROOT', http, 'should begin with https:// or http://'),
    opsBotToken: token('TELEGRAM_OPS_BOT_TOKEN'),
    opsChatId: check('TELEGRAM_OPS_CHAT_ID', value => /^(-?\d+|@\w+)$/.test(value), 'should be a number, or @channel'),
    botName: check('TELEGRAM_BOT_NAME', value => /^\w{5,32}$/.test(value), 'should be the name of the bot without @'),
  }
  if ((telegram.opsBotToken === undefined) !== (telegram.opsChatId === undefined))
    faults.push('TELEGRAM_OPS_BOT_TOKEN and TELEGRAM_OPS_CHAT_ID belong together; set both or neither')
  if (publicUrl !== undefined && isPublic(publicUrl) && telegram.botToken === undefined)
    faults.push('PUBLIC_URL is where Telegram reaches your bot, but no bot is set; set TELEGRAM_BOT_TOKEN too')
  const tvmazeUrl = url('TVMAZE_URL', http, 'should begin with https:// or http://')
  const limits = Object.fromEntries(
    Object.values(limitVariables).map(({ name }) => [
      name,
      check(name, isLimit, `is "${env[name]}"; it must be a whole number from 1 to 999999999`),
    ]),
  )
  const otlpEndpoint = url('OTEL_EXPORTER_OTLP_ENDPOINT', http, 'should begin with https:// or http://')
  const heartbeatUrl = url('HEARTBEAT_URL', http, 'should begin with https:// or http://')
  if (faults.length > 0) return faults
  return {
    port: port === undefined ? 8080 : Number(port),
    publicPort: publicPort === undefined ? undefined : Number(publicPort),
    dataDir: read('DATA_DIR'),
    logLevel: logLevel as Level | undefined,
    otlpEndpoint,
    databaseUrl,
    mongodbUri,
    publicUrl: publicUrl === undefined ? undefined : new URL(publicUrl),
    probeAllow,
    probeReference,
    telegram,
    tvmazeUrl,
    heartbeatUrl,
    limits,
  }
}

const isPort = (value: string) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535

/**
 * Whether the value is an http(s) URL that contains no credentials and whose host is not this machine. Telegram cannot
 * reach localhost.
 */
const isPublic = (value: string) => {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, username, password } = new URL(value)
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost') || /^(127\.|\[::1\])/.test(hostname)
  return /^https?:$/.test(protocol) && username === '' && password === '' && !isLocal
}

const isTcp = (value: string) => /^tcp:\/\/(?:[^/:@]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(value) && URL.canParse(value)

const isCidr = (range: string) => {
  const [, four, bits] = /^((?:\d{1,3}\.){3}\d{1,3})\/(\d{1,2})$/.exec(range) ?? []
  if (four !== undefined) return four.split('.').every(part => Number(part) <= 255) && Number(bits) <= 32
  const [, six, length] = /^([0-9a-f:.]+)\/(\d{1,3})$/i.exec(range) ?? []
  return six?.includes(':') && URL.canParse(`http://[${six}]/`) && Number(length) <= 128
}
