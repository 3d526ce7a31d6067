/**
 * A command cannot go on for a reason that a person can remove: a wrong setting, a taken port, a missing file. Its
 * message is shown to that person without a stack trace, so it says what is wrong and what to do next.
 */
export class Refusal extends Error {
  override name = 'Refusal'
}
