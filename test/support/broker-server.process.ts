import { startHouse, triggerFor } from './broker-server.ts'

/** A broker in a process of its own, to be killed: `broker.process.ts <database URL> <subscriber URL>`. Sends the URL of its door. */
const [databaseUrl, subscriberUrl] = process.argv.slice(2)
const { door } = await startHouse(databaseUrl!, [triggerFor('a', 'test', subscriberUrl!, { retry: 50 })])
process.send!({ door })
// An orphan ends with its test.
process.on('disconnect', () => process.exit())
