import { chatsIn } from '#database/chats/chats.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { configuredWindowsOf } from '#database/uptime/configured-windows.ts'
import { configuredWebhooksIn } from '#database/webhooks/configured-webhooks.ts'
import { applyConfiguration, makePlan } from '#functions/vigia-yaml/apply.ts'
import { exportedFile, fileText } from '#functions/vigia-yaml/export.ts'
import { refuseMissingSecrets } from '#functions/vigia-yaml/missing-secrets.ts'
import { isEmpty, type MonitorChange, type Plan } from '#functions/vigia-yaml/plan.ts'
import { printPlan } from '#functions/vigia-yaml/print-plan.ts'
import { type FileContent, FileFaults, locatedFaults, readFile } from '#functions/vigia-yaml/read-file.ts'
import { parseBody, wrongValues } from './check-values.ts'
import { limitProblem, outsideOf, ownerOf, problemOf } from './outside.ts'
import { Problem } from './problem.ts'
import type { ApiResponse, Call } from './route.ts'

/** A file that is right. */
export const configurationExample = {
  chats: [
    {
      id: 123456789,
      monitors: { shop: { url: 'https://shop.example.org/health', interval: '30s', group: 'Shop' } },
    },
  ],
}

/** GET /configuration: the chat as vigia.yaml. */
export const exportConfiguration = async ({ deps: { db }, key, accept }: Call): Promise<ApiResponse> => {
  const ids = [key.chatId]
  const file = exportedFile(
    await chatsIn(db).findAll(ids),
    await configuredMonitorsIn(db).of(ids),
    await configuredWindowsOf(db, ids),
    await statusPagesIn(db).of(ids),
    await configuredWebhooksIn(db).of(ids),
  )
  return /\bapplication\/json\b/.test(accept)
    ? { content: file }
    : { content: fileText(file), type: 'application/yaml' }
}

/** POST /configuration/plan: what PUT would change. */
export const planConfiguration = async (call: Call): Promise<ApiResponse> => {
  const content = await readConfiguration(call)
  const plan = await makePlan(call.deps.db, content.chats, true)
  checkSecrets(content, plan)
  return { content: told(plan) }
}

/** PUT /configuration: makes the chat as the file says. The same file again changes nothing. */
export const putConfiguration = async (call: Call): Promise<ApiResponse> => {
  const { deps, query } = call
  const content = await readConfiguration(call)
  const check = (plan: Plan) => {
    checkSecrets(content, plan)
    refuseDeletion(plan, query.allowDelete === true)
  }
  const planned = await makePlan(deps.db, content.chats, true)
  check(planned)
  if (isEmpty(planned)) return { content: told(planned) }
  refuseTooMany(planned, deps)
  const urls = planned.monitors.flatMap(change => (change.action === 'delete' ? [] : [change.monitor.url]))
  const owner = await ownerOf(call, urls)
  try {
    return { content: told(await applyConfiguration(deps.db, content.chats, { prune: true, check, owner })) }
  } catch (error) {
    throw problemOf(error, call)
  }
}

/** The file in the body. It must describe the chat of the key and no other. */
const readConfiguration = async ({ deps, key, body }: Call): Promise<FileContent> => {
  parseBody(body, configurationExample)
  try {
    const content = await readFile('the body', body, outsideOf(deps))
    const others = content.chats.flatMap(({ id }, at) =>
      id === key.chatId ? [] : [{ path: ['chats', at, 'id'], reason: `is ${id}; the key opens only ${key.chatId}` }],
    )
    if (others.length > 0) throw new FileFaults('the body', locatedFaults(others, content.lineOf))
    return content
  } catch (error) {
    throw error instanceof FileFaults ? wrongValues(error.faults, { example: configurationExample }) : error
  }
}

const checkSecrets = (content: FileContent, plan: Plan): void => {
  try {
    refuseMissingSecrets('the body', content, plan, '{value: …}')
  } catch (error) {
    throw error instanceof FileFaults ? wrongValues(error.faults) : error
  }
}

/** A monitor is not deleted with its history because a line is missing in a file by mistake. */
const refuseDeletion = ({ monitors }: Plan, isAllowed: boolean): void => {
  const lost = monitors.filter(({ action }) => action === 'delete' || action === 'replace').map(({ key }) => key)
  if (lost.length > 0 && !isAllowed)
    throw new Problem(409, {
      detail: `This would delete with their history: ${lost.join(', ')}. Send the request again with ?allowDelete=true.`,
    })
}

/** Refuses what no chat may have, before the hosts of thousands of monitors are looked up. */
const refuseTooMany = ({ monitors }: Plan, deps: Call['deps']): void => {
  const tooMany = monitors.filter(({ action }) => action === 'create')[deps.limits.monitorsPerChat]
  if (tooMany !== undefined) throw limitProblem({ limit: 'chat', host: '', key: tooMany.key }, deps)
}

/** The plan as the response shows it. */
const told = (plan: Plan) => ({
  changes: [
    ...plan.chats.map(({ action, fields }) => ({ action, what: 'chat', key: null, fields })),
    ...plan.monitors.map(change => ({
      action: change.action,
      what: 'monitor',
      key: change.key,
      fields: fieldsOf(change),
    })),
    ...plan.windows.map(({ action, key }) => ({ action, what: 'window', key, fields: [] })),
    ...plan.pages.map(change => ({
      action: change.action,
      what: 'page',
      key: change.key,
      fields: 'fields' in change ? change.fields.map(field => ({ field })) : [],
    })),
    ...plan.webhooks.map(change => ({
      action: change.action,
      what: 'webhook',
      key: change.key,
      fields: 'fields' in change ? change.fields.map(field => ({ field })) : [],
    })),
  ],
  unchanged: plan.unchanged,
  text: printPlan(plan),
})

const fieldsOf = (change: MonitorChange) => ('fields' in change ? change.fields : [])
