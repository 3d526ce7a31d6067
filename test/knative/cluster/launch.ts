import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kubeTool } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import { cgroupsNamed, makeCgroup, removeCgroup } from './cgroups.ts'
import { clusterFolder, nodeAddress, worldAddresses } from './layout.ts'
import type { BuiltParts, Parts } from './parts.ts'
import { path } from './requirements.ts'

const runs = join(root, '.build/knative/runs')
const cgroupPrefix = 'vigia-knative-'

/**
 * Builds the parts of the cluster, and runs a command in the cluster's namespaces. Returns its exit code. When this
 * process ends for any reason, the kernel ends every process, mount and network link of the cluster. The cluster's
 * folder and cgroups are removed at the end, or by the next run.
 */
export const launch = async (command: string[], build: () => Promise<BuiltParts>): Promise<number> => {
  await removeStaleRuns()
  const built = await build()
  const id = String(process.pid)
  const parts: Parts = { ...built, cgroup: cgroupPrefix + id }
  const folder = join(runs, id)
  await mkdir(join(folder, 'tmp'), { recursive: true })
  await writeFile(join(folder, 'parts.json'), JSON.stringify(parts))
  await makeCgroup(parts.cgroup)
  try {
    return await runInNamespaces(folder, parts, command)
  } finally {
    await removeRun(id)
  }
}
const runInNamespaces = async (folder: string, { debian }: Parts, command: string[]): Promise<number> => {
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child'],
      ...['--mount-proc', 'sh', '-euc', namespaceSetup, 'sh', debian.tini, '-s', '--', ...command],
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        FOLDER: folder,
        PATH: [...debian.folders, join((await kubeTool('kubectl'))!, '..'), path].join(':'),
        KUBECONFIG: `${clusterFolder}/kubeconfigs/administrator`,
        TMPDIR: `${clusterFolder}/tmp`,
        VIGIA_KNATIVE_CLUSTER: clusterFolder,
      },
    },
  )
  return await exitOf(child)
}

/**
 * Returns the exit code of the child. Kills the child when the terminal or CI stops this process, so that `launch`
 * still cleans up.
 */
const exitOf = async (child: ChildProcess): Promise<number> => {
  const stop = () => child.kill('SIGKILL')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  return await new Promise<number>((resolve, reject) => {
    child.once('exit', code => resolve(code ?? 1)).once('error', reject)
  })
}

/**
 * Runs as the first process of the namespaces. Whatever the cluster writes outside its folder goes to layers over /etc,
 * /opt and /var that end with the mount namespace.
 */
const namespaceSetup = [
  'mount --make-rshared /',
  'mount -t tmpfs -o mode=755 run /run',
  `mkdir ${clusterFolder}`,
  `mount --bind "$FOLDER" ${clusterFolder}`,
  'for name in etc opt var; do',
  `  mkdir -p ${clusterFolder}/layers/$name ${clusterFolder}/layers/$name-work`,
  `  mount -t overlay -o lowerdir=/$name,upperdir=${clusterFolder}/layers/$name,workdir=${clusterFolder}/layers/$name-work overlay /$name`,
  'done',
  // The kubelet wants these kernel settings, which belong to the whole machine. To leave the machine as it is, a file
  // with the wanted value is mounted over each setting.
  'setting() {',
  `  mkdir -p "${clusterFolder}/settings"; echo "$2" > "${clusterFolder}/settings/$1"`,
  `  mount --bind "${clusterFolder}/settings/$1" "/proc/sys/$(echo "$1" | tr . /)"`,
  '}',
  'setting vm.overcommit_memory 1; setting vm.panic_on_oom 0; setting kernel.panic 10; setting kernel.panic_on_oops 1',
  'setting kernel.keys.root_maxkeys 1000000; setting kernel.keys.root_maxbytes 25000000',
  'hostname node',
  'ip link set dev lo up',
  // The interface with the addresses below is a bridge without ports, because every kernel that passes requirements.ts
  // supports bridges. A veth link would need an interface at its other end.
  'ip link add name node0 type bridge',
  'ip link set dev node0 up',
  `ip address add ${nodeAddress}/24 dev node0`,
  ...Object.values(worldAddresses).map(address => `ip address add ${address}/32 dev node0`),
  `ip route add default dev node0 src ${nodeAddress}`,
  'for name in ipv4/ip_forward bridge/bridge-nf-call-iptables; do echo 1 > "/proc/sys/net/$name"; done',
  'unset FOLDER',
  'exec "$@"',
].join('\n')

/** Removes the folder and the cgroups of a run whose processes have ended. */
const removeRun = async (id: string): Promise<void> => {
  await removeCgroup(cgroupPrefix + id)
  await rm(join(runs, id), { recursive: true, force: true, maxRetries: 5 })
}

/** Removes what a killed run has left: its folder and its cgroups. Its processes, mounts and links ended with it. */
const removeStaleRuns = async (): Promise<void> => {
  const folders = await readdir(runs).catch(() => [])
  const cgroups = (await cgroupsNamed(cgroupPrefix)).map(name => name.slice(cgroupPrefix.length))
  for (const id of new Set([...folders, ...cgroups])) {
    if (await isRunning(id)) continue
    process.stdout.write(`Removing what the killed run ${id} has left\n`)
    await removeRun(id)
  }
}

/** Whether the process with this pid is a run of these tests. The kernel can give a pid to another program later. */
const isRunning = async (pid: string): Promise<boolean> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('test/knative/')
