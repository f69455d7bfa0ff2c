/** How a server that listens on a port ends. */

/** Of Node's servers: those of HTTP/2 count no connections. */
export type Listening = { close(done: () => void): unknown; closeAllConnections?(): void }

/** Idle connections are closed at once; answers under way get graceMs to end. */
export const closeListener = async (server: Listening, graceMs: number): Promise<void> => {
  const grace = setTimeout(() => server.closeAllConnections?.(), graceMs)
  await new Promise<void>((resolve) => server.close(() => resolve()))
  clearTimeout(grace)
}
