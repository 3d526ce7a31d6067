/** Starts the cluster and opens a shell in its namespaces. The cluster ends with the shell. */
import { spawn } from 'node:child_process'
import { startCluster } from './cluster/start.ts'

await startCluster()
process.stdout.write('The cluster is ready: kubectl, ctr and nft are on PATH. The cluster ends with this shell.\n')
const shell = spawn(process.env.SHELL ?? 'sh', { stdio: 'inherit' })
shell.once('exit', code => process.exit(code ?? 1))
