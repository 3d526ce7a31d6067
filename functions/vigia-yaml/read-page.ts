import { slugFault } from '#database/pages/slug.ts'
import type { PageAccess } from '#database/pages/status-pages.ts'
import { domainIn } from '#functions/pages/domain.ts'
import { type ImageFault, imageIn } from '#functions/pages/image.ts'
import { logoLimits } from '#functions/pages/logo-limits.ts'
import type { YamlPath } from '#infra/files/yaml-lines.ts'
import type { DesiredPage } from './desired.ts'
import { didYouMean } from './did-you-mean.ts'
import type { PageEntry } from './file-schema.ts'

/** The bytes of a file that the file names, or why they cannot be read. */
export type ReadPicture = (path: string) => { bytes: Buffer } | { reason: string }

/** Reads a status page. `keys` are those of the monitors of its chat; without a list the page has all of them. */
export const readPage = (
  slug: string,
  entry: PageEntry,
  keys: readonly string[],
  readPicture: ReadPicture,
  report: (path: YamlPath, reason: string) => void,
): DesiredPage => {
  const fault = slugFault(slug)
  if (fault === 'reserved') report([], 'has a reserved name; use another one, such as my-status')
  if (fault === 'form') report([], 'must have a name of 3 to 40 lower-case letters, digits and hyphens')
  const listed = entry.monitors ?? [...keys]
  const components = listed.map(one => {
    const { monitor, name = null, group = null } = typeof one === 'string' ? { monitor: one } : one
    return { monitorKey: monitor, name, group }
  })
  const seen = new Set<string>()
  for (const [index, { monitorKey }] of components.entries()) {
    const path: YamlPath = ['monitors', index]
    if (!keys.includes(monitorKey))
      report(
        path,
        `${JSON.stringify(monitorKey)} is not the key of a monitor of this chat${didYouMean(monitorKey, keys)}`,
      )
    if (seen.has(monitorKey)) report(path, `is ${JSON.stringify(monitorKey)} a second time`)
    seen.add(monitorKey)
  }
  const { title, language = null, access = 'link' } = entry
  return {
    ...{ slug, title, language, access, domain: readDomain(entry, access, report) },
    ...{ logo: readPageLogo(entry, readPicture, report), components },
  }
}

const logoFaults: Record<ImageFault, string> = {
  none: 'is no PNG, JPEG or WebP',
  svg: 'is an SVG, which may contain programs; use a PNG, JPEG or WebP',
  bytes: `has more than ${logoLimits.bytes} bytes`,
  pixels: `has a side of more than ${logoLimits.pixels} pixels`,
}

const readPageLogo = (
  { logo }: PageEntry,
  readPicture: ReadPicture,
  report: (path: YamlPath, reason: string) => void,
): DesiredPage['logo'] => {
  if (logo === undefined) return 'kept'
  if (logo === null) return 'none'
  const read = readPicture(logo)
  const image = 'reason' in read ? null : imageIn(read.bytes)
  if (image !== null && typeof image !== 'string') return image
  report(['logo'], 'reason' in read ? read.reason : logoFaults[image as ImageFault])
  return 'kept'
}

const readDomain = (
  { domain }: PageEntry,
  access: PageAccess,
  report: (path: YamlPath, reason: string) => void,
): string | null => {
  if (domain === undefined) return null
  const found = domainIn(domain, [])
  if (typeof found === 'string') {
    report(
      ['domain'],
      `${JSON.stringify(domain)} is not a domain; write the name of a host, such as status.example.org`,
    )
    return null
  }
  if (access === 'link')
    report(['domain'], 'is not possible with access link, because anyone can find out a domain; use public or members')
  return found.domain
}
