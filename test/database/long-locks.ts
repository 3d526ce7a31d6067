/** A statement that may lock a table with many rows for long. */
export interface LongLock {
  table: string
  why: string
}

const simplified = (sql: string) =>
  sql
    .replace(/--[^\n]*/g, ' ')
    .replace(/\$(\w*)\$.*?\$\1\$/gs, ' body ')
    .replace(/'[^']*'/g, ' text ')
    .toLowerCase()
    .replace(/\s+/g, ' ')

/** The parts of `text` between the commas that are in no brackets. */
const parts = (text: string): string[] => {
  const found = ['']
  let depth = 0
  for (const letter of text) {
    if (letter === '(') depth++
    if (letter === ')') depth--
    if (letter === ',' && depth === 0) found.push('')
    else found[found.length - 1] += letter
  }
  return found.map(part => part.trim())
}

/** What an action of `alter table` does to every row while nobody else can use the table; null if it does not. */
const slowAction = (action: string): string | null => {
  if (/^add (constraint \w+ )?(check|foreign key)\b/.test(action) && !action.endsWith('not valid'))
    return 'checks every row: add the constraint "not valid", and validate it in the next migration'
  if (/^add (constraint \w+ )?(primary key|unique)\b/.test(action) && !action.includes('using index'))
    return 'builds an index: use an index that exists'
  if (/^add column .* (check|references|unique|primary key)\b/.test(action))
    return 'checks every row: add it "not valid"'
  if (/^add column .* (stored|default (gen_)?random|default clock_timestamp)/.test(action))
    return 'writes every row anew'
  if (/^alter column \w+ (set data )?type\b/.test(action)) return 'writes every row anew'
  if (/^alter column \w+ set not null/.test(action)) return 'reads every row'
  return null
}

const locksOf = (statement: string): LongLock[] => {
  const [, indexed] = /^create (?:unique )?index (?!concurrently).*? on (?:only )?(\w+)/.exec(statement) ?? []
  if (indexed !== undefined) return [{ table: indexed, why: 'builds an index while nobody can write' }]
  const [, altered, actions = ''] = /^alter table (?:if exists )?(?:only )?(\w+) (.*)$/.exec(statement) ?? []
  if (altered !== undefined)
    return parts(actions).flatMap(action => {
      const why = slowAction(action)
      return why === null ? [] : [{ table: altered, why }]
    })
  const [, written] = /^(?:update|delete from) (\w+)/.exec(statement) ?? []
  if (written !== undefined)
    return [{ table: written, why: 'writes rows that stay locked until all migrations are done' }]
  return /^(lock|cluster|vacuum|reindex)\b/.test(statement) ? [{ table: '', why: 'locks whole tables' }] : []
}

/**
 * The long locks of a migration on tables that it does not make itself. A comment `-- Locks monitor: <why that is
 * short>` allows those on one table.
 */
export const longLocks = (sql: string): LongLock[] => {
  const text = simplified(sql)
  const own = new Set([...text.matchAll(/create table (?:if not exists )?(\w+)/g)].map(([, table]) => table))
  const explained = new Set([...sql.matchAll(/^-- Locks (\w+): ./gm)].map(([, table]) => table))
  return text
    .split(';')
    .flatMap(statement => locksOf(statement.trim()))
    .filter(({ table }) => !own.has(table) && !explained.has(table))
}
