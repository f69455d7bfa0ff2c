/** What holds for all of a drawn conversation: model, system, tools, how it is sent. */
import type { Rng } from '../../../../../adapters/random.ts'

export type Setting = {
  readonly model: string
  readonly fields: object
  readonly betas: readonly string[]
  readonly headers: Record<string, string>
  readonly isThread: boolean
}

const BETAS = [
  'compact-2026-09-04',
  'compact-2026-01-12',
  'context-management-2025-06-27',
  'fallback-credit-2026-07-01',
  'server-side-fallback-2026-07-01',
  'message-threads-2026-08-12',
]
const BINDING = 'thinking-binding-controls-2026-08-01'
const MODELS = [
  ...Array.from({ length: 4 }, () => 'claude-sonnet-5-5'),
  'claude-opus-5-5',
  'claude-opus-5-5',
  'claude-haiku-5-5',
  'claude-haiku-5-5',
  'claude-fable-5-2',
  'claude-fable-5-1',
  'claude-opus-5',
  'claude-sonnet-4-6',
]
export const mark = { cache_control: { type: 'ephemeral' } }
const tool = { name: 'lookup', description: 'Of a book', input_schema: { type: 'object' } }
const SYSTEMS: readonly (readonly [string, object])[] = [
  ['no system', {}],
  ['a system string', { system: 'Du hilfst in einer Bibliothek.' }],
  ['a system string', { system: 'Du hilfst in einer Bibliothek.' }],
  [
    'system blocks',
    {
      system: [
        { type: 'text', text: 'Sei genau.' },
        { type: 'text', text: 'Du hilfst.' },
      ],
    },
  ],
  [
    'a marked system block',
    { system: [{ type: 'text', text: 'Du hilfst. '.repeat(200), ...mark }] },
  ],
  ['an empty system', { system: '' }],
  ['a system that fixes the form', { system: 'Antworte in kurzen Absätzen, ohne Aufzählungen.' }],
  [
    "Claude Code's system",
    {
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.328;' },
        { type: 'text', text: 'Du schreibst Programme.', ...mark },
      ],
    },
  ],
]

export const chance = (rng: Rng, share: number): boolean => rng.uniform() < share

/** steps: told what was drawn. */
export const drawSetting = (rng: Rng, steps: string[]): Setting => {
  const model = rng.pick(MODELS)
  const [name, system] = rng.pick(SYSTEMS)
  const hasTools = chance(rng, 0.25)
  const isThread = chance(rng, 0.15)
  const isStream = chance(rng, 0.2)
  const isDropping = !isThread && chance(rng, 0.15)
  const isCached = !isThread && chance(rng, 0.1)
  const isIncognito = chance(rng, 0.1)
  const binding = { prefix_mismatch_behavior: 'drop_block' }
  const isOff = model === 'claude-opus-5' && chance(rng, 0.3)
  steps.push(
    [
      model,
      name,
      hasTools && 'tools',
      isThread && 'a thread',
      isStream && 'streams',
      isDropping && 'drop_block',
      isIncognito && 'incognito',
    ]
      .filter(Boolean)
      .join(', '),
  )
  return {
    model,
    isThread,
    betas: isDropping ? [...BETAS, BINDING] : BETAS,
    headers: isIncognito ? { 'loreweave-mode': 'incognito' } : {},
    fields: {
      model,
      max_tokens: 600,
      ...system,
      ...(hasTools && { tools: [tool] }),
      ...(isStream && { stream: true }),
      ...(isCached && mark),
      ...(isDropping && { thinking: { type: 'adaptive', block_binding: binding } }),
      ...(isOff && { thinking: { type: 'disabled' } }),
    },
  }
}
