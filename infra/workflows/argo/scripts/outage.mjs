// The Job of the JobSink `outages`: starts the workflow of an outage for a monitor.down, and notes the end of the
// outage for a monitor.up. The workflow's name follows from the incident, so a repeated event changes nothing, and the two
// events may arrive in any order.
import { readFileSync } from 'node:fs'

const { K_EVENT_PATH, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT, SERVICE_ACCOUNT } = process.env
const { type, data } = JSON.parse(readFileSync(`${K_EVENT_PATH}/event`, 'utf8'))
const ended = type === 'dev.vigia.monitor.up'
const name = `outage-${data.incidentId}`
const labels = { outage: ended ? 'over' : 'open' }

const workflows = '/apis/argoproj.io/v1alpha1/namespaces/vigia/workflows'
const send = async (method, path, contentType, body) => {
  const response = await fetch(`https://${KUBERNETES_SERVICE_HOST}:${KUBERNETES_SERVICE_PORT}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(`${SERVICE_ACCOUNT}/token`, 'utf8')}`,
      'content-type': contentType,
    },
    body: JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

const create = () =>
  send('POST', workflows, 'application/json', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Workflow',
    metadata: { name, labels },
    spec: {
      workflowTemplateRef: { name: 'outage' },
      arguments: { parameters: [{ name: 'monitor', value: `${data.name} (${data.url})` }] },
    },
  })
const change = () => send('PATCH', `${workflows}/${name}`, 'application/merge-patch+json', { metadata: { labels } })

const alreadyExists = 409
try {
  let { status, text } = await create()
  // A monitor.down never changes a workflow that exists: it was delivered again, or the outage is already over.
  if (status === alreadyExists && ended) ({ status, text } = await change())
  if (status >= 300 && status !== alreadyExists)
    throw new Error(`the API server answered ${status} for workflow ${name}: ${JSON.parse(text).message ?? text}`)
  process.stdout.write(`workflow ${name}: ${labels.outage}\n`)
} catch (error) {
  process.stderr.write(`${error.cause ? `the API server cannot be reached: ${error.cause.message}` : error.message}\n`)
  process.exitCode = 1
}
