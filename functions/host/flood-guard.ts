/** Makes the function that counts refused requests: more than `perSecond` in one second are a flood. */
export const floodGuard = (clock: () => Date, perSecond = 100): (() => boolean) => {
  let second = 0
  let count = 0
  return () => {
    const now = Math.floor(clock().getTime() / 1_000)
    if (now !== second) [second, count] = [now, 0]
    return ++count > perSecond
  }
}
