/** The frame of a report: one self-contained HTML file, light and dark, for any width. */
import { readFileSync } from 'node:fs'
import { escapeHtml } from './charts.ts'

/** Without the spaces that only a reader of the file needs. */
const STYLE = readFileSync(new URL('./report.css', import.meta.url), 'utf8').replace(
  /\s*([{}:;,])\s*/g,
  '$1',
)

export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>
${body}
</main></body></html>
`

/** Cells are HTML. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const row = (cells: readonly string[], tag: 'td' | 'th') =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`
  const body = rows.map((cells) => row(cells, 'td')).join('')
  const whole = `<thead>${row(head, 'th')}</thead><tbody>${body}</tbody>`
  return `<div class="scroll"><table>${whole}</table></div>`
}

/** Names and values are HTML. */
export const tiles = (items: readonly (readonly [name: string, value: string])[]): string => {
  const all = items.map(([name, value]) => `<div><span>${name}</span><b>${value}</b></div>`)
  return `<div class="tiles">${all.join('')}</div>`
}
