import type { MonitorTarget } from './environment.ts'
import { httpsTarget, httpTarget } from './environment.ts'
import type { SitePorts } from './sites.ts'

type TargetOf = (ports: SitePorts, path: string) => MonitorTarget

/** `m/7` as a label of a host name. */
const label = (path: string) => path.replace('/', '-')

const tcp: TargetOf = ({ tcp }, path) => ({
  ...{ kind: 'tcp', url: `tcp://127.0.0.1:${tcp}`, settings: { send: path, expect: 'ok' } },
})
const tls: TargetOf = ({ tls }, path) => ({ kind: 'tls', url: `tls://${label(path)}.bench.localhost:${tls}` })
const dns: TargetOf = ({ dns }, path) => ({
  ...{ kind: 'dns', url: `dns://${label(path)}.bench.test`, settings: { server: `127.0.0.1:${dns}` } },
})
const webSocket: TargetOf = ({ http }, path) => ({ kind: 'websocket', url: `ws://127.0.0.1:${http}/${path}` })
const grpc: TargetOf = ({ grpc }, path) => ({
  ...{ kind: 'grpc', url: `grpc://127.0.0.1:${grpc}`, settings: { service: path } },
})

/** The share of each kind. Their number and 100 have no common divisor, so monitors of each kind hang. */
const kinds = [
  httpTarget,
  httpTarget,
  httpTarget,
  httpsTarget,
  httpsTarget,
  httpsTarget,
  tcp,
  tls,
  dns,
  webSocket,
  grpc,
]

/** A target of the kind for the monitor `n`. */
export const mixedTarget = (ports: SitePorts, path: string, n: number): MonitorTarget =>
  kinds[n % kinds.length]!(ports, path)
