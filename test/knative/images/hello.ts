import { http } from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'

// The smallest function on functions-framework. It stops at once at SIGTERM, as the framework's own server does.
http('hello', (_, response) => {
  response.send('hello')
})
getTestServer('hello').listen(Number(process.env.PORT ?? 8080))
process.once('SIGTERM', () => process.exit(0))
