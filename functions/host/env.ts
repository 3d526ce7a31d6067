/** The value of an optional variable; undefined where it is unset or empty. */
export const envOptional = (name: string): string | undefined => process.env[name] || undefined

/** The value of a variable. Without one and without a fallback it throws an error that names the variable; empty is unset. */
export const env = (name: string, fallback?: string): string => {
  const value = envOptional(name) ?? fallback
  if (value === undefined) throw new Error(`${name} is not set; the README says what belongs there`)
  return value
}
