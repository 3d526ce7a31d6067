import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const root = join(import.meta.dirname, '../..')
export const rulesFolder = join(root, 'infra/observability/rules')
/** Test cases for `promtool test rules`, in one file for each file of rules. */
export const ruleTestsFolder = join(import.meta.dirname, 'rules')

export interface Rule {
  alert?: string
  record?: string
  expr: string
  for?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}
export type Alert = Rule & Required<Pick<Rule, 'alert' | 'labels' | 'annotations'>>

interface RuleTest {
  name: string
  interval: string
  promql_expr_test: { expr: string; exp_samples: unknown[] }[]
}

export const yamlFiles = (folder: string) => readdirSync(folder).filter(name => name.endsWith('.yml'))

export const rules = (): Rule[] =>
  yamlFiles(rulesFolder).flatMap(name => {
    const { groups } = parse(readFileSync(join(rulesFolder, name), 'utf8')) as { groups: { rules: Rule[] }[] }
    return groups.flatMap(group => group.rules)
  })

export const alerts = (): Alert[] => rules().filter((rule): rule is Alert => rule.alert !== undefined)

export const ruleTests = (): RuleTest[] =>
  yamlFiles(ruleTestsFolder).flatMap(
    name => (parse(readFileSync(join(ruleTestsFolder, name), 'utf8')) as { tests: RuleTest[] }).tests,
  )
