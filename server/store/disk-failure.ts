/** Failures of a disk that is full or broken, as the system and SQLite name them. */

const DISK_CODES = /^(?:SQLITE_(?:FULL|IOERR|READONLY).*|ENOSPC|EDQUOT|EIO|EROFS)$/

export const isDiskFailure = (error: unknown): boolean => {
  const code = (error as { readonly code?: unknown } | null)?.code
  return typeof code === 'string' && DISK_CODES.test(code)
}
