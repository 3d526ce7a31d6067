import { describe, expect, test } from 'vitest'
import { cesqlErrors, cesqlPredicate } from '#local/filters/cesql.ts'
import type { Filter } from '#local/filters/filter.ts'
import { filterErrors, onlyType, predicate } from '#local/filters/filter-predicate.ts'

const required = { specversion: '1.0', id: '1', source: '/functions/a', type: 'dev.vigia.monitor.down' }
const full: Record<string, string> = {
  ...required,
  subject: 'monitor/42',
  time: '2026-11-21T12:00:00Z',
  datacontenttype: 'application/json',
  tick: 'prober',
  num: '5',
  flag: 'true',
}
const minimal: Record<string, string> = required

/** Which of the two events pass the filters: both, the full event, the minimal event, or none. */
const passing = (filters: Filter[]): string => {
  const passes = predicate(filters)
  const [passesFull, passesMinimal] = [passes(full), passes(minimal)]
  return passesFull && passesMinimal ? 'both' : passesFull ? 'full' : passesMinimal ? 'minimal' : 'none'
}

const rows: [title: string, filters: Filter[], passes: string][] = [
  ['an empty list of filters lets everything through', [], 'both'],
  ['attributes compare exactly', [{ attributes: { type: 'dev.vigia.monitor.down' } }], 'both'],
  ['attributes are case-sensitive', [{ attributes: { type: 'dev.vigia.Monitor.down' } }], 'none'],
  ['every key of attributes must match', [{ attributes: { tick: 'prober', num: '5' } }], 'full'],
  ['attributes with one key that does not match do not match', [{ attributes: { tick: 'prober', num: '6' } }], 'none'],
  ['id, source, specversion, time and datacontenttype are attributes too', [{ exact: { ...full } }], 'full'],
  ['an empty value in attributes asks for presence', [{ attributes: { tick: '' } }], 'full'],
  ['exact on a missing attribute does not match', [{ exact: { nope: 'x' } }], 'none'],
  ['prefix matches the beginning', [{ prefix: { subject: 'monitor/' } }], 'full'],
  ['suffix matches the end', [{ suffix: { type: '.down' } }], 'both'],
  ['several keys of prefix must all match', [{ prefix: { type: 'dev.', subject: 'chat/' } }], 'none'],
  ['not turns a missing attribute into a match', [{ not: { exact: { tick: 'prober' } } }], 'minimal'],
  ['not with a filter that never matches lets everything through', [{ not: { exact: { nope: 'x' } } }], 'both'],
  ['all needs every element', [{ all: [{ exact: { tick: 'prober' } }, { suffix: { type: '.down' } }] }], 'full'],
  ['any needs one element that matches', [{ any: [{ exact: { tick: 'prober' } }, { exact: { id: '2' } }] }], 'full'],
  [
    'any may have several elements with the dialect exact',
    [{ any: [{ exact: { id: '9' } }, { exact: { id: '1' } }] }],
    'both',
  ],
  ['every element of filters must match', [{ exact: { id: '1' } }, { exact: { num: '5' } }], 'full'],
  ['CESQL is an element like the other dialects', [{ cesql: 'EXISTS tick AND num > 4' }], 'full'],
]

test.each(rows)('%s', (_, filters, passes) => {
  expect(passing(filters)).toBe(passes)
})

test('if the filters allow only one type, that type is found', () => {
  expect(onlyType([{ attributes: { type: 'a', tick: 'b' } }])).toBe('a')
  expect(onlyType([{ prefix: { id: 'x' } }, { all: [{ exact: { type: 'a' } }] }])).toBe('a')
  expect(onlyType([{ any: [{ exact: { type: 'a' } }] }])).toBeNull()
  expect(onlyType([{ not: { exact: { type: 'a' } } }])).toBeNull()
  expect(onlyType([{ prefix: { type: 'a' } }])).toBeNull()
})

describe('a filter that Knative would not apply as it is written is refused', () => {
  const errors: [title: string, filter: unknown, error: RegExp][] = [
    ['an empty not, which ends the filter process of a cluster', { not: {} }, /filter\.not has 0 dialects/],
    [
      'a misspelt dialect, which a cluster removes silently',
      { exacts: { type: 'a' } },
      /exacts is not a filter dialect/,
    ],
    ['an empty value', { exact: { type: '' } }, /exact\.type is empty/],
    ['an empty value in a prefix', { prefix: { type: '' } }, /prefix\.type is empty/],
    ['an empty value deep inside', { all: [{ any: [{ suffix: { id: '' } }] }] }, /all\[0\]\.any\[0\]\.suffix\.id/],
    ['no attribute', { exact: {} }, /names no attribute/],
    ['an empty list', { any: [] }, /any is empty/],
    ['two dialects in one element', { exact: { id: '1' }, prefix: { id: '1' } }, /2 dialects/],
    ['an attribute name with a capital', { exact: { Type: 'a' } }, /not a valid attribute name/],
    ['an attribute name with a dash', { attributes: { 'my-ext': 'a' } }, /not a valid attribute name/],
    ['an attribute name that begins with a digit', { exact: { '1a': 'a' } }, /not a valid attribute name/],
    ['the hop count, which the broker removes first', { exact: { knativebrokerttl: '255' } }, /never matches/],
    ['CESQL that cannot be read', { cesql: 'type =' }, /cesql cannot be read/],
    ['CESQL that is not a boolean', { cesql: 'type' }, /cesql is a string/],
  ]
  test.each(errors)('%s', (_, filter, error) => {
    expect(filterErrors(filter as Filter).join('\n')).toMatch(error)
  })

  const good: Filter[] = [
    { attributes: { type: 'a', tick: '' } },
    { exact: { c1d2e3: 'a', aaaaaaaaaaaaaaaaaaaa: 'b' } },
    { all: [{ prefix: { type: 'a' } }, { not: { suffix: { id: 'b' } } }] },
    { cesql: "type LIKE 'dev.%'" },
  ]
  test.each(good)('%o passes', filter => {
    expect(filterErrors(filter)).toEqual([])
  })
})

