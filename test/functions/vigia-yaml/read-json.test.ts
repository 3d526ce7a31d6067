import { expect, test } from 'vitest'
import { readText } from '#functions/vigia-yaml/read-file.ts'
import { parseJson } from '#infra/files/json-text.ts'

/** A comment makes a text YAML that is not JSON. */
const asYaml = (json: string) => `# YAML\n${json}`

test.each([
  '{"a": [1, -0, 1e3, 12345678901234567890, null, true, "x: y # no comment, {no object}"]}',
  '{\n\t"tabs":\t[\n\t\t1,\n\t\t{}\n\t]\n}',
  '{"\\u0061b\\"\\\\": "\\ud83d\\ude00\\n\\/", "": "", "1": 1, "null": "null", "<<": {"a": 1}, "constructor": "*a &a !x"}',
  '\r\n[{"__proto__": {"a": 1}}, [[]], [{}], "…: é"]\n',
])('%j has the value that YAML gives it', text => {
  expect(parseJson(text)).toBeDefined()
  expect(readText('the body', text).value).toEqual(readText('the body', asYaml(text)).value)
})

test('a value of a JSON text has its line', () => {
  const text = JSON.stringify({ chats: [{ id: 7, monitors: { shop: { url: 'https://shop.example' } } }] }, null, 2)
  const { lineOf } = readText('the body', text)
  expect(lineOf(['chats', 0, 'monitors', 'shop', 'url'])).toBe(7)
  expect(lineOf(['chats', 0, 'monitors', 'shop', 'interval'])).toBe(6)
})

test.each([
  ['{"a": 1,\n"a": 2}', 'the body:2: Map keys must be unique: a is there twice'],
  ['{"a": {"b": 1,\n"\\u0062": 2}}', 'the body:2: Map keys must be unique: b is there twice'],
  ['{"a": "\\u0000"}', 'the body: has U+0000'],
  ['{"a": ["\\ud800"]}', 'the body: has U+0000 or half of a surrogate pair'],
  ['{"a": 1\n', 'the body:2: '],
])('%j is refused as before', (text, message) => {
  expect(() => readText('the body', text)).toThrow(message)
})

test('a text that is nested very deeply is left to the parser of YAML', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  expect(parseJson(nested(50))).toBeDefined()
  expect(parseJson(nested(51))).toBeUndefined()
  expect(parseJson(nested(200_000))).toBeUndefined()
})
