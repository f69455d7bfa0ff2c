/** Works of the same kind that are asked for together are done together. */

type Batch<T, R> = { readonly items: T[]; readonly done: Promise<readonly R[]> }

/**
 * together: called with the first of a batch. Others join until it calls `close`, which gives all of
 * them; it answers each, in their order. When it fails, so do all.
 */
export const gathering = <T, R>(
  together: (close: () => readonly T[]) => Promise<readonly R[]>,
): ((item: T) => Promise<R>) => {
  let open: Batch<T, R> | undefined
  const begin = (): Batch<T, R> => {
    const items: T[] = []
    const close = () => {
      if (open?.items === items) open = undefined
      return items
    }
    return { items, done: together(close).finally(close) }
  }
  return async (item) => {
    open ??= begin()
    const { items, done } = open
    const at = items.push(item) - 1
    return (await done)[at]!
  }
}
