/**
 * Secrets that are planted in people's data, and the search for them in whatever should hold none: as
 * they are, in other case, in base64, hexadecimal or UTF-16, and inside gzip.
 */
import { gunzipSync } from 'node:zlib'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'

/** One person's choices, and what in them nobody else may learn. */
export type Planted = { readonly log: ChoiceLine[]; readonly secrets: readonly string[] }

/** What something said or kept; where: for the report, without what is in it. */
export type Trace = { readonly where: string; readonly bytes: Uint8Array }

export type Found = { readonly where: string; readonly secrets: number }

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
/** No word of any language, and by chance in nothing: 26⁻¹⁶. */
const SECRET_LETTERS = 16

const newSecret = (rng: Rng): string =>
  Array.from({ length: SECRET_LETTERS }, () => rng.pick([...LETTERS])).join('')

/** A person who likes short answers. Each choice has secrets in all that a person wrote or read. */
export const plantSecrets = (person: number, choices: number): Planted => {
  const rng = seededRng(`secrets/${person}`)
  const secrets: string[] = []
  const secret = (): string => {
    const made = newSecret(rng)
    secrets.push(made)
    return made
  }
  const user = secret()
  const log = Array.from({ length: choices }, (_, i): ChoiceLine => {
    const subject = secret()
    return {
      user,
      id: secret(),
      system: `The user's name is ${secret()}.`,
      messages: [{ role: 'user', content: `Why does ${subject} matter to me?` }],
      candidates: [
        `${subject} matters. ${secret()} says so at length, and in many words, one after the other.`,
        `It is ${secret()}.`,
        `- ${secret()}\n- it depends`,
      ],
      chosen: rng.uniform() < 0.8 ? 1 : 2,
      at: 1_700_000_000_000 + i,
    }
  })
  return { log, secrets }
}

/** Where secrets are, and how many different ones. */
export const findSecrets = (
  traces: Iterable<Trace>,
  secrets: readonly string[],
): readonly Found[] => {
  const patterns = secrets.map(formsOf)
  const found: Found[] = []
  for (const { where, bytes } of traces) {
    const texts = readings(bytes)
    const count = patterns.filter((forms) =>
      forms.some((form) => texts.some((text) => text.includes(form))),
    ).length
    if (count > 0) found.push({ where, secrets: count })
  }
  return found
}

/** In lower case. */
const formsOf = (secret: string): string[] => {
  const bytes = Buffer.from(secret)
  return [
    secret,
    bytes.toString('hex'),
    [...secret].join('\0'),
    ...[0, 1, 2].map((shift) => base64Core(bytes, shift).toLowerCase()),
  ]
}

/** What base64 makes of the bytes when so many others stand before them, without the letters that others share in. */
const base64Core = (bytes: Uint8Array, shift: number): string => {
  const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
  return whole.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + bytes.length) * 4) / 3) - 1)
}

/** The bytes as letters, and what they are when they are unpacked. */
const readings = (bytes: Uint8Array): string[] => {
  const own = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const plain = own.toString('latin1').toLowerCase()
  if (!(own[0] === 0x1f && own[1] === 0x8b)) return [plain]
  try {
    return [plain, gunzipSync(own).toString('latin1').toLowerCase()]
  } catch {
    return [plain]
  }
}
