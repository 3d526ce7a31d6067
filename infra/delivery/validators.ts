import { join } from 'node:path'
import standalone from 'ajv/dist/standalone/index.js'
import type { Plugin } from 'esbuild'
import { allEvents } from '#events/all.ts'
import { newCompiler } from '#events/validate.ts'

/** Replaces events/validate.ts, which compiles validators at run time, by validators that the build compiles. */
export const validatorsCompiledAhead: Plugin = {
  name: 'validators-compiled-ahead',
  setup: build => {
    build.onLoad({ filter: /[\\/]events[\\/]validate\.ts$/ }, ({ path }) => {
      compiled ??= validatorsModule()
      return { contents: compiled, loader: 'js', resolveDir: join(path, '..') }
    })
  },
}

/** Compiled once per build, because it is the same for every bundle. */
let compiled: string | undefined

/** The source of a module that exports `validatorOf`, like events/validate.ts. */
export const validatorsModule = (): string => {
  const ajv = newCompiler({ code: { source: true, esm: true, optimize: 2 } })
  const names = new Map(allEvents.map(({ type }, at) => [`event${at}`, type]))
  for (const { type, schema } of allEvents) ajv.addSchema(schema, type)
  const validators = standalone.default(ajv, Object.fromEntries(names))
  const table = [...names].map(([name, type]) => `${JSON.stringify(type)}: ${name}`)
  return `${validators}\nconst compiled = { ${table.join(', ')} }\nexport const validatorOf = ({ type }) => compiled[type]\n`
}
