import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { importGatus } from '#infra/cli/import/gatus.ts'
import type { Imported } from '#infra/cli/import/imported.ts'

/** The configuration that Gatus reads too. */
export const gatusFile = fileURLToPath(new URL('gatus.yaml', import.meta.url))

/** Imports the configuration for servers with these ports. */
export const importGatusFile = (ports: Readonly<Record<string, string>>): Imported =>
  importGatus(readFileSync(gatusFile, 'utf8'), { ...ports, GATUS_PORT: '1', HOOK_PORT: '1', GATUS_FOLDER: '/tmp' })
