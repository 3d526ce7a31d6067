import { startBrokerServer, triggerFor } from './broker-server.ts'

/**
 * Runs a broker in a separate process, so that a test can kill it: `broker-server.process.ts <database URL> <subscriber
 * URL>`. Sends the URL of its ingress.
 */
const [databaseUrl, subscriberUrl] = process.argv.slice(2)
const { ingressUrl } = await startBrokerServer(databaseUrl!, [triggerFor('a', 'test', subscriberUrl!, { retry: 50 })])
process.send!({ ingressUrl })
// This process ends if the process of the test ends.
process.on('disconnect', () => process.exit())
