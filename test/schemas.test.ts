import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const root = new URL('../', import.meta.url)
const inFolder = (folder: string) =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}${name}`)
/** What crosses to the server, what apps send, and the parts that those are made of. */
const FILES = [
  ...inFolder('adapters/wire/'),
  ...inFolder('device/api/schemas/'),
  'adapters/formats/choice-log.ts',
  'device/owner/device-status.ts',
  'device/records/agent-reports.ts',
  'device/records/feedback-event.ts',
  'device/records/preference.ts',
  'device/records/rewrite-decision.ts',
  'device/records/rerank-decision.ts',
  'device/store/forget-report.ts',
  'device/store/health.ts',
  'device/store/training-status.ts',
]
const modules = await Promise.all(
  FILES.map(
    async (path) =>
      [path, (await import(new URL(path, root).href)) as Record<string, unknown>] as const,
  ),
)
const schemas = modules.flatMap(([file, exported]) =>
  Object.entries(exported)
    .filter((entry): entry is [string, z.ZodType] => entry[1] instanceof z.ZodType)
    .map(([name, schema]) => [`${file} ${name}`, schema] as const),
)

/** Shapes that are carried, not interpreted: blocks and tools of the Messages API, reports of long work, prices by model. */
const LOOSE =
  /choice-log\.ts|home\.ts (\w+Response|ConfigChange)|personalization\.ts (RewriteRe|RerankRequest)|RewriteDecision/

type JsonSchema = { readonly [key: string]: unknown }

/** Names every place in a schema that an attacker could make larger than we said. */
const unbounded = (schema: z.ZodType, name: string, isLoose: boolean): string[] => {
  const walk = (node: JsonSchema, path: string): string[] => {
    const inner = (child: unknown, key: string) => walk(child as JsonSchema, `${path}.${key}`)
    if (node['const'] !== undefined || node['enum']) return []
    const options = (node['anyOf'] ?? node['oneOf'] ?? node['allOf']) as unknown[] | undefined
    if (options) return options.flatMap((option, i) => inner(option, String(i)))
    if (Array.isArray(node['type']))
      return node['type'].flatMap((type) => inner({ ...node, type }, type as string))
    switch (node['type']) {
      case 'object': {
        const children = Object.entries((node['properties'] ?? {}) as object).flatMap(
          ([key, child]) => inner(child, key),
        )
        const isStrict = node['additionalProperties'] === false || isLoose
        return isStrict ? children : [`${path}: not strict`, ...children]
      }
      case 'array':
        return [
          ...(node['maxItems'] === undefined ? [`${path}: list without a maximum`] : []),
          ...inner(node['items'], '[]'),
        ]
      case 'string':
        return node['maxLength'] === undefined && node['pattern'] === undefined
          ? [`${path}: text without a maximum or pattern`]
          : []
      case 'number':
      case 'integer': {
        const isFloored = node['minimum'] !== undefined || node['exclusiveMinimum'] !== undefined
        const isCapped = node['maximum'] !== undefined || node['exclusiveMaximum'] !== undefined
        return (isFloored && isCapped) || isLoose ? [] : [`${path}: number without bounds`]
      }
      case 'boolean':
      case 'null':
        return []
      default:
        return isLoose ? [] : [`${path}: anything`]
    }
  }
  return walk(z.toJSONSchema(schema, { io: 'input' }) as JsonSchema, name)
}

describe('the schemas', () => {
  test('are found', () => expect(schemas.length).toBeGreaterThan(20))

  test.each(schemas)(
    '%s is strict, and every text, number and list in it is bounded',
    (name, schema) => {
      expect(unbounded(schema, name, LOOSE.test(name))).toEqual([])
    },
  )

  test('the walk finds what it looks for', () => {
    const bad = z.looseObject({ a: z.string(), b: z.array(z.number()), c: z.unknown() })
    expect(unbounded(bad, 'bad', false)).toHaveLength(5)
  })
})
