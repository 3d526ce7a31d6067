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

/** A ZIP with all tables as one JSON file, and each table as a CSV file. */
export const exportFile = async (tables: Record<string, Row[]>, now: Date): Promise<Buffer> => {
  const { strToU8, zipSync } = await import('fflate')
  const files = {
    'vigia.json': strToU8(`${JSON.stringify({ exportedAt: now.toISOString(), ...tables }, null, 2)}\n`),
    ...Object.fromEntries(Object.entries(tables).map(([table, rows]) => [`${table}.csv`, strToU8(csv(rows))])),
  }
  return Buffer.from(zipSync(files, { mtime: now }))
}
