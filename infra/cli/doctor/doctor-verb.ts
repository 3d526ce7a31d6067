import { parseArguments } from '../usage-error.ts'
import type { Verb } from '../verb.ts'
import { type Check, clean, findingsOf, formatFindings, type Result, summaryOf } from './finding.ts'
import type { ReadOnlyDatabase } from './read-only-database.ts'

/** The time limit of one answer. A check may need several answers and has its own, longer limit. */
export const answerTimeoutMs = 10_000
const checkTimeLimitMs = 30_000

export interface Examination {
  /** The result of `connect`. It is closed after the checks. */
  database: ReadOnlyDatabase | Result
  checks: Check[]
}

/**
 * The command `doctor`: runs all checks and prints their findings. It fails if a check failed. `prepare` gets the
 * environment and the folder of --backups.
 */
export const doctorVerb = (
  help: string,
  prepare: (env: NodeJS.ProcessEnv, backups: string | undefined) => Promise<Examination>,
): Verb => ({
  help,
  run: async (args, { env, print }) => {
    const { values } = parseArguments({ args, options: { json: { type: 'boolean' }, backups: { type: 'string' } } })
    // Loads these packages before the checks. Loading blocks this process, so during the checks, answers would seem
    // late on a busy machine.
    await Promise.all([import('got'), import('mongodb'), import('pg')])
    const { database, checks } = await prepare(env, values.backups)
    const findings = (await findingsOf(checks, checkTimeLimitMs)).map(finding => clean(finding, env))
    if ('end' in database) await database.end()
    print(values.json ? JSON.stringify(findings, null, 2) : formatFindings(findings))
    if (findings.some(({ state }) => state === 'failed')) throw new Error(summaryOf(findings))
  },
})
