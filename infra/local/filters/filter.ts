/**
 * One element of a Trigger's `filters`, in a dialect of the CloudEvents Subscriptions API. An event passes a list of
 * filters when it passes every element.
 */
export type Filter =
  /**
   * The value must be equal. If the filter's value is empty, the event must have the attribute, and its value must not
   * be empty.
   */
  | { attributes: Record<string, string> }
  | { exact: Record<string, string> }
  | { prefix: Record<string, string> }
  | { suffix: Record<string, string> }
  | { all: Filter[] }
  | { any: Filter[] }
  | { not: Filter }
  | { cesql: string }
