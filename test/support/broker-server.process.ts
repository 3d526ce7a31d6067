import { startBrokerServer, triggerFor } from './broker-server.ts'

/**
 * A broker in a process of its own, to be killed: `broker-server.process.ts <database URL> <subscriber URL>`. Sends the
 * URL of its ingress.
 */
const [databaseUrl, subscriberUrl] = process.argv.slice(2)
const { ingressUrl } = await startBrokerServer(databaseUrl!, [triggerFor('a', 'test', subscriberUrl!, { retry: 50 })])
process.send!({ ingressUrl })
// An orphan ends with its test.
process.on('disconnect', () => process.exit())
