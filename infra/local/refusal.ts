/** The start cannot go on for a reason that a person can do something about. Its message is what they read. */
export class Refusal extends Error {
  override name = 'Refusal'
}
