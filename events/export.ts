import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { allEvents } from './all.ts'

/** The folder of the exported schemas, for programs in other languages. */
export const schemasDir = join(import.meta.dirname, 'schemas')

/**
 * The JSON Schema of the data of every event, by file name. `$id` is the `dataschema` of the event, and `title` is its
 * CloudEvents type.
 */
export const exportedSchemas = (): Map<string, string> =>
  new Map(
    allEvents.map(({ name, type, dataschema, schema }) => [
      `${name.replaceAll('.', '-')}.json`,
      `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', $id: dataschema, title: type, ...schema }, null, 2)}\n`,
    ]),
  )

if (import.meta.main) {
  const schemas = exportedSchemas()
  await mkdir(schemasDir, { recursive: true })
  for (const file of await readdir(schemasDir)) if (!schemas.has(file)) await rm(join(schemasDir, file))
  for (const [file, content] of schemas) await writeFile(join(schemasDir, file), content)
  process.stdout.write(`${schemas.size} schemas written to events/schemas\n`)
}
