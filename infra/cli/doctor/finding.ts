import { redact, secretsOf } from '#functions/host/redact.ts'
import { countText } from './figures.ts'

/**
 * The result of a check. `found` is what was found, with its figure. A warning or a failure also has why it matters
 * and the next step, which is a command where there is one.
 */
export type Result =
  | { state: 'ok' | 'skipped'; found: string }
  | { state: 'warning' | 'failed'; found: string; why: string; next: string }

export type Finding = { check: string } & Result

/** A check changes nothing. An error that `run` throws becomes a failure. */
export interface Check {
  name: string
  run(): Promise<Result>
}

export const ok = (found: string): Result => ({ state: 'ok', found })

/** The check makes no sense here, or it needs something that another check has reported as missing. */
export const skipped = (found: string): Result => ({ state: 'skipped', found })

export const warning = (found: string, why: string, next: string): Result => ({ state: 'warning', found, why, next })

export const failed = (found: string, why: string, next: string): Result => ({ state: 'failed', found, why, next })

/** Runs all checks at the same time. A check without a result after `timeLimitMs` is a failure. */
export const findingsOf = (checks: readonly Check[], timeLimitMs: number): Promise<Finding[]> =>
  Promise.all(
    checks.map(async ({ name, run }) => {
      try {
        return { check: name, ...(await within(timeLimitMs, run())) }
      } catch (error) {
        const found = `the check ended with an error: ${(error as Error).message}`
        return { check: name, ...failed(found, 'This part of Vigia is not checked.', 'npm run vigia -- doctor') }
      }
    }),
  )

const within = async (timeLimitMs: number, result: Promise<Result>): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result within ${timeLimitMs / 1000} s`)), timeLimitMs)
  })
  try {
    return await Promise.race([result, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** The finding without the secrets of `env` and without control characters, because errors contain foreign text. */
export const clean = (finding: Finding, env: NodeJS.ProcessEnv): Finding => {
  const secrets = secretsOf(env)
  const cleanText = (text: string) => redact(text, secrets).replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
  return Object.fromEntries(Object.entries(finding).map(([field, text]) => [field, cleanText(text)])) as Finding
}

/** One line for each finding; below a warning or a failure, why it matters and the next step. */
export const formatFindings = (findings: readonly Finding[]): string => {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(finding => {
    const { check, state, found } = finding
    const line = `${state.padEnd(7)}  ${check.padEnd(width)}  ${found}`
    return 'why' in finding ? [line, `         why:  ${finding.why}`, `         next: ${finding.next}`] : [line]
  })
  return [...lines, '', summaryOf(findings)].join('\n')
}

/** The number of findings by state: `14 checks: 11 ok, 2 warnings, 1 failed`. */
export const summaryOf = (findings: readonly Finding[]): string => {
  const counts = (['ok', 'skipped', 'warning', 'failed'] as const)
    .map(state => ({ state, count: findings.filter(finding => finding.state === state).length }))
    .filter(({ count }) => count > 0)
  return `${countText(findings.length, 'check')}: ${counts
    .map(({ state, count }) => (state === 'warning' ? countText(count, state) : `${count} ${state}`))
    .join(', ')}`
}
