/**
 * The clients, their pinned packages, and what the device is to do with each of their scenarios.
 */
import type { Kind } from './scenarios.ts'

/** block: one suffix through the whole scenario. none: nothing behind `system`. */
export type Expected = 'block' | 'none'

export type Client = {
  readonly name: string
  readonly packages:
    | { readonly npm: readonly string[] }
    | { readonly pip: readonly string[]; readonly modules: readonly string[] }
  /** In drivers/. */
  readonly driver: string
  readonly model: string
  /** In place of a scenario's own: the mocked Claude calls the tool that a question names. */
  readonly questions?: Readonly<Partial<Record<Kind, string>>>
  /**
   * What follows the origin in the base URL that the client wants when it speaks to Claude itself.
   */
  readonly path: '' | '/v1'
  readonly env?: Readonly<Record<string, string>>
  readonly scenarios: Readonly<Partial<Record<Kind, Expected>>>
}

const NEWEST = 'claude-sonnet-5-5'

const CHAT = {
  plain: 'block',
  ranked: 'block',
  turns: 'block',
  stream: 'block',
  tools: 'block',
  overloaded: 'block',
  unauthorized: 'block',
  abort: 'block',
} as const

/** A client that always streams is never given the best of several answers. */
const { ranked: _, ...STREAMED } = CHAT

/** Claude Code's first system block must stay as it came, so nothing follows it. */
const CLAUDE_CODE = {
  plain: 'none',
  turns: 'none',
  stream: 'none',
  tools: 'none',
  overloaded: 'none',
  unauthorized: 'none',
  abort: 'none',
} as const

/** No telemetry, updates or other traffic of its own, and two further tries in place of ten. */
const CLAUDE_CODE_ENV = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_TELEMETRY: '1',
  CLAUDE_CODE_MAX_RETRIES: '2',
}

export const CLIENTS: readonly Client[] = [
  {
    name: '@anthropic-ai/sdk',
    packages: { npm: ['@anthropic-ai/sdk@1.14.0'] },
    driver: 'anthropic-sdk.mjs',
    model: NEWEST,
    path: '',
    scenarios: { ...CHAT, thread: 'block' },
  },
  {
    name: 'ai, @ai-sdk/anthropic',
    packages: { npm: ['ai@7.0.173', '@ai-sdk/anthropic@4.0.105'] },
    driver: 'ai-sdk.mjs',
    model: NEWEST,
    path: '/v1',
    scenarios: CHAT,
  },
  {
    name: '@langchain/anthropic',
    packages: { npm: ['@langchain/anthropic@1.5.11', '@langchain/core@1.4.0'] },
    driver: 'langchain.mjs',
    model: NEWEST,
    path: '',
    scenarios: CHAT,
  },
  {
    name: '@anthropic-ai/claude-code',
    packages: { npm: ['@anthropic-ai/claude-code@2.1.328'] },
    driver: 'claude-code.mjs',
    model: NEWEST,
    path: '',
    questions: { tools: 'Lies mit Read die Datei "gezeiten.txt".' },
    env: CLAUDE_CODE_ENV,
    scenarios: { ...CLAUDE_CODE, bare: 'none' },
  },
  {
    name: 'anthropic (Python)',
    packages: { pip: ['anthropic==2.10.0'], modules: ['anthropic'] },
    driver: 'anthropic_client.py',
    model: NEWEST,
    path: '',
    scenarios: { ...CHAT, thread: 'block' },
  },
  {
    name: 'litellm',
    packages: { pip: ['litellm==1.110.2'], modules: ['litellm'] },
    driver: 'litellm_client.py',
    model: NEWEST,
    path: '',
    env: { LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_TELEMETRY: 'False' },
    scenarios: CHAT,
  },
  {
    name: 'pydantic-ai',
    packages: {
      pip: ['pydantic-ai-slim[anthropic]==2.66.0', 'anthropic==2.14.0'],
      modules: ['pydantic_ai', 'anthropic'],
    },
    driver: 'pydantic_ai_client.py',
    model: 'claude-sonnet-5',
    path: '',
    // Its tool for the answer is one among others, for tool_choice is "auto".
    questions: {
      output: 'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun? (final_result)',
    },
    scenarios: { ...CHAT, output: 'block', json: 'none' },
  },
  {
    name: 'instructor',
    packages: {
      pip: ['instructor==1.17.0', 'anthropic==0.93.0'],
      modules: ['instructor', 'anthropic'],
    },
    driver: 'instructor_client.py',
    model: 'claude-sonnet-5',
    path: '',
    scenarios: {
      output: 'none',
      json: 'none',
      stream: 'none',
      overloaded: 'none',
      unauthorized: 'none',
    },
  },
  {
    name: 'llm, llm-anthropic',
    packages: {
      pip: ['llm==0.36', 'llm-anthropic==0.30', 'anthropic==1.17.0'],
      modules: ['llm', 'llm_anthropic'],
    },
    driver: 'llm_client.py',
    model: NEWEST,
    path: '',
    scenarios: STREAMED,
  },
  {
    name: 'claude-agent-sdk',
    packages: { pip: ['claude-agent-sdk==0.2.184'], modules: ['claude_agent_sdk'] },
    driver: 'agent_sdk_client.py',
    model: NEWEST,
    path: '',
    questions: { tools: 'Wann ist Hochwasser in Husum? Sieh in mcp__own__tide_table nach.' },
    // Tools of its own would be found by a search of Claude's, which the mocked Claude does not make.
    env: { ...CLAUDE_CODE_ENV, ENABLE_TOOL_SEARCH: 'false' },
    scenarios: CLAUDE_CODE,
  },
]
