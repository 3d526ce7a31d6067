export { parseTarget, type Target } from './safe-target.ts'
