/** A few lines in place of a framework. Data becomes text nodes and attributes, never markup. */

type Value = string | number | boolean | undefined | ((event: Event) => void)
type Child = Node | string | null | false | undefined

/**
 * An element. Functions are listeners by the name after `on`; true is an empty attribute; false and
 * undefined leave it out.
 */
export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value))
  }
  element.append(...children.filter((c): c is Node | string => Boolean(c)))
  return element
}

/** The element of an id that the page is known to have. */
export const byId = (id: string): HTMLElement => {
  const element = document.getElementById(id)
  if (!element) throw new Error(`the page lacks #${id}`)
  return element
}

export const part = (name: string): HTMLElement => {
  const element = document.querySelector<HTMLElement>(`[data-part="${name}"]`)
  if (!element) throw new Error(`the page lacks the part ${name}`)
  return element
}

/** Writes only what differs, so that a screen reader and a selection are left alone. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text
}

/** Puts children in the place of what is there, unless they would read the same. */
export const fill = (parent: Element, ...children: Child[]): void => {
  const next = h('div', {}, ...children)
  if (next.innerHTML !== parent.innerHTML) parent.replaceChildren(...next.childNodes)
}

export type Row<T> = { readonly node: HTMLElement; update(item: T): void }

/** Keeps one row an item, so that focus and open parts stay where they are when the data changes. */
export const rows = <T>(
  parent: HTMLElement,
  keyOf: (item: T) => string,
  make: (item: T) => Row<T>,
): ((items: readonly T[]) => void) => {
  let known = new Map<string, Row<T>>()
  return (items) => {
    const next = new Map(
      items.map((item) => [keyOf(item), known.get(keyOf(item)) ?? make(item)] as const),
    )
    for (const [key, { node }] of known) if (!next.has(key)) node.remove()
    known = next
    for (const [i, item] of items.entries()) {
      const row = known.get(keyOf(item))
      if (!row) continue
      row.update(item)
      if (parent.children[i] !== row.node) parent.insertBefore(row.node, parent.children[i] ?? null)
    }
  }
}

/** An id for a label and what it names. */
let last = 0
export const newId = (): string => `x${++last}`
