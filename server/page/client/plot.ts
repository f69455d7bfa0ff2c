/**
 * Plots as SVG, which stretch with the page: lines over versions, bars of counts, rounds over time.
 * Words stand beside them as HTML; each says in words what it shows.
 */
import { h, newId } from '../../../adapters/page/dom.ts'
import { numberText, timeText } from '../../../adapters/page/words.ts'

type Shape = readonly [tag: string, attributes: Record<string, string | number>, title?: string]

const NS = 'http://www.w3.org/2000/svg'
/** Of a drawing; it is stretched to the place that it has. */
const [WIDTH, HEIGHT] = [1000, 100]

const drawing = (name: string, label: string, shapes: readonly Shape[]): HTMLElement => {
  const svg = document.createElementNS(NS, 'svg')
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`)
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.setAttribute('class', name)
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', label)
  for (const [tag, attributes, title] of shapes) {
    const element = document.createElementNS(NS, tag)
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
    if (title !== undefined) {
      const words = document.createElementNS(NS, 'title')
      words.textContent = title
      element.append(words)
    }
    svg.append(element)
  }
  return svg as unknown as HTMLElement
}

export type Series = { readonly name: string; readonly values: readonly (number | null)[] }

/** Three digits, and no exponent where it reads as well without. */
export const digits = (value: number): string =>
  value !== 0 && (value < 1e-3 || value >= 1e6)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)))

const round = (value: number): number => Math.round(value * 100) / 100

/** One line for each series, from zero up. versions: of the releases, oldest first; of: another thing with numbers. */
export const linePlot = (
  title: string,
  versions: readonly number[],
  series: readonly Series[],
  of = 'version',
): HTMLElement => {
  const values = series.flatMap((one) => one.values).filter((value) => value !== null)
  const most = Math.max(...values, 0)
  const x = (i: number) => round(10 + ((WIDTH - 20) * i) / Math.max(1, versions.length - 1))
  const y = (value: number) => round(HEIGHT - 4 - ((HEIGHT - 12) * value) / (most || 1))
  const shapes = series.flatMap(({ name, values }, at): Shape[] => {
    const points = values.flatMap((value, i) =>
      value === null
        ? []
        : [{ x: x(i), y: y(value), text: `${of} ${versions[i]}: ${digits(value)} (${name})` }],
    )
    return [
      ['polyline', { class: `line s${at}`, points: points.map((p) => `${p.x},${p.y}`).join(' ') }],
      ...points.map((p): Shape => ['path', { class: `dot s${at}`, d: `M${p.x} ${p.y}h0` }, p.text]),
    ]
  })
  const last = ({ name, values }: Series): string =>
    `${name} ${values.map((value) => (value === null ? 'none' : digits(value))).join(', ')}`
  const label = `${title}, ${of}s ${versions[0]} to ${versions.at(-1)}: ${series.map(last).join('; ')}`
  return h(
    'figure.plot',
    h(
      'figcaption',
      h('strong', title),
      ...series.map(({ name, values }, at) =>
        h('span.key', h(`span.swatch.s${at}`), `${name} ${lastOf(values)}`),
      ),
    ),
    h(
      'div.frame',
      h('span.most', digits(most)),
      h('span.least', '0'),
      drawing('lines', label, [
        ['path', { class: 'axis', d: `M0 ${HEIGHT - 4}H${WIDTH}M0 8H${WIDTH}` }],
        ...shapes,
      ]),
      h('span.first', `${of} ${versions[0]}`),
      versions.length > 1 && h('span.last', `${of} ${versions.at(-1)}`),
    ),
  )
}

const lastOf = (values: Series['values']): string => {
  const value = values.at(-1) ?? null
  return value === null ? 'none' : digits(value)
}

/** What is counted, as bars of the largest; the words hold all. */
export const bars = (rows: readonly (readonly [name: string, count: number])[]): HTMLElement => {
  const most = Math.max(1, ...rows.map(([, count]) => count))
  return h(
    'ul.bars',
    rows.map(([name, count]) =>
      h(
        'li',
        h('span.name', name),
        h('span.number', numberText(count)),
        h('progress', { max: most, value: count, 'aria-hidden': 'true' }),
      ),
    ),
  )
}

export type Span = {
  readonly phase: string
  readonly from: number
  readonly to: number
  readonly what: string
}

/** Rounds one after the other, as long as they took. name: of what they are rounds of. */
export const timeline = (label: string, spans: readonly Span[]): HTMLElement => {
  const begin = Math.min(...spans.map(({ from }) => from))
  const end = Math.max(begin + 1, ...spans.map(({ to }) => to))
  const x = (time: number) => (WIDTH * (time - begin)) / (end - begin)
  const rects = spans.map(({ phase, from, to, what }): Shape => {
    const width = Math.max(3, x(to) - x(from) - 2)
    return [
      'rect',
      { class: phase, x: round(x(from)), y: 2, width: round(width), height: HEIGHT - 4 },
      what,
    ]
  })
  const phases = [...new Set(spans.map(({ phase }) => phase))]
  const caption = newId()
  return h(
    'figure.plot',
    h(
      'figcaption',
      { id: caption },
      h('strong', 'Rounds over time'),
      ...phases.map((phase) => h('span.key', h(`span.swatch.${phase}` as 'span.swatch'), phase)),
    ),
    drawing('timeline', label, rects),
    h('p.ends', h('span', timeText(begin)), h('span', timeText(end))),
  )
}
