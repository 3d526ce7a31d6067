import { EventEmitter } from 'node:events'
import { Tick } from '#events/tick.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'

// A function for tests of its process. The subject of a tick selects what the function does; "wait" continues after
// GATE responds.
const gate = env('GATE')

serve({
  name: 'served',
  events: [
    on(Tick, async ({ subject }) => {
      if (subject === 'wait') await fetch(gate)
      if (subject === 'reject') void Promise.reject(new Error('this promise is not awaited'))
      if (subject === 'throw')
        setImmediate(() => new EventEmitter().emit('error', new Error('this event has no listener')))
      if (subject === 'warning') process.emitWarning('this will go', 'DeprecationWarning', 'DEP9999')
      // biome-ignore lint/suspicious/noConsole: as a library does.
      if (subject === 'console') console.error('a library says %s', 'this')
      if (subject === 'token') throw new Error(`refused for ${env('TEST_SECRET')} and 123456789:${'A'.repeat(35)}`)
    }),
  ],
  close: [async () => void (await fetch(`${gate}closed`))],
})
