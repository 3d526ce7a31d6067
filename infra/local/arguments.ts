import { parseArgs } from 'node:util'

/** The options of `npm start --`. */
export interface Arguments {
  fresh: boolean
  yes: boolean
  downloadMongod: boolean
  verbose: boolean
  watch: boolean
  help: boolean
}

const options = {
  fresh: { type: 'boolean' },
  yes: { type: 'boolean' },
  'download-mongod': { type: 'boolean' },
  verbose: { type: 'boolean' },
  watch: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** The options, or one line that says what is wrong with them. */
export const readArguments = (args: readonly string[]): Arguments | string => {
  const { values, tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const unknown = tokens.find(token => token.kind !== 'option' || !(token.name in options) || token.value !== undefined)
  if (unknown) return `unknown argument ${args[unknown.index]}; npm start -- --help lists the options`
  const isSet = (name: keyof typeof options) => values[name] === true
  if (isSet('yes') && !isSet('fresh')) return '--yes confirms --fresh; use it only with --fresh'
  return {
    fresh: isSet('fresh'),
    yes: isSet('yes'),
    downloadMongod: isSet('download-mongod'),
    verbose: isSet('verbose'),
    watch: isSet('watch'),
    help: isSet('help'),
  }
}

export const help = `npm start [-- options]

  --fresh            deletes all data first, after a confirmation
  --yes              confirms --fresh without a question
  --download-mongod  downloads a MongoDB that keeps the catalogue (about 100 MB, once)
  --verbose          lists the fields of the manifests that have no effect on one machine
  --watch            restarts the functions that a change of the code or the manifests affects (npm run dev)
  --help             shows this help

Functions write their logs into the data folder. The terminal shows their warnings and errors; LOG_LEVEL=info or
LOG_LEVEL=debug shows more. VIGIA_MANIFESTS names a folder with knative/ and triggers/ to use instead of the checkout.

Everything else is set in the environment; infra/local/settings.md explains each variable:
  PORT, PUBLIC_PORT, PUBLIC_URL, DATA_DIR, LOG_LEVEL, DATABASE_URL, MONGODB_URI, PROBE_ALLOW,
  TELEGRAM_BOT_TOKEN, TELEGRAM_WEBHOOK_SECRET, TELEGRAM_API_ROOT,
  TELEGRAM_OPS_BOT_TOKEN, TELEGRAM_OPS_CHAT_ID, TVMAZE_URL, HEARTBEAT_URL,
  OTEL_EXPORTER_OTLP_ENDPOINT, LIMIT_...
`
