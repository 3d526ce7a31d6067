import { verb } from '#infra/cli/doctor/cluster-doctor.ts'
import { runVerb } from './run-verb.ts'

/** `doctor` in a pod: checks the installation that the environment describes. K_SINK is the address of the broker. */
await runVerb(verb)
