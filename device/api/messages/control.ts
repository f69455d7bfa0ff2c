/** The `loreweave-…` headers, with which an app controls one request. None goes to Claude. */

import { FedError } from '../../../adapters/errors.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { RequestMode } from '../../records/rewrite-decision.ts'

/**
 * mode: undefined means that of the settings. candidates: the maximum. isCompared: whether a stream
 * may have several answers.
 */
export type Control = {
  readonly mode: RequestMode | undefined
  readonly candidates: number
  readonly isCompared: boolean
  /** Identifies the calling program: a hash of its `user-agent`. */
  readonly app: string
}

/** Fails with E_BODY, naming the header. */
export const readControl = (headers: Headers, compareStreams: boolean): Control => {
  const mode = oneOf(headers, 'loreweave-mode', RequestMode.options)
  const candidates = oneOf(headers, 'loreweave-candidates', ['1', '2', '3', '4'])
  const stream = oneOf(headers, 'loreweave-stream', ['compare'])
  return {
    mode,
    candidates: Number(candidates ?? 4),
    isCompared: compareStreams || stream !== undefined,
    app: sha256Hex(new TextEncoder().encode(headers.get('user-agent') ?? '')).slice(0, 16),
  }
}

const oneOf = <T extends string>(
  headers: Headers,
  name: string,
  allowed: readonly T[],
): T | undefined => {
  const value = headers.get(name)
  if (value === null) return undefined
  const found = allowed.find((one) => one === value.trim().toLowerCase())
  if (found) return found
  throw new FedError('E_BODY', `the header ${name} must be one of ${allowed.join(', ')}`)
}
