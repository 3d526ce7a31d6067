import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { until } from '#test/support/until.ts'

/** The exit code of a program, and its output of both streams together. */
export interface ProgramResult {
  code: number
  output: string
}

/** A program that runs on a machine. */
export interface Running {
  /** Its output until now, both streams together. */
  output(): string
  hasEnded(): boolean
  /** Kills it and waits until it has ended. Does nothing when it has ended already. */
  kill(): Promise<void>
}

/**
 * A lab of machines in a LAN. Each machine is a network namespace with `eth0` on one bridge, and has its own `/run` and
 * other private folders. Nothing of the lab is visible outside, and the kernel removes everything when the lab ends,
 * also when this process is killed.
 */
export interface NetnsLab {
  /** A folder outside the lab. It is removed when the lab closes. */
  home: string
  /** The path outside the lab of a private folder of a machine, such as `/run`. */
  folder(machine: string, path: string): string
  /** Runs a program on a machine until it ends. */
  run(machine: string, command: string[]): Promise<ProgramResult>
  /** Starts a program on a machine. `onLine` gets each line of its standard output. */
  start(machine: string, command: string[], onLine?: (text: string) => void): Promise<Running>
  /** Plugs in the machine's network cable, or pulls it out. */
  setCable(machine: string, plugged: boolean): Promise<void>
  close(): Promise<void>
}

export interface LabPlan {
  /** Addresses by machine. */
  machines: Record<string, string>
  /** Length of the LAN's network prefix in bits. */
  prefix: number
  /** Folders that every machine has for itself, empty at first, besides `/run`. They must exist outside the lab. */
  privateFolders: string[]
}

const run = promisify(execFile)
const tools = ['ip', 'mount', 'nsenter', 'setpriv', 'sh', 'unshare']
// Debian installs servers in folders that are not on the PATH of users.
const path = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter)
const env = { PATH: path, LC_ALL: 'C' }

/**
 * Why a lab with these programs is not possible on this machine, or undefined. `packages` are Debian's packages of the
 * programs.
 */
export const netnsLabSkipReason = async (programs: string[], packages: string): Promise<string | undefined> => {
  if (process.platform !== 'linux') return 'no netns lab: it needs Linux namespaces'
  if (process.getuid?.() !== 0) return 'no netns lab: only root can make network namespaces'
  const missing = [...tools, ...programs].filter(name => !path.split(delimiter).some(at => existsSync(join(at, name))))
  if (missing.length > 0) return `no netns lab: ${missing.join(', ')} not found; apt-get install ${packages}`
  return await run('unshare', ['--mount', '--net', '--pid', '--fork', '--mount-proc', 'ip', 'link'], { env }).then(
    () => undefined,
    error =>
      `no netns lab: ${String(error.stderr || error.message)
        .trim()
        .split('\n')
        .at(-1)}`,
  )
}

/** Makes the machines and their network. */
export const openNetnsLab = async ({ machines, prefix, privateFolders }: LabPlan): Promise<NetnsLab> => {
  const lab = new Lab(await mkdtemp(join(tmpdir(), 'vigia-netns-')), ['/run', ...privateFolders])
  try {
    await lab.open(machines, prefix)
  } catch (error) {
    await lab.close()
    throw error
  }
  return lab
}

class Lab implements NetnsLab {
  readonly home: string
  readonly #folders: string[]
  /** The process whose namespaces contain the whole lab. When it ends, the kernel ends everything in them. */
  readonly #namespaces: ChildProcess
  #started = 0

