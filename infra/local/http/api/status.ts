import { type App, route } from '#infra/http/app.ts'
import { jsonResponse } from '#infra/http/responses.ts'
import { withQuery } from './query.ts'

/** The state of the runtime for monitoring. */
export interface Status {
  /** The reasons why Vigia is not ready: what is not up, and what cannot be written. Empty if everything works. */
  waitingFor(): Promise<string[]>
  /** The runtime's metrics in the text format of Prometheus, with its content type. */
  metrics(): Promise<{ type: string; text: string }>
  /** The addresses of the processes of functions, which have metrics of their own: `127.0.0.1:41234`. */
  addresses(): string[]
}

/**
 * `GET /readyz` (200 or 503), `GET /metrics`, and `GET /metrics/targets`: what else Prometheus can scrape, in the
 * format of its http_sd_configs. A scrape of these addresses wakes no function and keeps none awake.
 */
export const statusRoutes = (app: App, { waitingFor, metrics, addresses }: Status): void => {
  route(app, '/readyz', {
    get: withQuery([], async () => {
      const missing = await waitingFor()
      const ready = missing.length === 0
      return jsonResponse(ready ? 200 : 503, { ready, waitingFor: missing })
    }),
  })
  route(app, '/metrics', {
    get: withQuery([], async () => {
      const { type, text } = await metrics()
      return new Response(text, { headers: { 'content-type': type } })
    }),
  })
  route(app, '/metrics/targets', {
    get: withQuery([], () => jsonResponse(200, [{ targets: addresses() }])),
  })
}
