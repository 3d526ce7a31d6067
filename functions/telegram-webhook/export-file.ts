import type { Zip } from 'fflate'
import type { ExportedTable } from '#database/chats/personal-data.ts'

/** A cell of CSV. A text that a spreadsheet would take for a formula gets an apostrophe. */
const cell = (value: unknown): string => {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const safe = typeof value === 'string' && /^[=+@\t\r-]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const line = (cells: readonly unknown[]) => `${cells.map(cell).join(',')}\r\n`

/** The rows as CSV; nothing if there are none. All rows of a table have the same columns. */
async function* csv(table: ExportedTable): AsyncGenerator<string> {
  let columns: string[] | undefined
  for await (const rows of table.pages()) {
    if (columns === undefined) {
      columns = Object.keys(rows[0]!)
      // Spreadsheets recognise UTF-8 by the mark.
      yield `\ufeff${line(columns)}`
    }
    for (const row of rows) yield line(columns.map(column => row[column]))
  }
}

/** All tables that have rows, with one row in each line. */
async function* json(tables: readonly ExportedTable[], now: Date): AsyncGenerator<string> {
  yield `{"exportedAt": "${now.toISOString()}"`
  for (const table of tables) {
    let before = `,\n"${table.name}": [\n`
    for await (const rows of table.pages())
      for (const row of rows) {
        yield `${before}${JSON.stringify(row)}`
        before = ',\n'
      }
    if (before === ',\n') yield '\n]'
  }
  const cut = namesOfCut(tables)
  yield cut.length === 0 ? '}\n' : `,\n"incomplete": ${JSON.stringify(cut)}}\n`
}

const namesOfCut = (tables: readonly ExportedTable[]) => tables.filter(table => table.isCut()).map(({ name }) => name)

/** The size of the texts that are compressed together. */
const pieceLength = 65_536

/** Adds a file to the archive piece by piece, so that only its compressed bytes are in the memory. */
const addFile = async (zip: Zip, name: string, mtime: Date, text: AsyncIterable<string>): Promise<void> => {
  const { strToU8, ZipDeflate } = await import('fflate')
  let file: InstanceType<typeof ZipDeflate> | undefined
  let piece = ''
  for await (const part of text) {
    piece += part
    if (piece.length < pieceLength) continue
    file ??= opened()
    file.push(strToU8(piece))
    piece = ''
  }
  if (piece !== '' || file !== undefined) (file ?? opened()).push(strToU8(piece), true)

  function opened() {
    const added = new ZipDeflate(name, { level: 6 })
    added.mtime = mtime
    zip.add(added)
    return added
  }
}

/** A ZIP with all tables as one JSON file, and each table as a CSV file; and the names of tables with too many rows. */
export const exportFile = async (
  tables: readonly ExportedTable[],
  now: Date,
): Promise<{ bytes: Buffer; cut: string[] }> => {
  const { Zip } = await import('fflate')
  const chunks: Uint8Array[] = []
  const zip = new Zip((error, chunk) => {
    if (error) throw error
    chunks.push(chunk)
  })
  await addFile(zip, 'vigia.json', now, json(tables, now))
  for (const table of tables) await addFile(zip, `${table.name}.csv`, now, csv(table))
  zip.end()
  return { bytes: Buffer.concat(chunks), cut: namesOfCut(tables) }
}
