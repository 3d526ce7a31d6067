import type { ValidationError } from '#events/validate.ts'
import { settingsValidator } from './settings-validator.ts'

/** The settings of a monitor as they are stored: valid by the schema of the kind, and without secrets. */
export type Settings = Readonly<Record<string, unknown>>

/** A setting that is not valid. */
export interface SettingsFault {
  /** The path of the setting: `status`, `json/0/path`; '' for the settings as a whole. */
  field: string
  /** What is wrong, in English: `must be string`. */
  problem: string
}

/** The first fault of settings; null if they are valid. */
export const settingsFault = (kind: string, settings: unknown): SettingsFault | null => {
  const validate = settingsValidator(kind)
  if (validate === undefined) return { field: 'kind', problem: `${JSON.stringify(kind)} is not a kind of check` }
  if (validate(settings)) return null
  return faultOf(validate.errors?.[0])
}

const faultOf = (error: ValidationError | undefined): SettingsFault => {
  const path = error?.instancePath.slice(1) ?? ''
  const unknown = error?.params.additionalProperty
  if (typeof unknown === 'string')
    return { field: [path, unknown].filter(part => part !== '').join('/'), problem: 'is not a setting' }
  return { field: path, problem: error?.message ?? 'is not valid' }
}
