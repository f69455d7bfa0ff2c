/** `rewrite`: for each line of a choice log, the exact request a device would send, and why. */
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import type { ChatMessage, SystemPrompt } from '../../adapters/formats/choice-log.ts'
import { parseJson } from '../../adapters/formats/text.ts'
import type { Engine } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { DeviceSettings } from '../../device/home/settings.ts'
import { poleOf } from '../../device/preferences/dimensions.ts'
import { WHY_BLOCK } from '../../device/preferences/reasons.ts'
import { openRelevance } from '../../device/preferences/relevance-head.ts'
import { rewriteRequest } from '../../device/preferences/rewrite-request.ts'
import { openSuffixes, type Suffixes } from '../../device/preferences/suffixes.ts'
import { Preference, Profile } from '../../device/records/preference.ts'
import type { RewriteReason } from '../../device/records/rewrite-decision.ts'
import { type DeviceStore, openStore } from '../../device/store/store.ts'
import type { RequestLine } from '../inputs/request-file.ts'
import type { Result } from '../measure/results.ts'

export type NumberedLine = { readonly line: number; readonly request: RequestLine }

/** What a profile written by hand may leave out. */
const Stated = z.strictObject({
  ...Preference.shape,
  strength: Preference.shape.strength.default(1),
  scope: Preference.shape.scope.default('all'),
  evidence: Preference.shape.evidence.default({ choices: 0, confidence: 1 }),
  source: Preference.shape.source.default('stated'),
  pinned: z.boolean().default(false),
  enabled: z.boolean().default(true),
})
const ProfileFile = z.union([
  z.looseObject({ profile: z.object({ preferences: z.array(Stated) }) }),
  z.looseObject({ preferences: z.array(Stated) }),
  z.array(Stated),
])

/** `loreweave profile --json`, {"preferences": […]} or a bare list of them. Fails with E_DATA. */
export const readProfileFile = (text: string): Profile => {
  const parsed = ProfileFile.safeParse(parseJson(text, 'the profile'))
  if (parsed.success) {
    const file = parsed.data
    const preferences = Array.isArray(file)
      ? file
      : 'profile' in file
        ? (file.profile as Profile).preferences
        : file.preferences
    const profile = Profile.safeParse({ preferences })
    if (profile.success) return profile.data
  }
  throw new FedError(
    'E_DATA',
    'the profile must hold preferences such as {"dimension": "length", "direction": -1}, ' +
      'one a dimension',
  )
}

export type RewrittenLine = {
  readonly line: number
  readonly id: string | null
  readonly reason: RewriteReason
  readonly why: string
  readonly preferences: readonly string[]
  /** What would be sent to Claude, less what an app adds (model, max_tokens). */
  readonly request: { readonly system?: SystemPrompt; readonly messages: readonly ChatMessage[] }
}

/** Each line as a device with this profile treats it; later turns find the block of the first. */
export const rewriteLines = async (
  lines: readonly NumberedLine[],
  profile: Profile,
  { model, engine }: { model: LocalModel; engine: Pick<Engine, 'pooled' | 'generate'> },
): Promise<RewrittenLine[]> => {
  const relevance = openRelevance(openStore(':memory:'), model, engine)
  const settings = DeviceSettings.parse({})
  let now = 0
  const users = new Map<string, { store: DeviceStore; suffixes: Suffixes }>()
  const openUser = (user: string) => {
    const known = users.get(user)
    if (known) return known
    const store = openStore(':memory:')
    store.set('profile', profile)
    const opened = { store, suffixes: openSuffixes(store, () => now) }
    users.set(user, opened)
    return opened
  }
  const rewritten: RewrittenLine[] = []
  for (const { line, request } of lines) {
    const { id = null, user = '', messages, system } = request
    now = line
    const deps = { ...openUser(user), settings, relevance, clock: () => now, model, engine }
    const result = await rewriteRequest(deps, { messages, system })
    rewritten.push({
      line,
      id,
      reason: result.reason,
      why: WHY_BLOCK[result.reason],
      preferences: result.preferences.map(poleOf),
      request: { ...(result.system !== null && { system: result.system }), messages },
    })
  }
  for (const { store } of users.values()) store.close()
  return rewritten
}

/** How many lines ended how: `rewrite.lines.<reason>`. */
export const countReasons = (rewritten: readonly RewrittenLine[]): Result[] =>
  Object.keys(WHY_BLOCK).flatMap((reason) => {
    const value = rewritten.filter((r) => r.reason === reason).length
    return value === 0
      ? []
      : [{ name: `rewrite.lines.${reason}`, value, unit: 'lines', n: rewritten.length }]
  })
