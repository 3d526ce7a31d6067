import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { root } from '#infra/repository.ts'

const file = 'infra/cluster/onprem/restore.yaml'

/** The Job that restores a dump of PostgreSQL. It is not part of an overlay. */
export const restoreJob = (): Manifest => ({ file, ...parse(readFileSync(join(root, file), 'utf8')) })
