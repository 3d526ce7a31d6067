import type { MonitorEntry } from '#functions/vigia-yaml/file-schema.ts'
import { newKey } from '#functions/vigia-yaml/new-key.ts'

/** A monitor of another program, as an entry of vigia.yaml. */
export interface ImportedMonitor {
  key: string
  /** Its name in the other program, for messages. */
  name: string
  entry: Omit<MonitorEntry, 'secrets'>
  /** Passwords and tokens by name. */
  secrets: Record<string, string>
  /** What of it Vigia does not have or does in another way, each with the reason. */
  lost: string[]
}

/** What the configuration of another program becomes. */
export interface Imported {
  /** The program, for messages. */
  program: string
  monitors: ImportedMonitor[]
  /** What is left out as a whole, and why. */
  leftOut: { what: string; why: string }[]
}

/** Collects the monitors of another program. Each gets a key of its own. */
export const collector = (program: string) => {
  const imported: Imported = { program, monitors: [], leftOut: [] }
  const taken = new Set<string>()
  return {
    imported,
    add: (name: string, monitor: Pick<ImportedMonitor, 'entry'> & Partial<ImportedMonitor>): void => {
      const key = newKey(monitor.key ?? name, taken)
      imported.monitors.push({ secrets: {}, lost: [], ...monitor, name, key })
    },
    leaveOut: (what: string, why: string): void => void imported.leftOut.push({ what, why }),
  }
}

export type Collector = ReturnType<typeof collector>

/** The variable of the environment that has a secret of an imported monitor: `VIGIA_SHOP_BEARER_TOKEN`. */
export const variableOf = (key: string, secret: string): string =>
  `VIGIA_${key}_${secret}`.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
