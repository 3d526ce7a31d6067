/** The value of an optional environment variable; undefined where it is unset or empty. */
export const envOptional = (name: string): string | undefined => process.env[name] || undefined

/**
 * The value of an environment variable, or `fallback` where the variable is unset or empty. Throws an error that names
 * the variable if there is no fallback either.
 */
export const env = (name: string, fallback?: string): string => {
  const value = envOptional(name) ?? fallback
  if (value === undefined) throw new Error(`${name} is not set; infra/local/settings.md describes it`)
  return value
}
