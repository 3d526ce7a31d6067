import { Refusal } from '#infra/refusal.ts'
import { versionIn } from './version.ts'

/** How a user names a release: a version, an image's digest, or the commit of a build that was never released. */
export interface Named {
  version?: string
  digest?: string
  commit?: string
}

const label = 'app.kubernetes.io/version='

/**
 * Reads `v1.4.2`, `1.4.2`, `app.kubernetes.io/version=1.4.2`, `vigia-1.4.2.tgz` and an image reference, `…/vigia:1.4.2[@sha256:…]` or
 * `…/vigia@sha256:…`, and the name of a build between releases, `1.4.2-0f3c5a9b7d21`. Throws a Refusal for anything else.
 */
export const named = (text: string): Named => {
  if (text.startsWith(label)) return inTag(text.slice(label.length), text)
  const chart = /^vigia-(.+)\.tgz$/.exec(text)
  if (chart) return inTag(chart[1]!, text)
  if (versionIn(text)) return inTag(text, text)
  const image = /^(?:.+\/)?([\w.-]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text)
  const [, name, tag, digest] = image ?? []
  if (name !== 'vigia' || !(tag || digest)) return inTag(text, text)
  return { ...(tag ? inTag(tag, text) : {}), ...(digest ? { digest } : {}) }
}

const inTag = (tag: string, text: string): Named => {
  if (versionIn(tag)) return { version: tag.replace(/^v/, '') }
  const [, commit] = /^(?:\d+\.\d+\.\d+|candidate)-([0-9a-f]{12})$/.exec(tag) ?? []
  if (commit) return { commit }
  throw new Refusal(`${text} is not the name of a release; use v1.4.2, …/vigia:1.4.2[@sha256:…] or ${label}1.4.2`)
}
