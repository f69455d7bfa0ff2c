/**
 * Sends an update: whole; from where it broke off, if the connection does; in pieces, if a proxy
 * before the server takes no more at once. The server's half is server/routes/uploads.ts.
 */
import { isFedError } from '../../adapters/errors.ts'
import { contentDigest } from '../../adapters/wire/signature.ts'
import type { PendingUpload } from '../store/uploads.ts'
import {
  type Answer,
  type Outgoing,
  type SignedTransport,
  sendFailure,
} from './signed-transport.ts'
import type { Departure } from './while-allowed.ts'

export type UpdateSender = {
  /** The server's answer. Sends the stored bytes unchanged. Fails with the codes of the transport. */
  send(upload: PendingUpload, leave: Departure): Promise<Answer>
}

/** Below what proxies take unless they are told otherwise (nginx: 1 MB). */
const PIECE_BYTES = 512 * 1024

export const updateSender = (transport: SignedTransport): UpdateSender => {
  /** Once a proxy has taken pieces, but not the whole. */
  let needsPieces = false

  const inPieces = async (upload: PendingUpload, leave: Departure): Promise<Answer> => {
    for (let from = 0; ; from += PIECE_BYTES) {
      const to = Math.min(from + PIECE_BYTES, upload.bytes.length)
      const answer = await transport.send({ ...pieceOf(upload, from, to), ...leave })
      if (to === upload.bytes.length) return answer
    }
  }

  return {
    async send(upload, leave) {
      if (needsPieces) return inPieces(upload, leave)
      const again = () => restOf(transport, upload, leave)
      const first = upload.isSent ? await again() : wholeOf(upload)
      try {
        return await transport.send({ ...first, ...leave, again })
      } catch (error) {
        // The server that has the parts is another one, or it has dropped them meanwhile.
        if (isFedError(error) && error.code === 'E_CONFLICT')
          return transport.send({ ...wholeOf(upload), ...leave })
        const { status, isRefusal } = sendFailure(error) ?? {}
        if (status !== 413 || isRefusal || upload.bytes.length <= PIECE_BYTES) throw error
        const answer = await inPieces(upload, leave).catch((cause) => {
          throw takesNoPieces(cause) ? error : cause
        })
        needsPieces = true
        return answer
      }
    },
  }
}

/** A proxy with a lower limit, or a server of before: what the proxy said of the whole matters. */
const takesNoPieces = (error: unknown): boolean => {
  const { status, isRefusal } = sendFailure(error) ?? {}
  return isRefusal
    ? isFedError(error) && error.code === 'E_NOT_FOUND'
    : status === 413 || status === 405
}

/** What is missing of the update, as the server says; the whole where it does not say. */
const restOf = async (
  transport: SignedTransport,
  upload: PendingUpload,
  { signal, check }: Departure,
): Promise<Outgoing> => {
  try {
    const { headers } = await transport.send({
      method: 'GET',
      path: pathOf(upload),
      what: 'offset',
      headers: { ...tokenOf(upload), 'repr-digest': contentDigest(upload.bytes) },
      signal,
      check,
      attempts: 1,
    })
    const offset = Number(headers.get('upload-offset') ?? 0)
    const isPart = offset > 0 && offset <= upload.bytes.length
    return isPart ? pieceOf(upload, offset, upload.bytes.length) : wholeOf(upload)
  } catch (error) {
    if (!sendFailure(error)) throw error
    return wholeOf(upload)
  }
}

const wholeOf = (upload: PendingUpload): Outgoing => ({
  method: 'PUT',
  path: pathOf(upload),
  what: 'update',
  headers: { 'content-type': 'application/octet-stream', ...tokenOf(upload) },
  body: upload.bytes,
})

const pieceOf = (upload: PendingUpload, from: number, to: number): Outgoing => ({
  method: 'PATCH',
  path: pathOf(upload),
  what: 'update',
  headers: {
    'content-type': 'application/partial-upload',
    ...tokenOf(upload),
    'upload-offset': String(from),
    'upload-complete': to === upload.bytes.length ? '?1' : '?0',
    'repr-digest': contentDigest(upload.bytes),
  },
  body: upload.bytes.subarray(from, to),
})

const pathOf = ({ roundId }: PendingUpload): string => `/v1/rounds/${roundId}/update`
const tokenOf = ({ uploadToken }: PendingUpload) => ({ 'upload-token': uploadToken })
