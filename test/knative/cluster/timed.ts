import { existsSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import { clusterFolder, inCluster } from './layout.ts'

const stepsFile = inCluster('steps')

/** Does the work and prints how long it took. Inside the cluster's namespaces, `stepTimes` returns the time too. */
export const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const start = performance.now()
  const result = await work()
  const line = `${((performance.now() - start) / 1000).toFixed(1).padStart(7)} s  ${what}\n`
  process.stdout.write(line)
  if (existsSync(clusterFolder)) await appendFile(stepsFile, line)
  return result
}

/** The steps that brought up this cluster and installed Vigia, with their seconds. */
export const stepTimes = async (): Promise<{ what: string; seconds: number }[]> =>
  [...(await readFile(stepsFile, 'utf8')).matchAll(/^ *(\S+) s {2}(.*)$/gm)].map(([, seconds, what]) => ({
    what: what!,
    seconds: Number(seconds),
  }))
