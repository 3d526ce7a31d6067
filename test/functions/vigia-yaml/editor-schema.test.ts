import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { fileKinds } from '#functions/vigia-yaml/file-schema.ts'
import { kindOfUrl } from '#functions/vigia-yaml/target-of.ts'
import { root } from '#infra/repository.ts'

// The file that editors read, and not the code that makes it. test/generate checks that it is up to date.
const schema = JSON.parse(readFileSync(join(root, 'functions/vigia-yaml/vigia.schema.json'), 'utf8'))
const isValid = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(schema)

const file = (monitor: object) => ({ chats: [{ id: 7, monitors: { shop: monitor } }] })

describe('the JSON Schema for editors', () => {
  test('accepts a valid monitor and refuses an unknown key, a bad duration and an unknown kind', () => {
    const monitor = { url: 'https://shop.example', interval: '5m' }
    expect(isValid(file(monitor)), JSON.stringify(isValid.errors)).toBe(true)
    expect(isValid(file({ ...monitor, ulr: 'x' }))).toBe(false)
    expect(isValid(file({ ...monitor, interval: 'five minutes' }))).toBe(false)
    expect(isValid(file({ ...monitor, kind: 'htpp' }))).toBe(false)
  })

  test.each(fileKinds)('checks the settings of %s by the schema of that kind', kind => {
    expect(isValid(file({ kind, url: `${kind}://shop.example`, settings: {} })), JSON.stringify(isValid.errors)).toBe(
      true,
    )
    expect(isValid(file({ kind, settings: { notASettingOfAnyKind: 1 } }))).toBe(false)
  })

  test.each(['https://shop.example', 'HTTP://shop.example', 'shop.example', 'tcp://shop.example:22'])(
    'knows the kind of %s without being told',
    url => {
      const kind = kindOfUrl(url)
      expect(fileKinds).toContain(kind)
      expect(isValid(file({ url, settings: { notASettingOfAnyKind: 1 } }))).toBe(false)
    },
  )
})
