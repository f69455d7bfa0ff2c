/** When the mock calls a tool, and with what. */
import { blocksOf, type MessagesBody, type Tool, textOf } from './claude-wire.ts'

/** The tool to call: forced by tool_choice, or named in the user's last message; undefined for a text answer. */
export const toolToCall = (body: MessagesBody): Tool | undefined => {
  const tools = body.tools ?? []
  const choice = body.tool_choice?.type ?? 'auto'
  const last = body.messages.at(-1)
  if (tools.length === 0 || choice === 'none' || last === undefined) return undefined
  if (choice === 'tool') return tools.find((t) => t.name === body.tool_choice?.name)
  const text = textOf(last.content).toLowerCase()
  const named = tools.find((t) => {
    const name = t.name.toLowerCase()
    return text.includes(name) || text.includes(name.replaceAll(/[_-]/g, ' '))
  })
  const asked = named ?? (/\buse (the|a|your) tools?\b/.test(text) ? tools[0] : undefined)
  return choice === 'any' ? (asked ?? tools[0]) : asked
}

/** The text of a tool's result when the conversation ends with one. */
export const toolResultText = (body: MessagesBody): string | undefined => {
  const last = body.messages.at(-1)
  const result =
    last === undefined ? undefined : blocksOf(last.content).find((b) => b.type === 'tool_result')
  if (result === undefined) return undefined
  const content = result['content']
  if (typeof content === 'string') return content
  return Array.isArray(content) ? content.map((b: { text?: string }) => b.text ?? '').join(' ') : ''
}

type Property = { type?: string; enum?: unknown[] }

/** Arguments that fit the tool's schema, taken from the message where its words allow. */
export const toolInput = (tool: Tool, message: string): Record<string, unknown> => {
  const properties = (tool.input_schema?.['properties'] ?? {}) as Record<string, Property>
  const numbers = message.match(/-?\d+(\.\d+)?/g) ?? []
  const phrase =
    /["“]([^"”]+)["”]/.exec(message)?.[1] ??
    /\b(?:in|for|of|about) ([\p{L}\p{N} -]+)/u.exec(message)?.[1]?.trim()
  return Object.fromEntries(
    Object.entries(properties).map(([name, { type, enum: allowed }]) => {
      if (allowed !== undefined)
        return [
          name,
          allowed.find((a) => message.toLowerCase().includes(String(a).toLowerCase())) ??
            allowed[0],
        ]
      if (type === 'integer' || type === 'number') return [name, Number(numbers.shift() ?? 1)]
      if (type === 'boolean') return [name, true]
      if (type === 'array') return [name, []]
      if (type === 'object') return [name, {}]
      return [name, phrase ?? message.slice(0, 80)]
    }),
  )
}
