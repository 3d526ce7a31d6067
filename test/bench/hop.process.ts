import { SeriesFollowed } from '#events/series-followed.ts'
import { Tick } from '#events/tick.ts'
import { on, serve } from '#functions/host/serve.ts'

// The least that a rule can do: nothing, or one event more.
serve({
  name: 'hop',
  events: [
    on(Tick, async () => {}),
    on(SeriesFollowed, async event => [SeriesFollowed.from(event, { subject: event.subject!, data: event.data })]),
  ],
})
