type Row = Record<string, unknown>

/** A cell of CSV. A text that a spreadsheet would take for a formula gets an apostrophe. */
const cell = (value: unknown): string => {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const safe = typeof value === 'string' && /^[=+@\t\r-]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const csv = (rows: readonly Row[]): string => {
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const lines = [columns, ...rows.map(row => columns.map(column => cell(row[column])))]
  // Spreadsheets recognise UTF-8 by the mark.
  return `\ufeff${lines.map(line => line.join(',')).join('\r\n')}\r\n`
}

/** One row in each line, because indented lists of numbers would take several times the memory. */
const json = (tables: Record<string, readonly Row[]>, now: Date): string => {
  const lists = Object.entries(tables).map(
    ([table, rows]) => `,\n"${table}": [\n${rows.map(row => JSON.stringify(row)).join(',\n')}\n]`,
  )
  return `{"exportedAt": "${now.toISOString()}"${lists.join('')}}\n`
}

/** A ZIP with all tables as one JSON file, and each table as a CSV file. */
export const exportFile = async (tables: Record<string, Row[]>, now: Date): Promise<Buffer> => {
  const { strToU8, zipSync } = await import('fflate')
  const files = {
    'vigia.json': strToU8(json(tables, now)),
    ...Object.fromEntries(Object.entries(tables).map(([table, rows]) => [`${table}.csv`, strToU8(csv(rows))])),
  }
  return Buffer.from(zipSync(files, { mtime: now }))
}
