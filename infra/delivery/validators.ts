import { join } from 'node:path'
import type { AnySchema } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import type { Plugin } from 'esbuild'
import { allEvents } from '#events/all.ts'
import { newCompiler } from '#events/validate.ts'
import { settingsSchemas } from '#functions/checks/settings-schemas.ts'

/**
 * Replaces events/validate.ts and functions/checks/settings-validator.ts, which compile validators at run time, by
 * validators that the build compiles.
 */
export const validatorsCompiledAhead: Plugin = {
  name: 'validators-compiled-ahead',
  setup: build => {
    build.onLoad({ filter: /[\\/]events[\\/]validate\.ts$/ }, ({ path }) => {
      compiled ??= validatorsModule()
      return { contents: compiled, loader: 'js', resolveDir: join(path, '..') }
    })
    build.onLoad({ filter: /[\\/]functions[\\/]checks[\\/]settings-validator\.ts$/ }, ({ path }) => {
      compiledSettings ??= settingsValidatorModule()
      return { contents: compiledSettings, loader: 'js', resolveDir: join(path, '..') }
    })
  },
}

/** Compiled once per build, because it is the same for every bundle. */
let compiled: string | undefined
let compiledSettings: string | undefined

/** The source of a module that exports `validatorOf`, like events/validate.ts. */
export const validatorsModule = (): string => {
  const compiled = compiledTable(allEvents.map(({ type, schema }) => [type, schema]))
  return `${compiled}\nexport const validatorOf = ({ type }) => compiled.get(type)\n`
}

/** The source of a module that exports `settingsValidator`, like functions/checks/settings-validator.ts. */
export const settingsValidatorModule = (): string => {
  const compiled = compiledTable(Object.entries(settingsSchemas))
  return `${compiled}\nexport const settingsValidator = kind => compiled.get(kind)\n`
}

/** The source of `compiled`: a Map with a validator for each key. */
const compiledTable = (schemas: readonly (readonly [key: string, schema: AnySchema])[]): string => {
  const ajv = newCompiler({ code: { source: true, esm: true, optimize: 2 } })
  const names = new Map(schemas.map(([key], at) => [`compiled${at}`, key]))
  for (const [key, schema] of schemas) ajv.addSchema(schema, key)
  const validators = standalone.default(ajv, Object.fromEntries(names))
  const table = [...names].map(([name, key]) => `[${JSON.stringify(key)}, ${name}]`)
  return `${validators}\nconst compiled = new Map([${table.join(', ')}])`
}
