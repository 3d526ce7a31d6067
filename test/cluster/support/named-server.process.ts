import { readFileSync } from 'node:fs'
import { createServer as createPlainServer, type RequestListener } from 'node:http'
import { createServer } from 'node:https'

/**
 * A server that answers with its name: `named-server.process.ts <name> <port> [<certificate> <key>]`. `/readyz` answers
 * as an API server does. `/watch` sends the name and does not end the response.
 */
const [name, port, certificate, key] = process.argv.slice(2)

const answer: RequestListener = ({ url }, response) => {
  if (url === '/watch') response.write(`${name}\n`)
  else response.end(url === '/readyz' ? 'ok' : name)
}

const server =
  certificate === undefined
    ? createPlainServer(answer)
    : createServer({ cert: readFileSync(certificate), key: readFileSync(key!) }, answer)
server.listen(Number(port), () => process.stdout.write('listening\n'))
