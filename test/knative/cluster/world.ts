import { once } from 'node:events'
import { createServer as createHttpServer, request } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { type Simulators, startSimulators } from '#test/support/journey.ts'
import { nodeAddress, worldAddresses } from './layout.ts'

/** The simulated Internet: Telegram, TVmaze and sites at public addresses. */
export interface World extends Simulators {
  /** The URL of the sites, as the prober reaches them. */
  sitesUrl: string
  /** Delivers the updates of Telegram to the webhook at this URL, through the ingress. */
  setWebhook(url: string, secret: string): Promise<void>
}

/** The network policies let functions reach Telegram and TVmaze only at the port of HTTPS. */
const httpsPort = 443
const sitesPort = 8080
/** The port of minikube's ingress at the node (infra/cluster/minikube/platform). */
export const ingressPort = 31080

/** Where the functions find Telegram and TVmaze. TLS is the only part that is left out. */
export const apiUrls = {
  TELEGRAM_API_ROOT: `http://telegram.world.test:${httpsPort}`,
  TVMAZE_URL: `http://tvmaze.world.test:${httpsPort}`,
}

/** Starts the simulators at their public addresses. */
export const startWorld = async (): Promise<World> => {
  const simulators = await startSimulators()
  const { telegram, tvmaze, sites } = simulators
  const relays = [
    await relay(worldAddresses.telegram, httpsPort, telegram.url),
    await relay(worldAddresses.tvmaze, httpsPort, tvmaze.url),
    await relay(worldAddresses.sites, sitesPort, sites.url),
  ]
  const edges: Server[] = []
  return {
    ...simulators,
    sitesUrl: `http://sites.world.test:${sitesPort}`,
    setWebhook: async (url, secret) => {
      const edge = await edgeProxy(new URL(url).hostname)
      edges.push(edge.server)
      const response = await fetch(`${telegram.url}/bot${simulators.env.TELEGRAM_BOT_TOKEN}/setWebhook`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url: edge.url, secret_token: secret }),
      })
      if (!response.ok) throw new Error(`setWebhook: ${await response.text()}`)
    },
    stop: async () => {
      await simulators.stop()
      for (const server of [...relays, ...edges]) server.close()
    },
  }
}

/** Listens at an address and port, and forwards each connection to a server on loopback. */
const relay = async (address: string, port: number, url: string): Promise<Server> => {
  const server = createServer(client => {
    const upstream = connect(Number(new URL(url).port), '127.0.0.1')
    client.pipe(upstream).pipe(client)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
  })
  server.listen(port, address)
  await once(server, 'listening')
  return server
}

/** Takes the place of the server that terminates TLS in front of minikube: passes requests on to the ingress. */
const edgeProxy = async (host: string) => {
  const server = createHttpServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming
    const upstream = request({ host: nodeAddress, port: ingressPort, method, path, headers: { ...headers, host } })
    upstream
      .on('response', response => {
        outgoing.writeHead(response.statusCode!, response.headers)
        response.pipe(outgoing)
      })
      .on('error', () => outgoing.destroy())
    incoming.pipe(upstream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}
