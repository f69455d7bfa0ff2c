/** Fetches one file over HTTP into a `.part` file that a later attempt resumes. */
import { open, stat } from 'node:fs/promises'
import type { Fetch } from '../../http/fetch.ts'
import { gatewayReason, reasonOf } from '../../http/reasons.ts'
import { watchdog } from '../../http/watchdog.ts'

type Download = {
  readonly url: string
  /** Kept if the transfer breaks off; the next one resumes from its end. */
  readonly partPath: string
  /** Size the file must have. */
  readonly bytes: number
  readonly fetch: Fetch
  readonly onBytes?: (have: number) => void
  readonly signal?: AbortSignal
  /** How long to wait for the response to begin, and for each next chunk of it. */
  readonly connectTimeoutMs?: number
  readonly stallTimeoutMs?: number
}

/** Appends to partPath until it holds `bytes` bytes; resumed: whether older bytes were kept.
 *  Throws an Error whose message is the reason: a status, a size, a timeout, the network. */
export const download = async (options: Download): Promise<{ resumed: boolean }> => {
  const { partPath, bytes, onBytes } = options
  const have = (await stat(partPath).catch(() => undefined))?.size ?? 0
  if (have === bytes) return { resumed: true }
  const start = have < bytes ? have : 0
  const watch = watchdog(options.signal)
  watch.restart(options.connectTimeoutMs ?? 10_000, 'no answer')
  try {
    const response = await options.fetch(options.url, {
      signal: watch.signal,
      redirect: 'follow',
      headers: { 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-` }) },
    })
    const from = startOf(response, start, bytes)
    const file = await open(partPath, from > 0 ? 'r+' : 'w')
    try {
      let at = from
      for await (const chunk of response.body ?? []) {
        watch.restart(options.stallTimeoutMs ?? 30_000, 'the transfer stalled')
        if (at + chunk.length > bytes) throw new Error(`more than the expected ${bytes} bytes`)
        await file.write(chunk, 0, chunk.length, at)
        at += chunk.length
        onBytes?.(at)
      }
      if (at !== bytes) throw new Error(`the transfer ended at byte ${at} of ${bytes}`)
      await file.truncate(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    return { resumed: from > 0 }
  } catch (error) {
    const reason = reasonOf(error)
    throw watch.reason() ?? (reason === null ? error : new Error(reason, { cause: error }))
  } finally {
    watch.stop()
  }
}

/** The byte at which the response begins. */
const startOf = (response: Response, asked: number, bytes: number): number => {
  const { status, headers } = response
  const page = [200, 206, 407, 511].includes(status) ? gatewayReason(status, headers) : null
  if (page !== null || (status !== 200 && status !== 206)) {
    void response.body?.cancel()
    throw new Error(page ?? `answered ${status}`)
  }
  const from = status === 206 ? asked : 0
  const length = headers.get('content-length')
  const range = headers.get('content-range')
  const isRightRange = status === 200 || range?.startsWith(`bytes ${asked}-`) === true
  if (!isRightRange || (length !== null && Number(length) !== bytes - from)) {
    void response.body?.cancel()
    throw new Error(
      isRightRange
        ? `offers ${Number(length) + from} bytes, expected ${bytes}`
        : 'answered another range',
    )
  }
  return from
}
