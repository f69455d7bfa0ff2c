/**
 * What apps and people send, written by hand in English and German: instructions of apps with the
 * dimensions that they fix, requests whose answer a program reads, requests of people, and first
 * messages with a sentence of context. The rules were tuned on the `development` files; of the
 * `heldout` ones README.md tells the first look.
 */
import { z } from 'zod'
import { Dimension } from '../../../device/records/preference.ts'
import { readData } from '../../../eval/data/read-data.ts'

export const SETS = ['development', 'heldout'] as const
export type SetName = (typeof SETS)[number]

const Language = z.enum(['en', 'de'])
const Prompts = z.strictObject({
  prompts: z.array(
    z.strictObject({
      kind: z.enum(['chat', 'support', 'tutor', 'rag', 'roleplay', 'coding']),
      language: Language,
      fixes: z.array(Dimension),
      text: z.string().min(1),
    }),
  ),
})
export type AppPrompt = z.infer<typeof Prompts>['prompts'][number]

const Requests = z.strictObject({
  requests: z.array(
    z.strictObject({
      language: Language,
      /** What is asked for; none of a person's request. */
      reason: z.string().optional(),
      system: z.string().optional(),
      message: z.string().min(1),
      hints: z
        .strictObject({
          forcedForm: z.boolean().optional(),
          stopSequences: z.boolean().optional(),
          maxTokens: z.int().optional(),
        })
        .optional(),
    }),
  ),
})
export type AppRequest = z.infer<typeof Requests>['requests'][number]

const ByLanguage = <T extends z.ZodType>(schema: T) => z.strictObject({ en: schema, de: schema })
const FirstMessages = z.strictObject({
  questions: ByLanguage(z.array(z.string())),
  contexts: ByLanguage(z.strictObject({ before: z.array(z.string()), after: z.array(z.string()) })),
})

/**
 * The same question alone and beside a sentence that has nothing to do with the form of the answer.
 */
export type FirstMessage = { readonly question: string; readonly inContext: string }

/** Sets by writers who had not seen the rules; README.md tells the first look. */
export const BLIND_SETS = ['blind-a', 'blind-b'] as const
export type BlindSet = (typeof BLIND_SETS)[number]

const BlindPrompts = z.array(
  z.strictObject({ id: z.string(), system: z.string(), fixes: z.array(Dimension) }),
)
const BlindRequests = z.array(
  z.strictObject({
    id: z.string(),
    system: z
      .string()
      .nullish()
      .transform((text) => text ?? undefined),
    message: z.string().min(1),
  }),
)

const readBlind = <S extends z.ZodType>(schema: S, set: BlindSet, kind: string) =>
  readData(`labelled/apps/${set}/${kind}.json`, schema)

export const blindPrompts = (set: BlindSet) => readBlind(BlindPrompts, set, 'system-prompts')
export const blindPrograms = (set: BlindSet) => readBlind(BlindRequests, set, 'programs')
export const blindOrdinary = (set: BlindSet) => readBlind(BlindRequests, set, 'ordinary')

const read = <S extends z.ZodType>(schema: S, kind: string, set: SetName) =>
  readData(`labelled/apps/${kind}-${set}.json`, schema)

export const systemPrompts = (set: SetName): readonly AppPrompt[] =>
  read(Prompts, 'system-prompts', set).prompts

export const programRequests = (set: SetName): readonly AppRequest[] =>
  read(Requests, 'program-requests', set).requests

export const ordinaryRequests = (set: SetName): readonly AppRequest[] =>
  read(Requests, 'ordinary-requests', set).requests

/** Plain first messages, in no context. */
export const questions = (set: SetName): readonly string[] =>
  Object.values(read(FirstMessages, 'first-messages', set).questions).flat()

/** Each sentence of context with several questions of its language. */
export const messagesInContext = (set: SetName, count: number): readonly FirstMessage[] => {
  const { questions: asked, contexts } = read(FirstMessages, 'first-messages', set)
  const all = (['en', 'de'] as const).flatMap((language) => {
    const { before, after } = contexts[language]
    return asked[language].flatMap((question) => [
      ...before.map((said) => ({ question, inContext: `${said} ${question}` })),
      ...after.map((said) => ({ question, inContext: `${question} ${said}` })),
    ])
  })
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!)
}
