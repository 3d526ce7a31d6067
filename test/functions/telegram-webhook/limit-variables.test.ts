import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { limitsIn, limitVariables, usualLimits } from '#functions/telegram-webhook/limits.ts'

const here = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

test('a limit is taken from its variable, and is the usual one without it', () => {
  expect(limitsIn({ LIMIT_MONITORS_PER_CHAT: '7', LIMIT_LOOK_SECONDS: '' })).toEqual({
    ...usualLimits,
    monitorsPerChat: 7,
  })
})

test.each(['0', '-1', '1.5', 'many', '1e3', '9999999999'])('%s is refused by the name of its variable', value => {
  expect(() => limitsIn({ LIMIT_MONITORS_PER_PERSON: value })).toThrow(/^LIMIT_MONITORS_PER_PERSON is "/)
})

test('the page of settings names every limit with its default, and the webhook function can be given each', () => {
  const rows = here('infra/local/settings.md')
    .split('\n')
    .filter(line => line.startsWith('| `LIMIT_'))
    .map(line => line.split('|').map(cell => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)))
  const told = new Map(rows.flatMap(([, names = [], , usual = []]) => names.map((name, at) => [name, usual[at]])))
  expect(told).toEqual(new Map(Object.values(limitVariables).map(({ name, usual }) => [name, String(usual)])))
  const manifest = here('knative/services/telegram-webhook.yaml')
  for (const { name } of Object.values(limitVariables)) expect(manifest).toContain(`key: ${name}\n`)
})
