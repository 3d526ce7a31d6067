import { parse } from 'yaml'
import { Refusal } from '#infra/refusal.ts'
import { changelogOf } from './changelog.ts'
import { checkout, imageOfTag } from './draft.ts'
import { environmentsFile, environmentsIn } from './environments.ts'
import { git, gitOrNothing } from './git.ts'
import { releaseTags } from './history.ts'
import { kubeTool } from './kube-tools.ts'
import { type DeployedObject, deployedObjects, objectsAt, type Rendered } from './objects.ts'
import { type ReleaseReference, releaseReference } from './release-reference.ts'

/** Everything that belongs to one release. */
interface Trace {
  /** Undefined for a build between two releases. */
  tag: string | undefined
  version: string
  commit: string
  author: string
  date: string
  subject: string
  image: string | undefined
  chart: { version: string; appVersion: string } | undefined
  changelog: string | undefined
  /** Undefined without kubectl, which renders the objects. */
  objects: Rendered[] | undefined
  environments: { name: string; revision: string; runs: boolean }[]
  cluster: DeployedObject[] | undefined
}

/**
 * What belongs to the release that `reference` names: as text, or as JSON. `context` is a cluster of kubectl's
 * configuration; its objects of this release are listed too.
 */
export const traceRelease = async (
  reference: string,
  { context, json }: { context: string | undefined; json: boolean },
): Promise<string> => {
  const repository = await checkout()
  const wanted = releaseReference(reference)
  const { tag, commit } = await revisionOf(repository, wanted, reference)
  const image = tag ? await imageOfTag(repository, tag) : undefined
  if (wanted.digest && image && !image.endsWith(wanted.digest))
    throw new Refusal(`${reference} is not the image of ${tag}, which is ${image}`)
  const [author, date, title] = (await git(repository, ['log', '-1', '--format=%an <%ae>%n%cI%n%s', commit])).split(
    '\n',
  )
  const version = tag?.slice(1) ?? versionOfBuild(reference)
  const kubectl = await kubeTool('kubectl')
  if (context && !kubectl) throw new Refusal('kubectl not found on PATH; install it, because --context needs it')
  const found: Trace = {
    tag,
    version,
    commit,
    author: author!,
    date: date!,
    subject: title!,
    image,
    chart: await chartAt(repository, commit),
    changelog: tag ? await changelogOf(repository, tag) : undefined,
    objects: kubectl
      ? await objectsAt(repository, commit, version, kubectl).catch(refuse('the objects cannot be rendered'))
      : undefined,
    environments: tag ? await environmentsOf(repository, tag) : [],
    cluster:
      context && kubectl
        ? await deployedObjects(kubectl, context, version).catch(
            refuse(`the cluster of the context ${context} does not answer`),
          )
        : undefined,
  }
  return json ? JSON.stringify(found, null, 2) : asText(found, context)
}

const refuse = (what: string) => (error: Error & { stderr?: string }) => {
  throw new Refusal(`${what}: ${(error.stderr || error.message).trim().split('\n').at(-1)}`)
}

const versionOfBuild = (reference: string) =>
  /(?:\d+\.\d+\.\d+|candidate)-[0-9a-f]{12}/.exec(reference)?.[0] ?? 'unreleased'

/**
 * The commit that a reference names, and its tag. A digest without a version is searched in the messages of the tags.
 */
const revisionOf = async (repository: string, { version, digest, commit }: ReleaseReference, reference: string) => {
  const tags = await releaseTags(repository)
  if (version) {
    const release = tags.find(each => each.version === version)
    if (!release)
      throw new Refusal(`there is no release v${version} in this clone; run git fetch --tags origin, or see git tag`)
    return { tag: release.tag, commit: release.commit }
  }
  if (commit) {
    const fullHash = await gitOrNothing(repository, ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`])
    if (!fullHash) throw new Refusal(`${reference} names a commit that this clone does not have; run git fetch origin`)
    return { tag: undefined, commit: fullHash }
  }
  for (const { tag, commit } of tags)
    if ((await imageOfTag(repository, tag))?.endsWith(`@${digest}`)) return { tag, commit }
  throw new Refusal(`no release in this clone was published as ${digest}; run git fetch --tags origin`)
}

const chartAt = async (repository: string, commit: string): Promise<Trace['chart']> => {
  const text = await gitOrNothing(repository, ['show', `${commit}:infra/charts/vigia/Chart.yaml`])
  if (text === undefined) return undefined
  const { version, appVersion } = parse(text)
  return { version, appVersion }
}

/** The environments of the checked-out commit: their revisions today, not at the time of the tag. */
const environmentsOf = async (repository: string, tag: string): Promise<Trace['environments']> => {
  const text = await gitOrNothing(repository, ['show', `HEAD:${environmentsFile}`])
  return environmentsIn(text ?? '').map(({ name, revision }) => ({ name, revision, runs: revision === tag }))
}

const asText = (found: Trace, context: string | undefined): string => {
  const { tag, version, commit, author, date, subject, image, chart, changelog, objects, environments, cluster } = found
  const line = (name: string, text: string) => `${name.padEnd(13)}${text}`
  const environmentText = ({ name, revision, runs }: Trace['environments'][number]) =>
    `${name}: ${revision}${runs ? ', this release' : ''}`
  return [
    line('release', tag ?? `none; a build of ${version}`),
    line('commit', `${commit}  ${subject}`),
    line('', `${date}  ${author}`),
    line('image', image ?? (tag ? `vigia:${version}; the tag does not name its digest` : `vigia:${version}`)),
    line('chart', chart ? `vigia ${chart.version}, app ${chart.appVersion}` : 'none at this commit'),
    line('environments', environments.map(environmentText).join('; ') || `none in ${environmentsFile}`),
    ...(cluster ? [line('cluster', `${context}: ${cluster.length} objects have ${version}`)] : []),
    ...(cluster ?? []).map(({ kind, name, revision }) => line('', `${kind} ${name}, revision ${revision}`)),
    ...(objects
      ? objects.flatMap(({ overlay, count, versioned, kinds }) => [
          line('objects', `${overlay}: ${count}, ${versioned} of them have ${version}`),
          ...Object.entries(kinds).map(([kind, names]) => line('', `${names.length} ${kind}: ${names.join(', ')}`)),
        ])
      : [line('objects', 'not rendered, because kubectl was not found')]),
    ...(changelog ? ['', changelog.trim()] : []),
  ].join('\n')
}
