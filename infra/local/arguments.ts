/** What `npm start --` was told. */
export interface Arguments {
  fresh: boolean
  yes: boolean
  downloadMongod: boolean
  verbose: boolean
  watch: boolean
  help: boolean
}

const known: Record<string, keyof Arguments> = {
  '--fresh': 'fresh',
  '--yes': 'yes',
  '--download-mongod': 'downloadMongod',
  '--verbose': 'verbose',
  '--watch': 'watch',
  '--help': 'help',
  '-h': 'help',
}

/** The arguments, or one line about what is wrong with them. */
export const readArguments = (given: readonly string[]): Arguments | string => {
  const said: Arguments = { fresh: false, yes: false, downloadMongod: false, verbose: false, watch: false, help: false }
  for (const argument of given) {
    const name = known[argument]
    if (!name) return `unknown argument ${argument}; npm start -- --help lists them`
    said[name] = true
  }
  return said.yes && !said.fresh ? '--yes answers the question of --fresh; use it only with --fresh' : said
}

export const help = `npm start [-- options]

  --fresh            deletes all data first, after asking
  --yes              answers that question with yes
  --download-mongod  downloads a MongoDB that keeps the catalogue (about 100 MB, once)
  --verbose          lists the fields of the manifests that have no effect on one machine
  --watch            restarts the functions that a change of the code or the manifests affects (npm run dev)
  --help             shows this help

Functions write their log into the data folder. The terminal shows warnings and errors; LOG_LEVEL=info or
LOG_LEVEL=debug shows more. VIGIA_MANIFESTS is a folder with knative/ and triggers/ to use instead of the checkout.

Everything else is set in the environment; see README, "Your own bot":
  PORT, PUBLIC_PORT, PUBLIC_URL, DATA_DIR, LOG_LEVEL, DATABASE_URL, MONGODB_URI, PROBE_ALLOW,
  TELEGRAM_BOT_TOKEN, TELEGRAM_WEBHOOK_SECRET, TELEGRAM_API_ROOT,
  TELEGRAM_OPS_BOT_TOKEN, TELEGRAM_OPS_CHAT_ID, TVMAZE_URL, HEARTBEAT_URL, LIMIT_...
`
