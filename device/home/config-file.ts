/**
 * Reads and writes config.json: JSON with comments. Each setting has a description. Settings left
 * at their default are commented out, so an upgrade can change the default.
 */
import {
  applyEdits,
  findNodeAtLocation,
  getNodeValue,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { AgentSettings, DeviceSettings, ServerAddress } from './settings.ts'

export const HomeConfig = z.strictObject({
  version: z.literal(1),
  model: z
    .string()
    .min(1)
    .max(4096)
    .describe('The local model: a name of `loreweave model list`, "tiny", or a path.'),
  server: ServerAddress.nullable()
    .default(null)
    .describe('The federation server; `loreweave enroll` and `loreweave leave` set it.'),
  enrolledAt: z.number().nullable().default(null).describe('When, in milliseconds since 1970.'),
  threads: z
    .int()
    .min(1)
    .max(256)
    .nullable()
    .default(null)
    .describe('Threads of the local model; null leaves it to the runtime.'),
  settings: DeviceSettings.prefault({}),
})
export type HomeConfig = z.infer<typeof HomeConfig>

/**
 * Fails with E_HOME, naming line, column and fault, never the content. path: of the file, for the
 * message.
 */
export const parseConfig = (text: string, path: string): HomeConfig => {
  try {
    return parsed(text, path)
  } catch (error) {
    // jsonc-parser calls itself for each level, which the stack does not take to any depth.
    if (error instanceof RangeError) throw refused(text, path, 0, 'it is nested too deeply')
    throw error
  }
}

const parsed = (text: string, path: string): HomeConfig => {
  const errors: ParseError[] = []
  const tree = parseTree(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error || !tree) {
    const what = error ? words(printParseErrorCode(error.error)) : 'it is empty'
    throw refused(text, path, error?.offset ?? 0, `not JSON: ${what}`)
  }
  const result = HomeConfig.safeParse(getNodeValue(tree))
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  const extra = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const at = [...issue.path, ...extra].map((key) => (typeof key === 'number' ? key : String(key)))
  throw refused(text, path, offsetOf(tree, at), `${at.join('.') || 'content'}: ${issue.message}`)
}

/** Offset of the value at a path, or of its innermost existing ancestor. */
const offsetOf = (tree: Node, path: readonly (string | number)[]): number => {
  for (let depth = path.length; depth > 0; depth--) {
    const node = findNodeAtLocation(tree, path.slice(0, depth))
    if (node) return node.offset
  }
  return tree.offset
}

const refused = (text: string, path: string, offset: number, what: string): FedError => {
  const before = text.slice(0, offset).split('\n')
  return new FedError('E_HOME', `${path}:${before.length}:${before.at(-1)!.length + 1}: ${what}`)
}

/** "PropertyNameExpected" in words. */
const words = (code: string): string => code.replace(/(?!^)([A-Z])/g, ' $1').toLowerCase()

/** The whole file for a new home. */
export const commentedConfig = (config: HomeConfig): string => {
  const { settings, ...rest } = HomeConfig.shape
  const top = Object.entries(rest).flatMap(([name, schema]) => [
    ...comment(schema.description, 1),
    `  ${JSON.stringify(name)}: ${JSON.stringify(config[name as keyof typeof rest])},`,
    '',
  ])
  return [
    '// The settings of this device. A line that is commented out shows the default: remove ' +
      'the // to change it.',
    '// Your own edits stay when a command changes a setting.',
    '{',
    ...top,
    '  "settings": {',
    ...settingLines(DeviceSettings, config.settings, 2),
    '  },',
    '}',
    '',
  ].join('\n')
}

/** The settings of a group, each with its description. Defaults are commented out. */
const settingLines = (
  group: typeof DeviceSettings | typeof AgentSettings,
  values: object,
  depth: number,
): string[] =>
  Object.entries(group.shape).flatMap(([name, schema]) => {
    const value = values[name as keyof typeof values] as unknown
    const indent = '  '.repeat(depth)
    const key = JSON.stringify(name)
    if (name === 'agent')
      return [
        ...comment(schema.description, depth),
        `${indent}${key}: {`,
        ...settingLines(AgentSettings, value as object, depth + 1).slice(0, -1),
        `${indent}},`,
      ]
    const isDefault = JSON.stringify(schema.parse(undefined)) === JSON.stringify(value)
    const line = `${key}: ${JSON.stringify(value)},`
    return [...comment(schema.description, depth), `${indent}${isDefault ? '// ' : ''}${line}`, '']
  })

const defaultLines = (name: string): string[] => {
  const { [name as 'port']: schema } = DeviceSettings.shape
  const line = `    // ${JSON.stringify(name)}: ${JSON.stringify(schema.parse(undefined))},`
  return [...comment(schema.description, 2), line, '']
}

const LINE = 100

/** Lines of at most LINE columns. */
const comment = (text = '', depth: number): string[] => {
  const start = `${'  '.repeat(depth)}//`
  const lines: string[] = []
  let line = start
  for (const word of text.split(' ').filter(Boolean)) {
    if (line !== start && line.length + 1 + word.length > LINE) {
      lines.push(line)
      line = start
    }
    line += ` ${word}`
  }
  return line === start ? lines : [...lines, line]
}

/**
 * Changes in the text only what differs between two configurations. If the text shows commented
 * defaults, settings of a later version are added in the same way.
 */
export const changedConfig = (text: string, before: HomeConfig, after: HomeConfig): string => {
  let next = withLaterSettings(text)
  for (const { path, value } of differences(before, after)) next = withValue(next, path, value)
  return next
}

/** Inserts each before the next setting that is there, as in a new file. */
const withLaterSettings = (text: string): string => {
  if (!/^[ \t]*\/\/ "\w+": /m.test(text)) return text
  const names = Object.keys(DeviceSettings.shape)
  const tree = parseTree(text, [], { allowTrailingComma: true })
  const isSet = (name: string) => tree && findNodeAtLocation(tree, ['settings', name])
  const isShown = (line: string, name = '') => new RegExp(`^\\s*(// )?"${name}"\\s*:`).test(line)
  const lines = text.split('\n')
  for (const [i, name] of names.entries()) {
    if (isSet(name) || lines.some((line) => isShown(line, name))) continue
    const later = names.slice(i + 1).find((other) => lines.some((line) => isShown(line, other)))
    if (later === undefined) continue
    let at = lines.findIndex((line) => isShown(line, later))
    while (/^\s*\/\/ [^"]/.test(lines[at - 1] ?? '')) at--
    lines.splice(at, 0, ...defaultLines(name))
  }
  return lines.join('\n')
}

type Difference = { readonly path: string[]; readonly value: unknown }

const differences = (before: HomeConfig, after: HomeConfig): Difference[] => {
  const groups: [string[], object, object][] = [
    [[], { ...before, settings: 0 }, { ...after, settings: 0 }],
    [['settings'], { ...before.settings, agent: 0 }, { ...after.settings, agent: 0 }],
    [['settings', 'agent'], before.settings.agent, after.settings.agent],
  ]
  return groups.flatMap(([path, old, now]) =>
    Object.entries(now)
      .filter(([name, value]) => JSON.stringify(old[name as never]) !== JSON.stringify(value))
      .map(([name, value]) => ({ path: [...path, name], value: value as unknown })),
  )
}

/**
 * Replaces the commented default if there is one, else the value wherever it is, else appends to
 * its group.
 */
const withValue = (text: string, path: string[], value: unknown): string => {
  const isSet = (now: string) => {
    const tree = parseTree(now, [], { allowTrailingComma: true })
    const node = tree && findNodeAtLocation(tree, path)
    return node !== undefined && JSON.stringify(getNodeValue(node)) === JSON.stringify(value)
  }
  const shown = new RegExp(`^([ \\t]*)// ${JSON.stringify(path.at(-1))}: .*$`, 'm')
  const line = `${JSON.stringify(path.at(-1))}: ${JSON.stringify(value)},`
  const inPlace = text.replace(shown, (_, indent: string) => `${indent}${line}`)
  if (isSet(inPlace)) return inPlace
  const formattingOptions = { insertSpaces: true, tabSize: 2, eol: '\n' }
  return applyEdits(text, modify(text, path, value, { formattingOptions }))
}
