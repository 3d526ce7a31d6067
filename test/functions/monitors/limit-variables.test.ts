import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { defaultLimits, limitsIn, limitVariables } from '#functions/monitors/limits.ts'

const readProjectFile = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

test('a limit comes from its variable; without the variable it has its default', () => {
  expect(limitsIn({ LIMIT_MONITORS_PER_CHAT: '7', LIMIT_MANUAL_CHECK_SECONDS: '' })).toEqual({
    ...defaultLimits,
    monitorsPerChat: 7,
  })
})

test.each(['0', '-1', '1.5', 'many', '1e3', '9999999999'])(
  'the value %s is refused, and the error names the variable',
  value => {
    expect(() => limitsIn({ LIMIT_MONITORS_PER_PERSON: value })).toThrow(/^LIMIT_MONITORS_PER_PERSON is "/)
  },
)

test('the settings page lists every limit with its default, and the manifest of telegram-webhook passes each variable on', () => {
  const rows = readProjectFile('infra/local/settings.md')
    .split('\n')
    .filter(line => line.startsWith('| `LIMIT_'))
    .map(line => line.split('|').map(cell => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)))
  const documented = new Map(rows.flatMap(([, names = [], , usual = []]) => names.map((name, at) => [name, usual[at]])))
  expect(documented).toEqual(
    new Map(Object.values(limitVariables).map(({ name, defaultValue }) => [name, String(defaultValue)])),
  )
  const manifest = readProjectFile('knative/services/telegram-webhook.yaml')
  for (const { name } of Object.values(limitVariables)) expect(manifest).toContain(`key: ${name}\n`)
})