describe('CESQL', () => {
  const passes: string[] = [
    // Literals and case.
    'TRUE',
    'tRuE',
    `'a"b\\'c' = "a\\"b'c"`,
    '\'aBc\' = "aBc"',
    "TRUE = 'true' AND FALSE = 'false'",
    // Comparisons: the type of the right side decides how values are compared.
    "type = 'dev.vigia.monitor.down'",
    'num = 5',
    "'TRUE' = true",
    'num <> 6',
    'num != 6',
    'num > 4',
    'num >= 5 AND num <= 5',
    "'9' < 10",
    'flag = TRUE',
    // Arithmetic.
    'num + 1 = 6',
    '1 + 2 * 3 = 7',
    '(1 + 2) * 3 = 9',
    '7 / 2 = 3',
    '-7 / 2 = -3',
    '-7 % 2 = -1',
    '5 - 3 - 1 = 1',
    '-num = -5',
    '2147483647 + 1 = -2147483648',
    // AND, OR and XOR have the same precedence and are right-associative.
    'TRUE OR FALSE AND FALSE',
    'FALSE OR TRUE XOR FALSE',
    // Short circuit: the right side is not evaluated, so an error in it has no effect.
    "TRUE OR nope = 'x'",
    "NOT (FALSE AND nope = 'x')",
    // NOT has a higher precedence than a comparison.
    'NOT flag = FALSE',
    'NOT (num = 6)',
    // LIKE, IN, EXISTS.
    "type LIKE 'dev.%'",
    "subject LIKE 'monitor/__'",
    "'a%c' LIKE 'a\\%c'",
    "'abc' NOT LIKE 'a\\_c'",
    "'' LIKE '%'",
    "234 LIKE '23_'",
    'type LIKE "%.down"',
    'num IN (1, 5)',
    "num IN ('5')",
    "subject IN ('a', subject)",
    "type NOT IN ('a', 'b')",
    "'true' IN (TRUE, 'false')",
    'EXISTS tick',
    'exists ID',
    'NOT EXISTS nope',
    // Functions.
    "UPPER(tick) = 'PROBER' AND LOWER('ÀB') = 'àb'",
    "LENGTH('çã') = 2",
    "CONCAT(id, '-', num) = '1-5'",
    "CONCAT() = ''",
    "CONCAT_WS(',', 'a', 'b') = 'a,b'",
    "TRIM('  a ') = 'a'",
    "LEFT('abc', 2) = 'ab' AND RIGHT('abc', 2) = 'bc' AND LEFT('abc', 9) = 'abc' AND RIGHT('abc', 0) = ''",
    "SUBSTRING('abcdef', 3) = 'cdef' AND SUBSTRING('abcdef', -2) = 'ef' AND SUBSTRING('abcdef', 2, 3) = 'bcd'",
    "SUBSTRING('abc', 0) = ''",
    'ABS(-3) = 3 AND abs(3) = 3',
    "INT('7') = 7 AND BOOL('TRUE') AND STRING(7) = '7'",
    "IS_INT('7') AND NOT (IS_INT('x')) AND IS_BOOL('False')",
    // The name of a function may be in lower case, and its argument may be an attribute.
    'int(num) < int(id) + 5',
  ]
  test.each(passes)('%s passes', text => {
    expect(cesqlErrors(text)).toEqual([])
    expect(cesqlPredicate(text)(full)).toBe(true)
  })

  const fails: string[] = [
    'FALSE',
    'FALSE AND FALSE OR TRUE',
    "TRUE = 'TRUE'",
    "'TRUE' IN (TRUE, 'x')",
    "nope = 'x'",
    "nope != 'x'",
    "NOT (nope = 'x')",
    "nope = 'x' OR TRUE",
    "FALSE AND nope = 'x'",
    "nope LIKE '%'",
    "nope IN ('x')",
    'EXISTS nope',
    '1 / 0 = 0',
    '1 % 0 = 0',
    'ABS(tick) = 0',
    'ABS(-2147483648) = 2147483647',
    "LEFT('abc', -1) = 'abc'",
    "SUBSTRING('abc', 4) = ''",
    'tick > 1',
    'tick AND TRUE',
    "type LIKE 'dev_vigia'",
  ]
  test.each(fails)('%s does not pass', text => {
    expect(cesqlPredicate(text)(full)).toBe(false)
  })

  const unreadable: string[] = [
    '',
    'type =',
    '= type',
    'ABC(',
    "type = 'x",
    'type LIKE 5',
    'type LIKE tick',
    'num -1',
    'num IN ()',
    'num = 99999999999',
    'TRUE TRUE',
    'NOT',
    'type NOT = 1',
    'f1(x)',
    'a_b = 1',
    'type = #',
    `${'('.repeat(500)}TRUE${')'.repeat(500)}`,
  ]
  test.each(unreadable)('%s cannot be read', text => {
    expect(cesqlErrors(text).join()).toMatch(/cannot be read/)
  })

  test('an expression that can never match, or is not a boolean, is an error', () => {
    expect(cesqlErrors('NOPE(tick)').join()).toMatch(/calls NOPE/)
    expect(cesqlErrors('ABS(1, 2) = 1').join()).toMatch(/calls ABS with 2/)
    for (const text of ['1', "'x'", 'num + 1', 'flag', 'UPPER(tick)', '-num'])
      expect(cesqlErrors(text).join()).toMatch(/a filter is true or false/)
  })
})
