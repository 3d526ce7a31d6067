import { newCompiler, type Validator } from '#events/validate.ts'
import { type SettingsKind, settingsSchemas } from './settings-schemas.ts'

/**
 * The validator of the settings of a kind, compiled at its first use; undefined for an unknown kind. The build replaces
 * this file with validators that are compiled in advance.
 */
export const settingsValidator = (kind: string): Validator | undefined => {
  if (!Object.hasOwn(settingsSchemas, kind)) return undefined
  let validator = compiled.get(kind)
  if (!validator) {
    validator = newCompiler().compile(settingsSchemas[kind as SettingsKind])
    compiled.set(kind, validator)
  }
  return validator
}

const compiled = new Map<string, Validator>()