  constructor(home: string, folders: string[]) {
    this.home = home
    this.#folders = folders
    this.#namespaces = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
        ...['sh', '-euc', 'mount -t tmpfs run /run; mkdir /run/netns; echo ready; exec sleep infinity'],
      ],
      { env, stdio: ['ignore', 'pipe', 'inherit'] },
    )
  }

  async open(machines: Record<string, string>, prefix: number): Promise<void> {
    let ready = false
    this.#namespaces.stdout!.once('data', () => {
      ready = true
    })
    for (const machine of Object.keys(machines))
      for (const name of this.#folders) await mkdir(this.folder(machine, name), { recursive: true })
    await until(() => ready || this.#namespaces.exitCode !== null, { what: "the lab's namespaces" })
    await this.#runInside(['sh', '-euc', networkCommands(machines, prefix)])
  }

  async close(): Promise<void> {
    await endProcess(this.#namespaces, () => this.#namespaces.kill('SIGKILL'))
    await rm(this.home, { recursive: true, force: true })
  }

  folder(machine: string, path: string): string {
    return join(this.home, machine, path)
  }

  async run(machine: string, command: string[]): Promise<ProgramResult> {
    return await this.#runInside(this.#onMachine(machine, command)).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      error => {
        if (typeof error.code !== 'number') throw error
        return { code: error.code, output: error.stdout + error.stderr }
      },
    )
  }

  async start(machine: string, command: string[], onLine: (text: string) => void = () => {}): Promise<Running> {
    const pidFile = `${++this.#started}.pid`
    // A higher priority than other programs of this computer, because on real machines each server has a machine to
    // itself.
    const niced = ['nice', '-n', '-15', ...command]
    const child = spawn(
      'setpriv',
      [...this.#enter(), ...this.#onMachine(machine, niced, `echo $$ > /run/${pidFile}`)],
      { env, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        output = (output + text).slice(-20_000)
      })
    createInterface({ input: child.stdout }).on('line', onLine)
    const pid = await until(
      async () => child.exitCode ?? (await readFile(join(this.folder(machine, '/run'), pidFile), 'utf8')).trim(),
      { what: `${command[0]} on ${machine}` },
    )
    if (child.exitCode !== null) throw new Error(`${command[0]} on ${machine} ended with ${pid}: ${output.trim()}`)
    return {
      output: () => output,
      hasEnded: () => hasEnded(child),
      // The pid is valid inside the lab, where only programs that were started here have pids.
      kill: () => endProcess(child, () => void this.#runInside(['kill', '-KILL', String(pid)]).catch(() => {})),
    }
  }

  async setCable(machine: string, plugged: boolean): Promise<void> {
    await this.#runInside(['ip', 'link', 'set', 'dev', machine, plugged ? 'up' : 'down'])
  }

  #runInside(command: string[]) {
    return run('setpriv', [...this.#enter(), ...command], { env, maxBuffer: 1 << 24 })
  }

  /** The arguments of setpriv that start a program in the lab's namespaces. */
  #enter(): string[] {
    const namespaces = `/proc/${this.#namespaces.pid}/ns`
    return [
      ...['--pdeathsig', 'KILL', 'nsenter', `--mount=${namespaces}/mnt`, `--net=${namespaces}/net`],
      ...[`--pid=${namespaces}/pid_for_children`, '--'],
    ]
  }

  /** The command in the machine's network namespace, with its private folders mounted. */
  #onMachine(machine: string, command: string[], before = ':'): string[] {
    const mounts = this.#folders.map(name => `mount --bind '${this.folder(machine, name)}' '${name}'`).join('; ')
    return ['ip', 'netns', 'exec', machine, 'sh', '-euc', `${mounts}; ${before}; exec "$@"`, 'sh', ...command]
  }
}

/** The commands that make the bridge, and for each machine a namespace, a cable and an address. */
const networkCommands = (machines: Record<string, string>, prefix: number) =>
  [
    'ip link add name the-lan type bridge',
    'ip link set dev the-lan up',
    ...Object.entries(machines).flatMap(([name, address]) => [
      `ip netns add ${name}`,
      `ip link add name ${name} type veth peer name eth0 netns ${name}`,
      `ip link set dev ${name} master the-lan up`,
      `ip -n ${name} link set lo up`,
      `ip -n ${name} link set eth0 up`,
      `ip -n ${name} address add ${address}/${prefix} dev eth0`,
    ]),
  ].join('\n')

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

/** Ends a process with `end` and waits for its exit. Does nothing when it has ended already. */
const endProcess = async (child: ChildProcess, end: () => void) => {
  if (hasEnded(child)) return
  const exited = new Promise(resolve => child.once('exit', resolve))
  end()
  await exited
}
