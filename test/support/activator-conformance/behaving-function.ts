/**
 * A function that behaves as the path of each request says. It asks the recorder at CONTROL_URL whether it may start,
 * waits for the recorder's answers, and tells the recorder about SIGTERM.
 */
import { createServer } from 'node:http'

const control = process.env.CONTROL_URL!

/** Resolves when the recorder answers. */
const gate = (path: string) => fetch(`${control}${path}`, { method: 'POST' })

const server = createServer(async (request, response) => {
  const [, behaviour, parameter = ''] = request.url!.split('/')
  switch (behaviour) {
    case 'healthz':
      response.end('ok')
      break
    case 'exit':
      process.exit(3)
      break
    case 'status':
      response.writeHead(Number(parameter)).end()
      break
    case 'headers':
      response.writeHead(200, { 'x-end': '1', connection: 'x-hop', 'x-hop': '1', 'content-type': 'application/json' })
      response.end(JSON.stringify({ pid: process.pid, host: process.env.HOSTNAME, headers: request.headers }))
      break
    case 'wait':
      await gate(`/gate/${parameter}`)
      response.end('done')
      break
    case 'drip':
      response.write('first ')
      await gate(`/gate/${parameter}`)
      response.end('last')
      break
    default:
      response.writeHead(404).end()
  }
})

process.once('SIGTERM', () => {
  void gate('/sigterm').finally(() => {
    server.close(() => process.exit(0))
    server.closeIdleConnections()
  })
})

void gate('/start').then(({ ok }) => {
  if (!ok) process.exit(1)
  server.listen(Number(process.env.PORT), process.env.HOST ?? '0.0.0.0')
})
