import { resolve } from 'node:path'
import { checksOf } from './doctor/checks.ts'
import { clean, findingsOf, formatFindings, summaryOf } from './doctor/finding.ts'
import { installationOf } from './doctor/installation.ts'
import { connect } from './doctor/postgres-checks.ts'
import { parseArguments } from './usage-error.ts'
import type { Verb } from './verb.ts'

/** The time limit of an answer. A check may need several answers and has its own, longer limit. */
const answerTimeoutMs = 5_000
const checkTimeLimitMs = 15_000

/** Checks an installation and changes nothing. The command fails if a check failed. */
export const verb: Verb = {
  help: 'doctor [--json] [--backups /backups]      checks the installation, and says what to do about each finding',

  run: async (args, { env, print }) => {
    const { values } = parseArguments({ args, options: { json: { type: 'boolean' }, backups: { type: 'string' } } })
    const installation = await installationOf(env)
    const database = await connect(installation, answerTimeoutMs)
    const checks = checksOf(installation, {
      database,
      backups: resolve(values.backups ?? '/backups'),
      now: new Date(),
      timeoutMs: answerTimeoutMs,
    })
    const findings = (await findingsOf(checks, checkTimeLimitMs)).map(finding => clean(finding, env))
    if ('end' in database) await database.end()
    print(values.json ? JSON.stringify(findings, null, 2) : formatFindings(findings))
    if (findings.some(({ state }) => state === 'failed')) throw new Error(summaryOf(findings))
  },
}
