import { expect, test } from 'vitest'
import { statementsOf } from '#database/migration-statements.ts'

test.each([
  ['a line comment', 'select 1; -- one\nselect 2;', 'select 1;\nselect 2;'],
  ['a comment on its own line', 'select 1;\n  -- one\n\n  -- two\nselect 2;', 'select 1;\nselect 2;'],
  ['a comment at the end of the file', 'select 1;\n-- one', 'select 1;'],
  ['a block comment', 'select/* one\ntwo */1;', 'select 1;'],
  ['a block comment in a block comment', "select /* a /* ' */ b */ 1 /***/ + 2;", 'select 1 + 2;'],
  ['a quote in a comment', "select 1; -- it's one\nselect 2; -- it's two", 'select 1;\nselect 2;'],
  ['white space at the ends of lines', 'select 1; \t\n\nselect 2;  \n', 'select 1;\nselect 2;'],
])('%s is removed', (_, sql, statements) => {
  expect(statementsOf(sql)).toBe(statements)
})

test.each([
  ['a string', `select ' -- a  \n\n /* b */ ';`],
  ['a string with a quote', `select 'it''s -- a' || 'b';`],
  ['a string that ends with a backslash', String.raw`select '\', '-- a';`],
  ['an E string with an escaped quote', String.raw`select E'it\'s -- a', e'\\', '-- b';`],
  ['an E string that continues on the next line', `select E'a'\n'\\' -- b';`],
  ['the string of a type whose name ends with e', String.raw`select date'\', '-- a';`],
  ['a quoted name', `select 1 as "a -- ""b"" /* c */";`],
  ['a dollar quote', `do $$ begin -- a  \n\n perform '$a$'; /* b */ end $$;`],
  ['a dollar quote with a tag', `do $a$ begin -- $b$ $$\n end $a$;`],
])('%s keeps comment markers and white space', (_, sql) => {
  expect(statementsOf(sql)).toBe(sql)
})

test.each([
  ['a name with dollar signs begins no dollar quote', 'select a$b$ from c -- $b$', 'select a$b$ from c'],
  ['after a dollar quote comments are removed again', `select $a$ ' $a$ -- it's`, `select $a$ ' $a$`],
  ['after a quoted name comments are removed again', `select 1 as "it's" -- it's`, `select 1 as "it's"`],
  ['an operator ends where a comment begins', 'select 1 +-- one\n2 */* two */3', 'select 1 +\n2 * 3'],
])('%s', (_, sql, statements) => {
  expect(statementsOf(sql)).toBe(statements)
})

test('the comments that tell node-pg-migrate what to run are kept', () => {
  const sql = '-- Up Migration\ncreate table a ();\n--- down migration\ndrop table a;'
  expect(statementsOf(sql)).toBe(sql)
})

test('a line end between two strings is kept, because it joins them', () => {
  expect(statementsOf(`select 'a' -- one\n\n  'b';`)).toBe(`select 'a'\n'b';`)
})
