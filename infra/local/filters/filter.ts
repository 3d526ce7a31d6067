/**
 * One element of a Trigger's `filters`, in a dialect of the CloudEvents Subscriptions API. An event passes a list of
 * filters when it passes every element.
 */
export type Filter =
  /** The value must be equal. An empty value means that the attribute is present and not empty. */
  | { attributes: Record<string, string> }
  | { exact: Record<string, string> }
  | { prefix: Record<string, string> }
  | { suffix: Record<string, string> }
  | { all: Filter[] }
  | { any: Filter[] }
  | { not: Filter }
  | { cesql: string }
