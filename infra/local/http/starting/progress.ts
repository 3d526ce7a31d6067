/** A step of the start. starting-texts.ts has a text for each step. */
export type StepName = 'PostgreSQL' | 'MongoDB' | 'telegram-webhook' | 'broker' | 'functions'

export interface Step {
  name: StepName
  state: 'waiting' | 'working' | 'done' | 'failed'
  /** The latest line about the step, in English as in the terminal. */
  detail: string
}

/** The progress of the start. The start changes it, and the page shows it. */
export interface StartProgress {
  readonly steps: readonly Step[]
  /** Why the start failed, in the lines of the terminal; null if it has not failed. */
  readonly failure: readonly string[] | null
  set(name: StepName, change: Partial<Omit<Step, 'name'>>): void
  fail(lines: readonly string[]): void
}

/** The steps in the order in which they are shown. Most functions are built after the chat has opened. */
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
