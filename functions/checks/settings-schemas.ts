import type { TObject } from 'typebox'
import { HttpSettings } from './http.ts'
import { TcpSettings } from './tcp.ts'

/**
 * The schemas of the settings of all kinds. The bot, vigia.yaml, the API and the prober use the same schema. This list
 * is apart from check-types.ts, so that a function that only reads settings does not bundle the checks.
 */
export const settingsSchemas = { http: HttpSettings, tcp: TcpSettings } as const satisfies Record<string, TObject>

/** A kind whose settings have a schema. */
export type SettingsKind = keyof typeof settingsSchemas
