/**
 * Why an event goes to the dead letter sink: Knative's `knativeerror…` extensions. Either all fields are set, or none
 * is.
 */
export interface DeadLetterInfo {
  /** URL of the subscriber that failed (`knativeerrordest`). */
  dest?: string
  /** HTTP status as text (`knativeerrorcode`). */
  code?: string
  /**
   * Base64 of the first 768 bytes of the last response body, or of the error if there was no response
   * (`knativeerrordata`); '' when the body was empty.
   */
  data?: string
}
