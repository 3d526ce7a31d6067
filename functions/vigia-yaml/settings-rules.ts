import type { Settings } from '#functions/checks/settings.ts'
import type { Fault } from './schema-faults.ts'

/** What is wrong with settings that their schema accepts. The paths begin in the settings. */
export const ruleFaults = async (kind: string, settings: Settings): Promise<Fault[]> => {
  void kind
  void settings
  return []
}
