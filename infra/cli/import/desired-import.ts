import type { DesiredChat } from '#functions/vigia-yaml/desired.ts'
import type { MonitorEntry, VigiaYaml } from '#functions/vigia-yaml/file-schema.ts'
import { fileForms, type Outside, readEntries } from '#functions/vigia-yaml/read-entries.ts'
import { formatPath } from '#infra/files/yaml-lines.ts'
import { type Imported, type ImportedMonitor, variableOf } from './imported.ts'

/** The monitors of another program that Vigia can have, as a file and as what the file wants. */
export interface ImportResult {
  imported: Imported
  file: VigiaYaml
  chat: DesiredChat
  /** The variables for the secrets of the file. */
  variables: Record<string, string>
}

/**
 * Checks imported monitors by the rules of vigia.yaml. A monitor that breaks a rule is left out, and the reason is
 * told.
 */
export const desiredImport = async (
  found: Imported,
  chatId: number,
  mayDial: Outside['mayDial'],
): Promise<ImportResult> => {
  const variables = variablesOf(found)
  const outside: Outside = {
    mayDial,
    ...fileForms,
    readSecret: source => ('env' in source ? { value: variables[source.env]! } : { reason: 'is not in a variable' }),
    readPicture: () => ({ reason: 'is not imported' }),
  }
  const file = fileOf(found, chatId)
  const { chats, faults } = await readEntries(file, outside)
  const [chat] = chats
  if (chat !== undefined && faults.length === 0) return { imported: found, file, chat, variables }
  const reasons = Map.groupBy(faults, ({ path }) => String(path[3]))
  const left = found.monitors.filter(({ key }) => reasons.has(key))
  if (left.length === 0) throw new Error(faults.map(({ path, reason }) => `${formatPath(path)} ${reason}`).join('\n'))
  return desiredImport(
    {
      ...found,
      monitors: found.monitors.filter(({ key }) => !reasons.has(key)),
      leftOut: [
        ...found.leftOut,
        ...left.map(({ key, name }) => ({
          what: name,
          why: reasons
            .get(key)!
            .map(({ path, reason }) => `${formatPath(path.slice(4))} ${reason}`.trim())
            .join('; '),
        })),
      ],
    },
    chatId,
    mayDial,
  )
}

const fileOf = ({ monitors }: Imported, id: number): VigiaYaml => ({
  chats: [{ id, monitors: Object.fromEntries(monitors.map(monitor => [monitor.key, entryOf(monitor)])) }],
})

const entryOf = ({ key, entry, secrets }: ImportedMonitor): MonitorEntry => {
  const names = Object.keys(secrets)
  return {
    ...entry,
    ...(names.length > 0 && {
      secrets: Object.fromEntries(names.map(name => [name, { env: variableOf(key, name) }])),
    }),
  }
}

const variablesOf = ({ monitors }: Imported): Record<string, string> =>
  Object.fromEntries(
    monitors.flatMap(({ key, secrets }) =>
      Object.entries(secrets).map(([name, value]) => [variableOf(key, name), value] as const),
    ),
  )
