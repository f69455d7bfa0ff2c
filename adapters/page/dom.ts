/**
 * Builds elements without a framework. Data becomes text nodes and attributes, never markup.
 * hono/jsx/dom alone would be as large as the whole script is now, and it sets innerHTML.
 */

type Tag = keyof HTMLElementTagNameMap
type Attributes = Readonly<
  Record<string, string | number | boolean | undefined | ((event: Event) => void)>
>
type Leaf = Node | string | null | false | undefined
export type Child = Leaf | readonly Leaf[]

/**
 * An element, by tag and classes: `p.quiet`. An attribute that is a function listens to the event
 * named after `on`; true makes an empty attribute; false and undefined leave it out.
 */
export const h = <T extends Tag>(
  selector: T | `${T}.${string}`,
  ...content: (Attributes | Child)[]
): HTMLElementTagNameMap[T] => {
  const [tag, ...classes] = selector.split('.') as [T, ...string[]]
  const element = document.createElement(tag)
  if (classes.length > 0) element.className = classes.join(' ')
  for (const item of content.flat() as (Attributes | Leaf)[])
    if (typeof item === 'string' || item instanceof Node) element.append(item)
    else if (item) setAttributes(element, item)
  return element
}

const setAttributes = (element: HTMLElement, attributes: Attributes): void => {
  for (const [name, value] of Object.entries(attributes))
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== false && value !== undefined)
      element.setAttribute(name, value === true ? '' : String(value))
}

/** A button that submits no form. */
export const button = (
  text: string,
  onclick: () => void,
  attributes: Attributes = {},
): HTMLButtonElement => h('button', { type: 'button', onclick, ...attributes }, text)

let lastId = 0
export const newId = (): string => `x${++lastId}`

/** The label of a control, which gets an id if it has none. */
export const labelOf = (control: HTMLElement, text: string): HTMLLabelElement => {
  control.id ||= newId()
  return h('label', { for: control.id }, text)
}

/** A checkbox inside its label. */
export const checkbox = (text: string, attributes: Attributes) => {
  const input = h('input', { type: 'checkbox', ...attributes })
  return { input, label: h('label.check', input, text) }
}

/** A term of a description list and what it stands for. */
export const pair = (term: string, ...what: Child[]): readonly Node[] => [
  h('dt', term),
  h('dd', ...what),
]

const found = <T extends Element>(element: T | null, name: string): T => {
  if (!element) throw new Error(`the page lacks ${name}`)
  return element
}
export const byId = (id: string): HTMLElement => found(document.getElementById(id), `#${id}`)
export const part = (name: string): Element =>
  found(document.querySelector(`[data-part="${name}"]`), `the part ${name}`)

/** Writes only a text that differs, so that screen readers and selections are left alone. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text
}

/** Replaces the children, unless the new ones would read the same. */
export const fill = (parent: Element, ...children: Child[]): void => {
  const next = h('div', ...children)
  if (next.innerHTML !== parent.innerHTML) parent.replaceChildren(...next.childNodes)
}

export type Card<T> = { readonly node: HTMLElement; readonly update?: (item: T) => void }

/**
 * Fills a part with a note, which '' hides, and one card an item. A card stays as long as its item,
 * so that focus and open details stay where they are when the data changes.
 */
export const cards = <T>(
  name: string,
  keyOf: (item: T) => string,
  make: (item: T) => Card<T>,
): ((items: readonly T[], note: string) => void) => {
  const note = h('p.empty')
  const list = h('ul.cards')
  part(name).append(note, list)
  const known = new Map<string, Card<T>>()
  return (items, text) => {
    setText(note, text)
    note.hidden = text === ''
    // Removing comes first: a card that had to move would lose the focus.
    const keys = new Set(items.map(keyOf))
    for (const [key, { node }] of known)
      if (!keys.has(key)) {
        node.remove()
        known.delete(key)
      }
    for (const [i, item] of items.entries()) {
      const card = known.get(keyOf(item)) ?? make(item)
      known.set(keyOf(item), card)
      card.update?.(item)
      if (list.children[i] !== card.node) list.insertBefore(card.node, list.children[i] ?? null)
    }
  }
}
