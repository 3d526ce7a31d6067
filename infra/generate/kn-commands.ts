import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Manifest, manifestsIn } from '../cluster/render/manifest-files.ts'
import { betweenMarks } from './generator.ts'

const path = 'infra/cluster/kn.md'

/** The page about kn with one command for each Service, Trigger and PingSource. */
export const knCommands = async (root: string): Promise<Map<string, string>> => {
  const services = serviceCommands(manifestsIn('knative/services', root))
  const wakes = wakeCommands(manifestsIn('triggers', root), manifestsIn('knative/sources', root))
  const text = `\`\`\`bash\n${services}\`\`\`\n\n\`\`\`bash\n${wakes}\`\`\`\n`
  return new Map([[path, betweenMarks(await readFile(join(root, path), 'utf8'), text, path)]])
}

/**
 * A shell function with the flags that all Services share, and its calls: one for each Service, with its other flags.
 */
const serviceCommands = (services: Manifest[]): string => {
  const each = services.map(service => ({ name: service.metadata.name, flags: flagsOf(service) }))
  const shared = each[0]!.flags.filter(flag => each.every(({ flags }) => flags.includes(flag)))
  const calls = each.map(({ name, flags }) => {
    // Only inside of the function, "$name" is the name.
    const own = flags.filter(flag => !shared.includes(flag)).map(flag => flag.replaceAll('"$name"', name))
    return wrapped([`service ${name}`, ...own], '  ')
  })
  const create = wrapped(['  kn service create "$name" -n vigia', ...shared, '"$@"'], '    ')
  return `function service {\n  local name=$1\n  shift\n${create}}\n${calls.join('')}`
}

/** The flags of `kn service create` for a Service. "$name" stands for its name. */
const flagsOf = ({ metadata, spec }: Manifest): string[] => {
  const { metadata: revision, spec: pod } = spec.template
  const [container] = pod.containers
  const scale = (key: string) => revision.annotations[`autoscaling.knative.dev/${key}`]
  const value = (text: string) => (text === metadata.name ? '"$name"' : text)
  const { 'networking.knative.dev/visibility': visibility, ...labels } = metadata.labels!
  const { requests, limits } = container.resources
  const volumes = new Map<string, string>(
    pod.volumes.map(({ name, ...kind }: { name: string }) => [name, Object.keys(kind)[0]]),
  )
  return [
    `--image ${container.image}`,
    ...env(container.env, value),
    ...(visibility === undefined ? [] : ['--cluster-local']),
    ...Object.entries(labels).map(([key, text]) => `--label-service ${key}=${value(text)}`),
    ...Object.entries<string>(revision.labels ?? {}).map(([key, text]) => `--label-revision ${key}=${text}`),
    `--probe-readiness http:::${container.readinessProbe.httpGet.path}`,
    '--security-context strict',
    `--user ${container.securityContext.runAsUser}`,
    ...container.volumeMounts.map(
      ({ name, mountPath }: { name: string; mountPath: string }) => `--mount ${mountPath}=${volumes.get(name)}:${name}`,
    ),
    ...['cpu', 'memory'].map(key => `--request ${key}=${requests[key]}`),
    ...['cpu', 'memory'].map(key => `--limit ${key}=${limits[key]}`),
    `--scale-metric ${scale('metric')}`,
    `--scale ${scale('min-scale')}..${scale('max-scale')}`,
    `--scale-target ${scale('target')}`,
    `--scale-window ${scale('window')}`,
    `--concurrency-limit ${pod.containerConcurrency}`,
    `--timeout ${pod.timeoutSeconds}`,
  ]
}

interface EnvEntry {
  name: string
  value?: string
  valueFrom?: { secretKeyRef?: KeyReference; configMapKeyRef?: KeyReference }
}

interface KeyReference {
  name: string
  key: string
}

/** kn has no flag for one key of a ConfigMap, so the whole ConfigMap becomes variables. */
const env = (entries: EnvEntry[], value: (text: string) => string): string[] => {
  const flags = entries.map(({ name, value: text, valueFrom }) => {
    const { secretKeyRef, configMapKeyRef } = valueFrom ?? {}
    if (secretKeyRef) return `--env-value-from ${name}=secret:${secretKeyRef.name}:${secretKeyRef.key}`
    if (configMapKeyRef) return `--env-from config-map:${configMapKeyRef.name}`
    return `--env ${name}=${value(text!)}`
  })
  return [...new Set(flags)]
}

/** Two shell functions, one for events and one for ticks, and their calls. */
const wakeCommands = (triggers: Manifest[], sources: Manifest[]): string => {
  const events = Map.groupBy(
    triggers.filter(({ spec }) => spec.filter.attributes.tick === undefined),
    ({ spec }) => spec.subscriber.ref.name as string,
  )
  const wakes = [...events].map(([name, found]) => {
    return `wake ${[name, ...found.map(({ spec }) => spec.filter.attributes.type.replace('dev.vigia.', ''))].join(' ')}\n`
  })
  const ticks = sources.map(({ metadata, spec }) => `tick ${metadata.name} '${spec.schedule}'\n`)
  return `function wake {
  for event in "\${@:2}"; do
    kn trigger create "$1-\${event//./-}" -n vigia --broker default --filter "type=dev.vigia.$event" --sink "ksvc:$1"
  done
}
${wakes.join('')}
function tick {
  kn trigger create "$1-tick" -n vigia --broker default --filter "type=dev.knative.sources.ping,tick=$1" --sink "ksvc:$1"
  kn source ping create "$1" -n vigia --schedule "$2" --data '{}' --ce-override "tick=$1" --sink broker:default
}
${ticks.join('')}`
}

const maxLineLength = 140

/** The words of a command, broken into lines that a shell joins again. */
const wrapped = (words: string[], indent: string): string => {
  const lines = ['']
  for (const word of words) {
    const line = lines.at(-1)!
    if (line === '') lines[lines.length - 1] = word
    else if (`${line} ${word} \\`.length <= maxLineLength) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(indent + word)
  }
  return `${lines.join(' \\\n')}\n`
}
