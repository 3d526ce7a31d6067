import { verb } from '#infra/cli/dead-letters.ts'
import { runVerb } from './run-verb.ts'

/**
 * `dead-letters list|show|replay` in a pod: reads the dead letters in DATABASE_URL, and sends events again to K_SINK.
 */
await runVerb(verb)
