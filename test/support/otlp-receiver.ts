import { startServer } from './http.ts'

interface OtlpAttribute {
  key: string
  value: { stringValue?: string; intValue?: string }
}

interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: OtlpAttribute[]
  links?: { traceId: string; spanId: string }[]
  status: { code?: number; message?: string }
}

/** A span as the receiver got it, with its service and its attributes by name. */
export interface ReceivedSpan extends Omit<OtlpSpan, 'attributes'> {
  service: string
  attributes: Record<string, string | undefined>
}

const byName = (attributes: OtlpAttribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]))

/** Starts an OTLP receiver for traces as JSON over HTTP, on loopback. `status` gives the status of each response. */
export const startOtlpReceiver = async (status: () => number = () => 200) => {
  const spans: ReceivedSpan[] = []
  const bodies: string[] = []
  const { url, stop } = await startServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (request.url !== '/v1/traces' || request.headers['content-type'] !== 'application/json')
      return void response.writeHead(404).end()
    if (status() === 200) {
      bodies.push(body)
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans)
        for (const { spans: received } of scopeSpans as { spans: OtlpSpan[] }[])
          for (const span of received)
            spans.push({
              ...span,
              service: byName(resource.attributes)['service.name'] ?? '',
              attributes: byName(span.attributes),
            })
    }
    response.writeHead(status(), { 'content-type': 'application/json' }).end('{}')
  })
  return { url, stop, spans, bodies }
}
