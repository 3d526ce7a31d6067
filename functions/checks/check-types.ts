import type { CheckKind } from '#events/probe-requested.ts'
import type { RunAttempt } from './check-type.ts'
import { checkHttp } from './http.ts'
import { checkTcp } from './tcp.ts'

/** The attempts of all kinds. A kind is a file of this folder. */
export const checkTypes: Partial<Record<CheckKind, RunAttempt>> = { http: checkHttp, tcp: checkTcp }
