/** A metric of an exposition in Prometheus' text format. */
export interface MetricFamily {
  help: string
  type: string
  /** The values by labels: `state="up",zone="a"`, '' without labels, `_sum state="up"` for a part of a histogram. */
  samples: Map<string, number>
}

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const label = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`
// Prometheus reads numbers as Go does, which ignores upper and lower case in NaN. prom-client writes Nan.
const value = '[-+]?(?:\\d+(?:\\.\\d+)?(?:e[-+]?\\d+)?|Inf)|[Nn]a[Nn]'
const helpLine = new RegExp(`^# HELP (${name}) ((?:[^\\\\]|\\\\[\\\\n])+)$`)
const typeLine = new RegExp(`^# TYPE (${name}) (counter|gauge|histogram|summary|untyped)$`)
const sampleLine = new RegExp(`^(${name})(?:\\{(${label}(?:,${label})*)\\})? (${value})$`)

/**
 * Reads an exposition in Prometheus' text format 0.0.4. Throws if a line breaks the format, if a metric has no HELP or
 * TYPE before its samples, or if a metric or a sample comes twice.
 */
export const readExposition = (text: string): Map<string, MetricFamily> => {
  const families = new Map<string, MetricFamily>()
  const helps = new Map<string, string>()
  let current = ''
  if (!text.endsWith('\n')) throw new Error('the last line does not end with a line break')
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const [, helped, help] = helpLine.exec(line) ?? []
    const [, typed, type] = typeLine.exec(line) ?? []
    const [, sampled, labels = '', number] = sampleLine.exec(line) ?? []
    if (helped !== undefined) {
      if (helps.has(helped)) throw new Error(`${helped} has two HELP lines`)
      helps.set(helped, help!)
    } else if (typed !== undefined) {
      if (!helps.has(typed) || families.has(typed)) throw new Error(`${line}: a TYPE line follows the HELP line, once`)
      families.set(typed, { help: helps.get(typed)!, type: type!, samples: new Map() })
      current = typed
    } else if (sampled !== undefined) {
      const family = families.get(current)
      const suffix = sampled.slice(current.length)
      const suffixes = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      if (!family || !sampled.startsWith(current) || !suffixes.includes(suffix))
        throw new Error(`${line}: the sample does not follow the HELP and TYPE of its metric`)
      const key = suffix === '' ? labels : `${suffix} ${labels}`
      if (family.samples.has(key)) throw new Error(`${line}: the sample comes twice`)
      family.samples.set(key, Number(number!.replace('Inf', 'Infinity')))
    } else throw new Error(`not in Prometheus' text format: ${line}`)
  }
  return families
}
