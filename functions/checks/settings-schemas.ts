import type { TObject } from 'typebox'
import { DnsSettings } from './dns.ts'
import { GrpcSettings } from './grpc.ts'
import { HeartbeatSettings } from './heartbeat.ts'
import { HttpSettings } from './http.ts'
import { PingSettings } from './ping.ts'
import { TcpSettings } from './tcp.ts'
import { TlsSettings } from './tls.ts'
import { WebSocketSettings } from './websocket.ts'

/**
 * The schemas of the settings of all kinds. The bot, vigia.yaml, the API and the prober use the same schema. This list
 * is apart from check-types.ts, so that a function that only reads settings does not bundle the checks.
 */
export const settingsSchemas = {
  http: HttpSettings,
  tcp: TcpSettings,
  tls: TlsSettings,
  dns: DnsSettings,
  ping: PingSettings,
  websocket: WebSocketSettings,
  grpc: GrpcSettings,
  heartbeat: HeartbeatSettings,
} as const satisfies Record<string, TObject>

/** A kind whose settings have a schema. */
export type SettingsKind = keyof typeof settingsSchemas
