import { styleText } from 'node:util'
import { type Level, levelOf, levels, readable } from './activator/log-lines.ts'
import type { StartProgress, StepName } from './http/starting/progress.ts'

/** What the person at the terminal sees. An output that is not a terminal gets plain lines without colour. */
export interface Terminal {
  /** Runs `work` and shows that it is in progress. Then shows whether it succeeded, and how long it took. */
  step<T>(title: StepName, work: (say: (line: string) => void) => Promise<T>): Promise<T>
  say(text: string): void
  warn(text: string): void
  /** A line that a function wrote. */
  functionLine(name: string, line: string): void
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY'>

/**
 * Log lines of functions below `level` are not shown; they are only in the log files. Every step is recorded in
 * `progress` too.
 */
export const terminal = (output: Output, level: Level, progress?: StartProgress): Terminal => {
  const style = (format: 'dim' | 'red' | 'yellow' | 'green') => (text: string) =>
    output.isTTY ? styleText(format, text, { validateStream: false }) : text
  const [dim, red, yellow, green] = [style('dim'), style('red'), style('yellow'), style('green')]
  const inProgress = new Set<string>()
  const least = levels.indexOf(level)
  let isProgressShown = false

  const line = (text: string) => {
    output.write(`${isProgressShown ? '\r\x1b[K' : ''}${text}\n`)
    isProgressShown = false
    showProgress()
  }
  const showProgress = () => {
    if (!output.isTTY || inProgress.size === 0) return
    output.write(`\r\x1b[K${dim(`  … ${[...inProgress].join(', ')}`)}`)
    isProgressShown = true
  }
  const now = () => dim(new Date().toTimeString().slice(0, 8))

  return {
    step: async (title, work) => {
      const began = performance.now()
      inProgress.add(title)
      showProgress()
      progress?.set(title, { state: 'working' })
      const say = (text: string) => {
        progress?.set(title, { detail: text })
        line(`  ${text}`)
      }
      try {
        const value = await work(say)
        inProgress.delete(title)
        progress?.set(title, { state: 'done', detail: '' })
        line(`  ${green('✓')} ${title} ${dim(`${((performance.now() - began) / 1000).toFixed(1)} s`)}`)
        return value
      } catch (error) {
        inProgress.delete(title)
        progress?.set(title, { state: 'failed' })
        line(`  ${red('✗')} ${title}`)
        throw error
      }
    },
    say: line,
    warn: text => line(`${now()} ${yellow('!')} ${text}`),
    functionLine: (name, text) => {
      const lineLevel = levelOf(text)
      if (levels.indexOf(lineLevel) < least) return
      const paint = lineLevel === 'error' || lineLevel === 'fatal' ? red : lineLevel === 'warn' ? yellow : dim
      line(`${now()} ${name} ${paint(lineLevel)} ${readable(text)}`)
    },
  }
}

/**
 * If a signal is sent to the whole process group, this process may get it up to this much later than the databases.
 * Errors in the time between are not faults: the databases ended because Vigia is being stopped.
 */
const signalSkewMs = 250

/** Warns after `signalSkewMs`, unless Vigia is being stopped by then. */
export const warnUnlessStopping = (text: string, terminal: Pick<Terminal, 'warn'>, signal: AbortSignal): void =>
  void setTimeout(() => {
    if (!signal.aborted) terminal.warn(text)
  }, signalSkewMs)

/**
 * A terminal that does not show the errors of functions while Vigia stops: their databases may end before them. The log
 * files have these lines, and the events in progress are delivered after the next start.
 */
export const withoutStopErrors = (terminal: Terminal, signal: AbortSignal): Terminal => ({
  ...terminal,
  warn: text => warnUnlessStopping(text, terminal, signal),
  functionLine: (name, line) =>
    void setTimeout(() => {
      if (!signal.aborted) terminal.functionLine(name, line)
    }, signalSkewMs),
})
