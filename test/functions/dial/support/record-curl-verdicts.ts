import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { damagedAnswers, oddAnswers } from './answers.ts'
import { curlVerdicts, curlVersion } from './curl.ts'

/**
 * This script records in curl-verdicts.json how this machine's curl reads generated responses. To run the script:
 * `node test/functions/dial/support/record-curl-verdicts.ts`
 */
const answers = fc
  .sample(fc.oneof(oddAnswers, damagedAnswers), { numRuns: 1_500, seed: 20_261_129 })
  .filter(answer => answer.length < 400)
  .slice(0, 400)
const verdicts = await curlVerdicts(answers)
const recorded = answers.flatMap((answer, index) => (verdicts[index] === undefined ? [] : [[verdicts[index], answer]]))
writeFileSync(
  new URL('curl-verdicts.json', import.meta.url),
  `{\n  "curl": "${curlVersion()}",\n  "verdicts": [\n${recorded.map(entry => `    ${JSON.stringify(entry)}`).join(',\n')}\n  ]\n}\n`,
)
