/** What stands for a file that is not there. Other failures stay failures. */
export const orMissing = async <T, M>(found: Promise<T>, missing: M): Promise<T | M> => {
  try {
    return await found
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return missing
    throw error
  }
}
