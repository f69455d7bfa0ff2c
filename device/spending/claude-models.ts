/**
 * What the device knows about Claude's models besides prices, read from the version in a model's
 * name. Pure.
 */

/**
 * [5, 5] for claude-opus-5-5, [4, 0] for claude-sonnet-4-20250514, [3, 5] for
 * claude-3-5-haiku-latest, null for any other name.
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

/** Characters per token, a little low, so that token estimates are a little high. */
export const charactersPerToken = (model: string): number => (isFrom(model, 4, 7) ? 2.7 : 3.5)

/** Whether the model thinks unless the request switches thinking off. */
export const thinksByItself = (model: string): boolean => isFrom(model, 5, 0)

/**
 * Least tokens before a cache mark that Claude caches. The first family contained in the model's
 * name applies.
 */
const MIN_CACHED: readonly (readonly [family: string, tokens: number])[] = [
  ['claude-sonnet-5-5', 512],
  ['claude-sonnet-5', 1024],
  ['claude-sonnet-4', 1024],
  ['claude-opus-4-8', 1024],
  ['claude-opus-4-7', 2048],
  ['claude-opus-4', 4096],
  ['claude-haiku-4-5', 4096],
]
const MIN_CACHED_DEFAULT = 512

export const leastCached = (model: string): number =>
  MIN_CACHED.find(([family]) => model.includes(family))?.[1] ?? MIN_CACHED_DEFAULT
