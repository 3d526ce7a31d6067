import { SeriesFollowed } from '#events/series-followed.ts'
import { Tick } from '#events/tick.ts'
import { on, serve } from '#functions/host/serve.ts'

// The two smallest rules: one does nothing, the other publishes one event.
serve({
  name: 'hop',
  events: [
    on(Tick, async () => {}),
    on(SeriesFollowed, async event => [SeriesFollowed.from(event, { subject: event.subject!, data: event.data })]),
  ],
})
