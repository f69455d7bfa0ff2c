/** `loreweave-eval rewrite`: the exact request that a device would send for each line of a log, and why. */
import type { Command } from 'commander'
import { z } from 'zod'
import { FedError } from '../adapters/errors.ts'
import type { ChatMessage, SystemPrompt } from '../adapters/wire/choice-log.ts'
import {
  Preference,
  Profile,
  ProfileChange,
  type RewriteReason,
} from '../adapters/wire/personalization.ts'
import { newKeyPair } from '../adapters/wire/signature.ts'
import { openDevice } from '../device/agent/device.ts'
import { openStore } from '../device/agent/store.ts'
import { openModel } from '../device/engine/model/open.ts'
import { openEngine } from '../device/engine/run/client.ts'
import { EMPTY_PROFILE, editProfile } from '../device/personalize/profile.ts'
import { cacheOption, jsonOption, modelOption, progress, threadsOption } from './options.ts'
import { type AskedRequest, readRequests } from './request-file.ts'
import type { Result, Results } from './results.ts'
import { readText } from './run/choice-file.ts'

/** request: what goes to Claude besides the app's other fields; messages are the line's own. */
export type Rewritten = {
  readonly line: number
  readonly reason: RewriteReason
  readonly preferences: readonly string[]
  readonly request: { readonly system?: SystemPrompt; readonly messages: readonly ChatMessage[] }
}

export type RewriteOptions = {
  readonly requests: readonly AskedRequest[]
  readonly profile: Profile
  readonly model: string
  readonly cache: string
  readonly threads?: number
  readonly onRewritten: (rewritten: Rewritten) => void
}

/** What users write by hand: the preferences alone, or a whole profile as `GET /v1/profile` gives it. */
const Written = z.union([
  z.object({ profile: Profile }).transform((body) => body.profile),
  Profile,
  z
    .array(
      z.strictObject({
        dimension: Preference.shape.dimension,
        direction: Preference.shape.direction,
        strength: Preference.shape.strength.optional(),
        scope: Preference.shape.scope.optional(),
      }),
    )
    .transform((stated) =>
      editProfile(
        EMPTY_PROFILE,
        stated.map((preference) => ProfileChange.parse({ op: 'state', ...preference })),
      ),
    ),
])

/** Fails with E_DATA when the text is none of the forms above. */
export const parseProfile = (text: string): Profile => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new FedError('E_DATA', 'the profile is not JSON', { cause })
  }
  const parsed = Written.safeParse(json)
  if (parsed.success) return parsed.data
  throw new FedError(
    'E_DATA',
    'the profile must be {"preferences": […]} as GET /v1/profile gives it, or a list like [{"dimension": "length", "direction": -1}]',
  )
}

/** A device with this profile and nothing learned decides about every request; nothing is sent. Fails with E_MODEL_MISSING. */
export const runRewrite = async ({
  requests,
  profile,
  onRewritten,
  ...options
}: RewriteOptions): Promise<Results> => {
  const model = await openModel({ cacheFolder: options.cache, name: options.model })
  const store = openStore(':memory:')
  store.set('profile', profile)
  const device = openDevice({
    store,
    key: newKeyPair(),
    model,
    engine: openEngine({
      folder: model.folder,
      oneChild: true,
      ...(options.threads && { threads: options.threads }),
    }),
  })
  const counts = new Map<string, number>()
  try {
    for (const [i, asked] of requests.entries()) {
      const { messages, system } = asked as { messages: ChatMessage[]; system?: SystemPrompt }
      const rewritten = await device.rewrite({ messages, ...(system !== undefined && { system }) })
      const { reason, preferences } = rewritten
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
      onRewritten({
        line: i + 1,
        reason,
        preferences: preferences.map((p) => `${p.dimension}${p.direction > 0 ? '+' : '-'}`),
        request: { ...(rewritten.system !== null && { system: rewritten.system }), messages },
      })
    }
  } finally {
    await device.close()
  }
  const results = [...counts].map(
    ([reason, count]): Result => ({ name: `rewrite.${reason}`, value: count, unit: 'requests' }),
  )
  return { results }
}

export const addRewriteCommand = (program: Command): void => {
  program
    .command('rewrite')
    .description('what a device would send for each request of a log, as JSON lines, and why')
    .option('--data <file>', 'JSON lines with `messages` (a choice log will do), or "bank"')
    .option('--outputs <files...>', "AlpacaEval's model_outputs.json: their instructions")
    .requiredOption('--profile <file>', 'preferences, as GET /v1/profile gives them or as a list')
    .addOption(modelOption())
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async ({ data, outputs = [], profile, json, ...options }) => {
      const sources: string[] = [...(data ? [data] : []), ...outputs]
      if (sources.length === 0) throw new FedError('E_USAGE', 'give --data or --outputs')
      const lines: Rewritten[] = []
      progress('reading the seeds of the relevance head: half a minute …')
      const results = await runRewrite({
        ...options,
        requests: sources.flatMap(readRequests),
        profile: parseProfile(readText(profile)),
        onRewritten: (line) => (json ? lines.push(line) : console.log(JSON.stringify(line))),
      })
      if (json) console.log(JSON.stringify({ ...results, requests: lines }, null, 2))
      else for (const { name, value } of results.results) progress(`${name}: ${value}`)
    })
}
