import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const folder = new URL('../../../adapters/wire/', import.meta.url)
const modules = await Promise.all(
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map(
      async (name) =>
        [name, (await import(new URL(name, folder).href)) as Record<string, unknown>] as const,
    ),
)
const schemas = modules.flatMap(([file, exported]) =>
  Object.entries(exported)
    .filter((entry): entry is [string, z.ZodType] => entry[1] instanceof z.ZodType)
    .map(([name, schema]) => [`${file} ${name}`, schema] as const),
)

/** Others' shapes that are carried, not interpreted (blocks and tools of the Messages API): their unknown fields stay. */
const LOOSE = /choice-log\.ts|personalization\.ts (RewriteRe|RerankRequest)/

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

describe('the wire schemas', () => {
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
