import { watch as watchFolder } from 'node:fs'
import { join } from 'node:path'

/** The folders of the checkout with the code of functions. */
const sourceFolders = ['functions', 'events', 'infra/database']

const manifestFolders = ['knative', 'triggers']

/**
 * How long after the last change the build starts. An editor writes a file in several steps, and git writes many files.
 */
const settleMs = 120

export interface Changes {
  /** A source file changed. */
  sources: boolean
  /** A manifest changed. */
  manifests: boolean
}

/**
 * Calls `changed` after source files of the checkout `root` or manifests of `manifestRoot` have changed, one call at a
 * time. Changes during a call lead to another call. Returns a function that ends the watch.
 */
export const watchCheckout = (
  { root, manifestRoot }: { root: string; manifestRoot: string },
  changed: (changes: Changes) => Promise<void>,
  failed: (error: Error) => void,
): (() => void) => {
  const pending: Changes = { sources: false, manifests: false }
  let isBusy = false
  let timer: NodeJS.Timeout | undefined

  const arm = () => {
    clearTimeout(timer)
    if (!isBusy && (pending.sources || pending.manifests)) timer = setTimeout(run, settleMs)
  }
  const run = async () => {
    const changes = { ...pending }
    pending.sources = false
    pending.manifests = false
    isBusy = true
    await changed(changes).catch(failed)
    isBusy = false
    arm()
  }
  const note = (file: string | null) => {
    // The system does not always report a file name. Without a name, any file may have changed.
    if (file === null || /\.(ts|json)$/.test(file)) pending.sources = true
    if (file === null || /\.ya?ml$/.test(file)) pending.manifests = true
    arm()
  }
  const folders = [
    ...sourceFolders.map(folder => join(root, folder)),
    ...manifestFolders.map(folder => join(manifestRoot, folder)),
  ]
  const watchers = folders.map(folder =>
    watchFolder(folder, { recursive: true }, (_, file) => note(file)).on('error', failed),
  )
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
