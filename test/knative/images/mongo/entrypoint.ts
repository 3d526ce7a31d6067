/**
 * The entry point of the stand-in for mongo. It runs jongodb, which stores its data in memory and has no users, behind
 * a proxy that checks passwords. At the first start it runs the scripts of /docker-entrypoint-initdb.d, which create
 * the users, as the entry point of the official image does.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { mongoAnswers } from '#local/databases/ask-mongo.ts'
import { authenticatingProxy } from './authenticating-proxy.ts'
import { type Credentials, credentialsOf } from './scram.ts'

const usersFile = '/data/db/users.json'
const scripts = '/docker-entrypoint-initdb.d'
const jongodbPort = 27_018
const port = 27_017

const say = (line: string) => process.stdout.write(`${line}\n`)

const die = (line: string): never => {
  say(line)
  process.exit(1)
}

/** What the scripts of mongosh may use of `db`. */
const shell = (database: string, users: Record<string, Credentials>): object => ({
  getSiblingDB: (name: string) => shell(name, users),
  createUser: ({ user, pwd }: { user: string; pwd?: string }) => {
    if (!pwd) throw new Error(`the user ${user} has no password`)
    users[`${database}.${user}`] = credentialsOf(pwd)
    say(`created the user ${user} of the database ${database}`)
  },
})

const createUsers = (): Record<string, Credentials> => {
  const users: Record<string, Credentials> = {}
  const files = existsSync(scripts) ? readdirSync(scripts).filter(name => name.endsWith('.js')) : []
  for (const file of files.toSorted()) {
    say(`running ${file}`)
    const globals = { db: shell('test', users), process: { env: process.env } }
    runInNewContext(readFileSync(join(scripts, file), 'utf8'), globals, { filename: file })
  }
  writeFileSync(usersFile, JSON.stringify(users), { mode: 0o600 })
  return users
}

const options = process.argv.slice(2)
for (const option of options)
  if (option !== '--auth' && !option.startsWith('--wiredTigerCacheSizeGB='))
    die(`${option} is not an option of this stand-in for mongod; it knows --auth and --wiredTigerCacheSizeGB=<number>`)
if (!options.includes('--auth')) die('this stand-in for mongod runs only with --auth')

const jongodb = spawn('/usr/local/bin/jongodb', ['--host=127.0.0.1', `--port=${jongodbPort}`, '--database=vigia'], {
  stdio: ['ignore', 'inherit', 'inherit'],
})
let isStopping = false
const ended = new Promise<void>(resolve => {
  jongodb.once('exit', (code, signal) => {
    if (!isStopping) die(`jongodb ended with ${signal ?? `exit code ${code}`}`)
    resolve()
  })
})
for (const signal of ['SIGTERM', 'SIGINT'])
  process.once(signal, async () => {
    isStopping = true
    jongodb.kill('SIGTERM')
    await ended
    process.exit(0)
  })

const users = existsSync(usersFile)
  ? (JSON.parse(readFileSync(usersFile, 'utf8')) as Record<string, Credentials>)
  : createUsers()

const serve = async () => {
  while (!(await mongoAnswers(jongodbPort))) await setTimeout(50)
  authenticatingProxy(jongodbPort, (database, user) => users[`${database}.${user}`]).listen(port, '0.0.0.0', () =>
    say(`listening on port ${port}`),
  )
}
// The bundle is CommonJS, which has no top-level await.
void serve()
