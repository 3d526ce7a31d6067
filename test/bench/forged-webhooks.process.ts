import { Agent, request } from 'node:http'

/**
 * Posts forged updates over several connections, one update at a time on each connection: `forged-webhooks.process.ts
 * <port> <host> <path> <connections>`. When an IPC message arrives, the process stops and sends the number of responses
 * by status.
 */
const [port = '', host = '', path = '', connections = ''] = process.argv.slice(2)

const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) })
const statuses: Record<string, number> = {}
const body = JSON.stringify({ update_id: 1, message: { text: 'x'.repeat(500) } })
const headers = {
  host,
  'content-type': 'application/json',
  'content-length': body.length,
  'x-telegram-bot-api-secret-token': 'forged',
}
let stopped = false

const postForged = () =>
  new Promise<void>(resolve => {
    const count = (what: string | number) => {
      statuses[what] = (statuses[what] ?? 0) + 1
      resolve()
    }
    request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, response => {
      response.resume()
      response.on('end', () => count(response.statusCode!))
      response.on('error', () => count('connection error'))
    })
      .on('error', () => count('connection error'))
      .end(body)
  })

const postUntilStopped = async () => {
  while (!stopped) await postForged()
}
const workers = Promise.all(Array.from({ length: Number(connections) }, postUntilStopped))
process.once('message', async () => {
  stopped = true
  await workers
  process.send!(statuses)
  agent.destroy()
  process.disconnect?.()
})
