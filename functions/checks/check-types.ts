import type { CheckKind } from '#events/probe-requested.ts'
import type { RunAttempt } from './check-type.ts'
import { checkDns } from './dns.ts'
import { checkGrpc } from './grpc.ts'
import { checkHttp } from './http.ts'
import { checkPing } from './ping.ts'
import { checkTcp } from './tcp.ts'
import { checkTls } from './tls.ts'
import { checkWebSocket } from './websocket.ts'

/** The attempts of all kinds. A kind is a file of this folder. */
export const checkTypes: Readonly<Record<CheckKind, RunAttempt>> = {
  http: checkHttp,
  tcp: checkTcp,
  tls: checkTls,
  dns: checkDns,
  ping: checkPing,
  websocket: checkWebSocket,
  grpc: checkGrpc,
}
