/** A step of the start. The page knows a sentence for each. */
export type StepName = 'PostgreSQL' | 'MongoDB' | 'telegram-webhook' | 'broker' | 'functions'

export interface Step {
  name: StepName
  state: 'waiting' | 'working' | 'done' | 'failed'
  /** The newest line about it, in English as in the terminal. */
  detail: string
}

/** How far the start is: written by the start, read by the page. */
export interface StartProgress {
  readonly steps: readonly Step[]
  /** Why the start failed, as the terminal says it; null while it goes on. */
  readonly failure: readonly string[] | null
  set(name: StepName, change: Partial<Omit<Step, 'name'>>): void
  fail(lines: readonly string[]): void
}

/** In the order in which they are shown. The functions but the first are built after the chat has opened. */
const names: readonly StepName[] = ['PostgreSQL', 'MongoDB', 'telegram-webhook', 'broker', 'functions']

export const createStartProgress = (): StartProgress => {
  const steps = names.map((name): Step => ({ name, state: 'waiting', detail: '' }))
  let failure: readonly string[] | null = null
  return {
    steps,
    get failure() {
      return failure
    },
    set: (name, change) => Object.assign(steps.find(step => step.name === name)!, change),
    fail: lines => {
      failure = lines
      for (const step of steps) if (step.state === 'working') step.state = 'failed'
    },
  }
}
