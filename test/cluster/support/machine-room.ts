import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { until } from '#test/support/until.ts'

/** How a program ended and what it wrote, both streams together. */
export interface Ended {
  code: number
  output: string
}

/** A program that runs on a machine. */
export interface Running {
  /** What it wrote until now, both streams together. */
  output(): string
  hasEnded(): boolean
  /** Kills it and waits until it is gone. Does nothing when it is. */
  kill(): Promise<void>
}

/**
 * Machines in a LAN of their own: a network namespace each, with `eth0` on one bridge, and a `/run` and other folders of their own.
 * Nothing of it is visible outside, and the kernel takes all of it back when the room ends, also when this process is killed.
 */
export interface MachineRoom {
  /** A folder outside that goes with the room. */
  home: string
  /** Where a folder that the machine has for itself, such as `/run`, is from outside. */
  folder(machine: string, path: string): string
  /** Runs a program on a machine to its end. */
  run(machine: string, command: string[]): Promise<Ended>
  /** Starts a program on a machine; `line` hears each line of its standard output. */
  start(machine: string, command: string[], line?: (text: string) => void): Promise<Running>
  /** Plugs the machine's cable in or pulls it out. */
  cable(machine: string, plugged: boolean): Promise<void>
  close(): Promise<void>
}

export interface RoomPlan {
  /** Addresses by machine. */
  machines: Record<string, string>
  /** Length of the LAN's prefix. */
  prefix: number
  /** Folders that every machine has for itself, empty at first; they exist outside, too. `/run` is one without saying. */
  own: string[]
}

const run = promisify(execFile)
const tools = ['ip', 'mount', 'nsenter', 'setpriv', 'sh', 'unshare']
// Debian keeps its servers where users do not look.
const path = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter)
const env = { PATH: path, LC_ALL: 'C' }

/** Why a machine room with these programs cannot be had here, or undefined. `packages` are what Debian calls what brings them. */
export const whyNoMachineRoom = async (programs: string[], packages: string): Promise<string | undefined> => {
  if (process.platform !== 'linux') return 'no machine room: it is made of Linux namespaces'
  if (process.getuid?.() !== 0) return 'no machine room: making network namespaces takes root'
  const missing = [...tools, ...programs].filter(name => !path.split(delimiter).some(at => existsSync(join(at, name))))
  if (missing.length > 0) return `no machine room: no ${missing.join(', ')} here; apt-get install ${packages}`
  return await run('unshare', ['--mount', '--net', '--pid', '--fork', '--mount-proc', 'ip', 'link'], { env }).then(
    () => undefined,
    error =>
      `no machine room: ${String(error.stderr || error.message)
        .trim()
        .split('\n')
        .at(-1)}`,
  )
}

/** Builds the room. */
export const openMachineRoom = async ({ machines, prefix, own }: RoomPlan): Promise<MachineRoom> => {
  const home = await mkdtemp(join(tmpdir(), 'vigia-room-'))
  const folders = ['/run', ...own]
  const folder = (machine: string, name: string) => join(home, machine, name)
  for (const machine of Object.keys(machines))
    for (const name of folders) await mkdir(folder(machine, name), { recursive: true })

  // Everything happens in this one's namespaces: its end is the end of all.
  const keeper = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...['sh', '-euc', 'mount -t tmpfs run /run; mkdir /run/netns; echo ready; exec sleep infinity'],
    ],
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let ready = false
  keeper.stdout.once('data', () => {
    ready = true
  })
  const enter = [
    ...['--pdeathsig', 'KILL', 'nsenter', `--mount=/proc/${keeper.pid}/ns/mnt`, `--net=/proc/${keeper.pid}/ns/net`],
    ...[`--pid=/proc/${keeper.pid}/ns/pid_for_children`, '--'],
  ]
  const inside = (command: string[]) => run('setpriv', [...enter, ...command], { env, maxBuffer: 1 << 24 })
  const on = (machine: string, command: string[], before = ':') => [
    ...['ip', 'netns', 'exec', machine, 'sh', '-euc', `${mounts(machine)}; ${before}; exec "$@"`, 'sh', ...command],
  ]
  const mounts = (machine: string) =>
    folders.map(name => `mount --bind '${folder(machine, name)}' '${name}'`).join('; ')

  const close = async () => {
    await ended(keeper, () => keeper.kill('SIGKILL'))
    await rm(home, { recursive: true, force: true })
  }

  try {
    await until(() => ready || keeper.exitCode !== null, { what: 'the room' })
    await inside(['sh', '-euc', wiring(machines, prefix)])
  } catch (error) {
    await close()
    throw error
  }

  let started = 0
  return {
    home,
    folder,
    close,
    run: async (machine, command) =>
      await inside(on(machine, command)).then(
        ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
        error => {
          if (typeof error.code !== 'number') throw error
          return { code: error.code, output: error.stdout + error.stderr }
        },
      ),
    start: async (machine, command, line = () => {}) => {
      started++
      const pidFile = `${started}.pid`
      // Before other programs of this machine: in the LAN that is played each of these has a machine to itself.
      const first = ['nice', '-n', '-15', ...command]
      const child = spawn('setpriv', [...enter, ...on(machine, first, `echo $$ > /run/${pidFile}`)], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', text => {
          output = (output + text).slice(-20_000)
        })
      createInterface({ input: child.stdout }).on('line', line)
      const pid = await until(
        async () => child.exitCode ?? (await readFile(join(folder(machine, '/run'), pidFile), 'utf8')).trim(),
        { what: `${command[0]} on ${machine}` },
      )
      if (child.exitCode !== null) throw new Error(`${command[0]} on ${machine} ended with ${pid}: ${output.trim()}`)
      return {
        output: () => output,
        hasEnded: () => isOver(child),
        // The number is the room's, where nothing but what was started here has one.
        kill: () => ended(child, () => void inside(['kill', '-KILL', String(pid)]).catch(() => {})),
      }
    },
    cable: async (machine, plugged) => {
      await inside(['ip', 'link', 'set', 'dev', machine, plugged ? 'up' : 'down'])
    },
  }
}

/** The bridge, and for each machine a namespace, a cable and an address. */
const wiring = (machines: Record<string, string>, prefix: number) =>
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

const isOver = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

const ended = async (child: ChildProcess, end: () => void) => {
  if (isOver(child)) return
  const gone = new Promise(resolve => child.once('exit', resolve))
  end()
  await gone
}
