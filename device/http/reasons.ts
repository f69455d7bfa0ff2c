/**
 * Explains network failures in words that say what to do, and recognizes web pages in place of API
 * answers.
 */

/** status: of the proxy's refusal; null if it did not answer. */
export class ProxyError extends Error {
  readonly status: number | null

  constructor(message: string, status: number | null, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ProxyError'
    this.status = status
  }
}

const UNKNOWN_AUTHORITY =
  'its certificate is from an authority that this computer does not know: if a proxy of your ' +
  'company inspects connections, set NODE_EXTRA_CA_CERTS=/path/to/its-ca.pem'

const NETWORK = 'it cannot be reached: is this computer online, or does it need HTTPS_PROXY?'

/** The codes of Node, OpenSSL and undici that the user can do something about. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: `its name is unknown here; ${NETWORK}`,
  EAI_AGAIN: `host names cannot be looked up; ${NETWORK}`,
  EHOSTUNREACH: NETWORK,
  ENETUNREACH: NETWORK,
  ETIMEDOUT: NETWORK,
  UND_ERR_CONNECT_TIMEOUT: NETWORK,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'its certificate has expired, or the clock of this computer is wrong',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet, or the clock of this computer is wrong',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS at this port: is it http://?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS at this port: is it http://?',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP at this port: is it https://?',
}

/** null if the reason is unknown. */
export const reasonOf = (error: unknown): string | null => {
  const root = rootOf(error)
  if (root === null || root instanceof ProxyError) return root?.message ?? null
  return root.code in WORDS ? `${WORDS[root.code]} (${root.code})` : root.code
}

/** Whether a retry may succeed. Certificates and a proxy's refusals do not change. */
export const mayPass = (error: unknown): boolean => {
  const root = rootOf(error)
  if (root instanceof ProxyError) return root.status === null || root.status >= 500
  return root === null || !/^(?:CERT_|ERR_TLS_|ERR_SSL_)|_CERT|_SIGNATURE$/.test(root.code)
}

/** The innermost cause with a code, or the proxy's error. */
const rootOf = (error: unknown): ProxyError | { readonly code: string } | null => {
  if (typeof error !== 'object' || error === null) return null
  if (error instanceof ProxyError) return error
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown }
  const inner = rootOf(Array.isArray(errors) ? errors[0] : cause)
  if (inner !== null || typeof code !== 'string') return inner
  return /^[A-Z][A-Z0-9_]+$/.test(code) ? { code } : null
}

/**
 * Explains a web page, or a status that only proxies send; null for any other answer. Neither
 * Claude's API nor a federation server answers with pages.
 */
export const gatewayReason = (status: number, headers: Headers): string | null => {
  if (status === 407) return 'a proxy answered 407: it requires credentials'
  const isPage = /^(?:text\/html|application\/xhtml)/i.test(headers.get('content-type') ?? '')
  if (status === 511 || (isPage && status < 300))
    return (
      `a proxy or gateway answered ${status} with a web page: does this network require ` +
      'a sign-in? Open a browser'
    )
  return isPage ? `a proxy or gateway answered ${status} with a web page` : null
}
