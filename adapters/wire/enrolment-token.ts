/**
 * An enrolment token as people hand it on: the secret, a point, and the words of the server's key, so
 * that a device knows whom it gives the secret to. Tokens of version 0.1 have no words.
 */
import { SPOKEN } from './spoken.ts'

export const enrolmentToken = (secret: string, fingerprint: string): string =>
  `${secret}.${fingerprint}`

/** fingerprint: null where the token names none. */
export const readEnrolmentToken = (
  token: string,
): { readonly secret: string; readonly fingerprint: string | null } => {
  const at = token.lastIndexOf('.')
  const words = token.slice(at + 1)
  return at > 0 && SPOKEN.test(words)
    ? { secret: token.slice(0, at), fingerprint: words }
    : { secret: token, fingerprint: null }
}
