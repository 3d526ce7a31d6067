import { parseArgs } from 'node:util'
import { command } from '#infra/delivery/command.ts'
import { gitOrNothing } from '#infra/delivery/git.ts'
import { releaseReference } from '#infra/delivery/release-reference.ts'
import { Refusal } from '#infra/refusal.ts'

const usage =
  "usage: npm run trace -- <id of an event | chat id/message id | part of a message's text | link to a message | v1.4.2 | …/vigia:1.4.2[@sha256:…] | app.kubernetes.io/version=1.4.2> [--context <cluster>] [--json]"

const options = () => {
  try {
    const flags = { context: { type: 'string' }, json: { type: 'boolean' } } as const
    const { values, positionals } = parseArgs({ allowPositionals: true, options: flags })
    const [subject] = positionals
    if (positionals.length === 1 && subject!.trim() !== '')
      return { subject: subject!, context: values.context, json: values.json === true }
  } catch (error) {
    throw new Refusal(`${(error as Error).message}; ${usage}`)
  }
  throw new Refusal(usage)
}

/** An image with a version, which is never a part of a message. */
const imageWithVersion = /^[\w./-]+:v?\d+\.\d+[\w.-]*$/

/** Whether it is the name of a release. Throws a Refusal for an image of another project. */
const isRelease = (subject: string): boolean => {
  try {
    releaseReference(subject)
    return true
  } catch (error) {
    if (error instanceof Refusal && !imageWithVersion.test(subject)) return false
    throw error
  }
}

/** `npm run trace`: from a release to all that belongs to it, or from a message or an event to its causes. */
await command(async () => {
  const { subject, context, json } = options()
  if (isRelease(subject)) {
    const { traceRelease } = await import('#infra/delivery/trace.ts')
    return traceRelease(subject, { context, json })
  }
  if (context !== undefined) throw new Refusal(`--context is for releases, and ${subject} is not the name of a release`)
  const [{ referenceIn }, { trace }, { recordsIn }, { logStoreOf }, { commitsOf }, { traceText }, { tracedDatabase }] =
    await Promise.all([
      import('./reference.ts'),
      import('./trace.ts'),
      import('./records.ts'),
      import('./log-store.ts'),
      import('./commits.ts'),
      import('./trace-text.ts'),
      import('./database.ts'),
    ])
  const reference = referenceIn(subject)
  const { db, dataDir, close } = await tracedDatabase(subject, process.env)
  try {
    const found = await trace(reference, recordsIn(db), logStoreOf(process.env, dataDir))
    const repository = await gitOrNothing(process.cwd(), ['rev-parse', '--show-toplevel'])
    const commits = await commitsOf(found.releases, repository)
    return json ? JSON.stringify({ ...found, releases: commits }, null, 2) : traceText(found, commits)
  } finally {
    await close()
  }
})
