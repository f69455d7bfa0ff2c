/**
 * The server's own key: made with the store, shared by all servers on it, and replaced by one that the
 * last one signs. Devices pin it when they enrol.
 */
import { type KeyRotation, signRotation } from '../../adapters/wire/server-key.ts'
import { type KeyPair, newKeyPair } from '../../adapters/wire/signature.ts'
import { type StatementKind, signStatement } from '../../adapters/wire/statement.ts'

/** As the store keeps it. Of a key that was replaced only the public half stays. */
type Kept = KeyPair & { readonly rotations: readonly KeyRotation[] }

type Settings = {
  setting(name: string): Promise<string | undefined>
  addSetting(name: string, value: string): Promise<boolean>
  changeSetting(name: string, before: string, after: string): Promise<boolean>
}

type ServerKeyState = {
  readonly publicKey: string
  readonly rotations: KeyRotation[]
}

export type ServerWord = {
  key(): Promise<ServerKeyState>
  /** The key in force. */
  keyPair(): Promise<KeyPair>
  sign(kind: StatementKind, text: string): Promise<string>
  /** Another key from now on. now: milliseconds since 1970. */
  rotate(now: number): Promise<ServerKeyState>
  /** Another server may have replaced the key: it is read anew. */
  forget(): void
}

const NAME = 'server-key'

export const openServerWord = (settings: Settings): ServerWord => {
  let known: Promise<string> | undefined
  const kept = async (): Promise<string> => {
    const there = await settings.setting(NAME)
    if (there !== undefined) return there
    await settings.addSetting(NAME, JSON.stringify({ ...newKeyPair(), rotations: [] }))
    return (await settings.setting(NAME))!
  }
  const text = (): Promise<string> => {
    known ??= kept().catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }
  const read = async (): Promise<Kept> => JSON.parse(await text())
  const key = async () => stateOf(await read())
  const keyPair = async () => {
    const { publicKey, secretKey } = await read()
    return { publicKey, secretKey }
  }
  return {
    key,
    keyPair,
    sign: async (kind, statement) => signStatement(kind, statement, (await keyPair()).secretKey),
    async rotate(now) {
      known = undefined
      const before = await text()
      const after = replacedBy(newKeyPair(), JSON.parse(before), now)
      // False where another server has just replaced it: once is enough.
      await settings.changeSetting(NAME, before, JSON.stringify(after))
      known = undefined
      return key()
    },
    forget() {
      known = undefined
    },
  }
}

const stateOf = ({ publicKey, rotations }: Kept): ServerKeyState => ({
  publicKey,
  rotations: [...rotations],
})

const replacedBy = (
  next: KeyPair,
  { publicKey, secretKey, rotations }: Kept,
  at: number,
): Kept => ({
  ...next,
  rotations: [...rotations, signRotation({ from: publicKey, to: next.publicKey, at }, secretKey)],
})
