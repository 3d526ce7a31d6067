import { createServer } from 'node:http'

/** A server that answers every ping as `heartbeat` does, and does nothing else. */
createServer((_, response) => {
  response
    .writeHead(200, {
      ...{ 'content-type': 'text/plain; charset=utf-8', 'ping-body-limit': '10000' },
      'content-length': 2,
    })
    .end('OK')
}).listen(Number(process.env.PORT), '127.0.0.1')
process.on('disconnect', () => process.exit())
