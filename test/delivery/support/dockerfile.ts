import {
  type Arg,
  type Copy as CopyInstruction,
  DockerfileParser,
  type Entrypoint,
  type Env,
  type From,
  type Label,
} from 'dockerfile-ast'

/** A COPY instruction with its arguments as they are written. */
export interface Copy {
  /** The stage from which the instruction copies; undefined if it copies from the build context. */
  from: string | undefined
  sources: string[]
  to: string
  chown: string | undefined
}

/** An instruction that changes the files of a stage. */
export type Step = { copy: Copy; workdir: string } | { run: string[]; workdir: string }

/** A stage, with what it inherits from its parent stage. `steps`, `keywords` and `args` have only the stage's own. */
export interface Stage {
  name: string
  /** The argument of FROM: the name of an image or of an earlier stage. */
  image: string
  parent: Stage | undefined
  /** The names that ARG declares in this stage. */
  args: string[]
  env: Record<string, string>
  labels: Record<string, string>
  /** For each label or variable with a value such as `$NAME`, the name of the ARG or ENV that the value refers to. */
  sources: Record<string, string>
  user: string | undefined
  workdir: string
  entrypoint: string[]
  stopSignal: string | undefined
  ports: string[]
  /** The steps of this stage, without those of its parent stage. */
  steps: Step[]
  /** The instructions of this stage, in upper case. */
  keywords: string[]
}

/** The stages of a Dockerfile, in order. `buildArgs` are the values of --build-arg. */
export const stagesOf = (text: string, buildArgs: Record<string, string> = {}): Stage[] => {
  const stages: Stage[] = []
  let values: Record<string, string> = {}
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword()
    const args = instruction.getArguments().map(argument => argument.getValue())
    if (keyword === 'FROM') {
      const from = instruction as From
      const image = from.getImage() ?? ''
      const parent = stages.find(({ name }) => name === image)
      values = { ...parent?.env }
      stages.push(begun(from.getBuildStage() ?? String(stages.length), image, parent))
      continue
    }
    const stage = stages.at(-1)
    // An ARG before the first FROM can be used only in FROM instructions.
    if (!stage) continue
    stage.keywords.push(keyword)
    const set = (into: Record<string, string>, name: string, value: string) => {
      const [, source] = /^\$\{?(\w+)\}?$/.exec(value) ?? []
      if (source) stage.sources[name] = source
      into[name] = value.replaceAll(/\$\{?(\w+)\}?/g, (_, variable: string) => values[variable] ?? '')
    }
    switch (keyword) {
      case 'ARG': {
        const { name, fallback } = argumentOf(instruction as Arg)
        stage.args.push(name)
        values[name] = buildArgs[name] ?? fallback
        break
      }
      case 'ENV':
        for (const property of (instruction as Env).getProperties()) {
          set(stage.env, property.getName(), property.getValue() ?? '')
          values[property.getName()] = stage.env[property.getName()]!
        }
        break
      case 'LABEL':
        for (const property of (instruction as Label).getProperties())
          set(stage.labels, property.getName(), property.getValue() ?? '')
        break
      case 'COPY':
        stage.steps.push({ copy: copyOf(instruction as CopyInstruction), workdir: stage.workdir })
        break
      case 'RUN':
        stage.steps.push({ run: args, workdir: stage.workdir })
        break
      case 'WORKDIR':
        stage.workdir = args[0]!
        break
      case 'USER':
        stage.user = args[0]
        break
      case 'ENTRYPOINT':
        stage.entrypoint = (instruction as Entrypoint).getJSONStrings().map(one => one.getJSONValue())
        break
      case 'STOPSIGNAL':
        stage.stopSignal = args[0]
        break
      case 'EXPOSE':
        stage.ports.push(...args)
        break
      default:
        throw new Error(`${keyword} is not supported here yet`)
    }
  }
  return stages
}

const begun = (name: string, image: string, parent: Stage | undefined): Stage => ({
  name,
  image,
  parent,
  args: [],
  env: { ...parent?.env },
  labels: { ...parent?.labels },
  sources: { ...parent?.sources },
  user: parent?.user,
  workdir: parent?.workdir ?? '/',
  entrypoint: parent?.entrypoint ?? [],
  stopSignal: parent?.stopSignal,
  ports: [...(parent?.ports ?? [])],
  steps: [],
  keywords: [],
})

const argumentOf = (instruction: Arg) => {
  const property = instruction.getProperty()
  return { name: property?.getName() ?? '', fallback: property?.getValue() ?? '' }
}

const copyOf = (instruction: CopyInstruction): Copy => {
  const flag = (name: string) =>
    instruction
      .getFlags()
      .find(one => one.getName() === name)
      ?.getValue() ?? undefined
  const paths = instruction.getArguments().map(argument => argument.getValue())
  return { from: flag('from'), sources: paths.slice(0, -1), to: paths.at(-1)!, chown: flag('chown') }
}

/**
 * Reads a .dockerignore. Returns a function that is true for paths outside the build context. If several patterns match
 * a path (or a folder that contains it), the last of them decides.
 */
export const dockerIgnore = (text: string): ((path: string) => boolean) => {
  const rules = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => ({ out: !line.startsWith('!'), fits: fitting(line.replace(/^!/, '').replace(/^\/|\/$/g, '')) }))
  return path => rules.findLast(({ fits }) => fits.test(path))?.out ?? false
}

const fitting = (pattern: string) => {
  const source = pattern
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map(part => wildcards[part] ?? part.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`))
    .join('')
  return new RegExp(`^${source}(/.*)?$`)
}

const wildcards: Record<string, string> = { '**/': '(.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' }
