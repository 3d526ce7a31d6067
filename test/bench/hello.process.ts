import { http } from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'

// The smallest function on the functions framework.
http('hello', (_, response) => {
  response.send('hello')
})
getTestServer('hello').listen(Number(process.env.PORT), '127.0.0.1')
