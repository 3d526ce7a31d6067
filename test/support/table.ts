/** The lines of a table. Columns have the width of their widest cell; columns of numbers are aligned to the right. */
export const table = (columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] => {
  const cells = [columns, ...rows.map(row => row.map(String))]
  const widths = columns.map((_, column) => Math.max(...cells.map(row => (row[column] ?? '').length)))
  const line = (row: readonly string[], numeric: boolean[]) =>
    row
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
  const numeric = columns.map((_, column) => rows.every(row => typeof row[column] === 'number'))
  return [
    line(columns, numeric),
    widths.map(width => '─'.repeat(width)).join('  '),
    ...cells.slice(1).map(row => line(row, numeric)),
  ]
}
