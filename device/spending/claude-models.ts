/**
 * What the device must know of Claude's models beside their prices, told from the version in a
 * model's name. Pure.
 */

/**
 * [5, 5] of claude-opus-5-5, [4, 0] of claude-sonnet-4-20250514, [3, 5] of claude-3-5-haiku-latest;
 * null of another name.
 */
export const versionOf = (model: string): readonly [major: number, minor: number] | null => {
  const found = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?![\d])/.exec(model)
  return found && [Number(found[1]), Number(found[2] ?? 0)]
}

/**
 * Whether the model is of this version or a later one. A name without a version counts as the
 * newest.
 */
export const isFrom = (model: string, major: number, minor: number): boolean => {
  const version = versionOf(model)
  return version === null || version[0] > major || (version[0] === major && version[1] >= minor)
}

/** Characters of a token, a little low so that an estimate of tokens is a little high. */
export const charactersPerToken = (model: string): number => (isFrom(model, 4, 7) ? 2.7 : 3.5)

/** Whether the model thinks unless the request switches it off. */
export const thinksByItself = (model: string): boolean => isFrom(model, 5, 0)

/** The first whose family begins the name holds: fewest tokens before a mark that Claude caches. */
const LEAST_CACHED: readonly (readonly [family: string, tokens: number])[] = [
  ['claude-sonnet-5-5', 512],
  ['claude-sonnet-5', 1024],
  ['claude-sonnet-4', 1024],
  ['claude-opus-4-8', 1024],
  ['claude-opus-4-7', 2048],
  ['claude-opus-4', 4096],
  ['claude-haiku-4-5', 4096],
]
const LEAST_CACHED_OTHERWISE = 512

export const leastCached = (model: string): number =>
  LEAST_CACHED.find(([family]) => model.includes(family))?.[1] ?? LEAST_CACHED_OTHERWISE
