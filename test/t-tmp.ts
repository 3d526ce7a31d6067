import { diagnose } from '#test/knative/cluster/diagnosis.ts'

const minutes = Number(process.argv[2] ?? 5)
const start = performance.now()
const lines = await diagnose({ at: new Date(Date.now() - minutes * 60_000), bytes: 0 })
console.log(lines.map(l => '- ' + l).join('\n'))
console.log(lines.length, performance.now() - start)
