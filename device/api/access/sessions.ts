/** One-time codes that unlock the page, and the sessions they are exchanged for, in memory. */
import { FedError } from '../../../adapters/errors.ts'
import { isSameSecret } from '../../../adapters/node/secrets.ts'
import { randomBytes } from '../../../adapters/random.ts'
import { SESSION_PREFIX } from './guard.ts'

export const CODE_MS = 60_000
export const IDLE_MS = 12 * 3600 * 1000

const MAX_CODES_PER_MINUTE = 10
/** Beyond it, the session that was unused for longest ends. */
const MAX_SESSIONS = 20
const MINUTE_MS = 60_000

export type Sessions = {
  /** Fails with E_UNAVAILABLE after too many codes. */
  newCode(): { code: string; expiresAt: number }
  /**
   * A code works once. Fails with E_AUTH. Failures are not counted: 100 random bits cannot be
   * guessed within a minute, and a limit would let any local program lock the right code out.
   */
  exchange(code: string): string
  /** isRight: whether the caller showed the device token. Fails as exchange does. */
  open(isRight: boolean): string
  /** Checking a session counts as using it. */
  isOpen(session: string): boolean
  end(session: string): void
}

type Timed = { readonly secret: string; at: number }

export const openSessions = (clock: () => number): Sessions => {
  let codes: Timed[] = []
  let sessions: Timed[] = []
  let issued: number[] = []

  const open = (isRight: boolean): string => {
    if (!isRight)
      throw new FedError(
        'E_AUTH',
        'the code is wrong, used or older than a minute, or the token is wrong. Run: loreweave page',
      )
    const secret = newSecret(SESSION_PREFIX)
    const byUse = sessions.toSorted((a, b) => b.at - a.at)
    sessions = [{ secret, at: clock() }, ...byUse].slice(0, MAX_SESSIONS)
    return secret
  }
  return {
    newCode() {
      issued = issued.filter((at) => at > clock() - MINUTE_MS)
      if (issued.length >= MAX_CODES_PER_MINUTE)
        throw new FedError('E_UNAVAILABLE', 'too many codes were asked for: wait a minute')
      issued.push(clock())
      const code = newCode()
      codes = [...codes.filter((c) => c.at > clock()), { secret: code, at: clock() + CODE_MS }]
      return { code, expiresAt: clock() + CODE_MS }
    },
    exchange(code) {
      const known = find(codes, asTyped(code))
      codes = codes.filter((c) => c !== known)
      return open(known !== undefined && known.at > clock())
    },
    open,
    isOpen(session) {
      const known = find(sessions, session)
      if (!known || known.at <= clock() - IDLE_MS) return false
      known.at = clock()
      return true
    },
    end(session) {
      const known = find(sessions, session)
      sessions = sessions.filter((s) => s !== known)
    },
  }
}

/** Every secret is compared, each in constant time. */
const find = (all: readonly Timed[], secret: string): Timed | undefined =>
  all.filter((one) => isSameSecret(one.secret, secret))[0]

/** Crockford's base 32: no letter that looks like a digit. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

/** 100 random bits in groups of five letters, which can be typed. */
const newCode = (): string =>
  [...randomBytes(20)]
    .map((byte, i) => `${i > 0 && i % 5 === 0 ? '-' : ''}${LETTERS[byte % 32]}`)
    .join('')

/** Brings a typed code into the form of newCode. */
const asTyped = (text: string): string => {
  const letters = text.toLowerCase().replace(/[\s-]/g, '').replace(/[il]/g, '1').replace(/o/g, '0')
  return letters.match(/.{1,5}/g)?.join('-') ?? ''
}

const newSecret = (prefix: string): string =>
  `${prefix}${Buffer.from(randomBytes(32)).toString('base64url')}`
