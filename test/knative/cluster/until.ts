import { until as plainUntil } from '#test/support/until.ts'
import { withDiagnosis } from './diagnosis.ts'

/**
 * Waits like `until` of test/support. When the time is over, the message also says what is wrong in the cluster:
 * objects that are not ready, pods that do not start, ports that do not fit, dropped packets, logged errors.
 */
export const until: typeof plainUntil = (condition, options) => withDiagnosis(() => plainUntil(condition, options))
