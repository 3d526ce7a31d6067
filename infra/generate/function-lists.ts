import type { Generator } from './generator.ts'
import { knCommands } from './kn-commands.ts'
import { kustomizations } from './kustomizations.ts'
import { scalingTable } from './scaling-table.ts'
import { smokeList } from './smoke-list.ts'
import { triggerFilters } from './trigger-filters.ts'

/** The lists that name every function, made from the functions and their manifests. `npm run new` writes them too. */
export const functionLists: Generator[] = [kustomizations, smokeList, scalingTable, knCommands, triggerFilters].map(
  files => ({ files }),
)
