import { Refusal } from '#infra/refusal.ts'
import { versionIn } from './version.ts'

/** A user's reference to a release: a version, an image's digest, or the commit of a build that was never released. */
export interface ReleaseReference {
  version?: string
  digest?: string
  commit?: string
}

const label = 'app.kubernetes.io/version='

/**
 * Reads `v1.4.2`, `1.4.2`, `app.kubernetes.io/version=1.4.2`, `vigia-1.4.2.tgz`, an image reference
 * (`…/vigia:1.4.2[@sha256:…]` or `…/vigia@sha256:…`) and the name of a build between releases
 * (`1.4.2-0f3c5a9b7d21`). Throws a Refusal for any other text.
 */
export const releaseReference = (text: string): ReleaseReference => {
  if (text.startsWith(label)) return fromTag(text.slice(label.length), text)
  const chart = /^vigia-(.+)\.tgz$/.exec(text)
  if (chart) return fromTag(chart[1]!, text)
  if (versionIn(text)) return fromTag(text, text)
  const image = /^(?:.+\/)?([\w.-]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text)
  const [, name, tag, digest] = image ?? []
  if (name !== 'vigia' || !(tag || digest)) return fromTag(text, text)
  return { ...(tag ? fromTag(tag, text) : {}), ...(digest ? { digest } : {}) }
}

const fromTag = (tag: string, text: string): ReleaseReference => {
  if (versionIn(tag)) return { version: tag.replace(/^v/, '') }
  const [, commit] = /^(?:\d+\.\d+\.\d+|candidate)-([0-9a-f]{12})$/.exec(tag) ?? []
  if (commit) return { commit }
  throw new Refusal(`${text} is not the name of a release; use v1.4.2, …/vigia:1.4.2[@sha256:…] or ${label}1.4.2`)
}
