/**
 * Holds a server to the key that this device has pinned: its answers must be signed by it, or by one
 * that it names as its successor.
 */
import { FedError } from '../../adapters/errors.ts'
import {
  ANSWER_SIGNATURE,
  isSignedAnswer,
  replacedKey,
  type ServerKeyResponse,
} from '../../adapters/wire/server-key.ts'
import { fingerprintOf, isSameSpoken } from '../../adapters/wire/spoken.ts'
import type { DeviceStore } from '../store/store.ts'
import { type Answer, asSendFailure } from './signed-transport.ts'

export type Pinned = {
  /** null: none is pinned, and the server is not held to anything. */
  readonly key: () => string | null
  /** The key in place of the pinned one, which has signed it. */
  readonly follow: (next: string) => Promise<void>
}

export const pinnedKey = (store: Pick<DeviceStore, 'get' | 'durably'>): Pinned => ({
  key: () => store.get('pin')?.key ?? null,
  follow: (key) =>
    store.durably((tx) => {
      const pin = tx.get('pin')
      if (pin) tx.set('pin', { ...pin, key })
    }),
})

/** ask: for the server's key. Fails with E_SERVER_KEY. */
export const checkAnswer = async (
  answer: Answer,
  { key, follow }: Pinned,
  ask: () => Promise<ServerKeyResponse | null>,
): Promise<void> => {
  const pinned = key()
  if (pinned === null || isSignedBy(answer, pinned)) return
  const shown = await ask()
  const next = shown && replacedKey(pinned, shown)
  if (next === null || !isSignedBy(answer, next))
    throw refused(
      `its answer is not signed by the key that this device has pinned (${fingerprintOf(pinned)}). ` +
        'If its operator says that the server is another one now, run: loreweave leave, then loreweave enroll',
    )
  await follow(next)
}

const isSignedBy = ({ asked, status, headers, bytes }: Answer, key: string): boolean =>
  isSignedAnswer({ asked, status, body: bytes }, headers.get(ANSWER_SIGNATURE), key)

/** The key that the server shows, if it is of these words. Fails with E_SERVER_KEY. */
export const keyOfWords = (shown: ServerKeyResponse | null, words: string): string => {
  if (!shown) throw refused('it shows no key, and one of certain words was expected')
  const fingerprint = fingerprintOf(shown.publicKey)
  if (!isSameSpoken(words, fingerprint))
    throw refused(
      `its key is ${fingerprint}, and ${words.slice(0, 100)} was expected. Its operator sees the ` +
        'right one with: loreweave-server key show',
    )
  return shown.publicKey
}

/** For the answer to an enrolment. Fails with E_SERVER_KEY. */
export const requireSigned = (answer: Answer, key: string): void => {
  if (!isSignedBy(answer, key)) throw refused('its answer is not signed by the key that it shows')
}

const refused = (what: string): FedError =>
  asSendFailure(new FedError('E_SERVER_KEY', `the federation server is not trusted: ${what}`), {
    status: 200,
    isRefusal: false,
    isUnsent: false,
  })
