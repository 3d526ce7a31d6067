import { verb as apply } from '#infra/cli/apply.ts'
import { verb as exportVerb } from '#infra/cli/export.ts'
import { verb as plan } from '#infra/cli/plan.ts'
import { UsageError } from '#infra/cli/usage-error.ts'
import type { Verb } from '#infra/cli/verb.ts'
import { runVerb } from './run-verb.ts'

const verbs: Record<string, Verb> = { plan, apply, export: exportVerb }

/** `plan`, `apply` and `export` in a pod, on the database of DATABASE_URL. The file is a ConfigMap. */
await runVerb({
  help: Object.values(verbs)
    .map(({ help }) => help)
    .join('\n'),
  run: ([name = '', ...args], shell) => {
    const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
    if (verb === undefined) throw new UsageError(`${name} is not one of ${Object.keys(verbs).join(', ')}`)
    return verb.run(args, shell)
  },
})
