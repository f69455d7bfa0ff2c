/**
 * Plots as inline SVG, for reports that are one file. Colours are classes s0 … s7 and custom
 * properties of the page (page.ts). Text in a plot is data or a label, escaped here.
 */

type Interval = readonly [low: number, high: number]

/** tone: one of eight colours; default: the series' place. */
export type Series = {
  readonly label: string
  readonly points: readonly {
    readonly x: number
    readonly y: number
    readonly interval?: Interval | undefined
  }[]
  readonly isDashed?: boolean
  readonly tone?: number
}

export type Bar = {
  readonly label: string
  readonly value: number
  readonly interval?: Interval | undefined
  readonly tone?: number
}

type Format = (value: number) => string

/** Lines with 95 % whiskers and a legend. scale: of x; logarithmic shows 0 one step before. */
export const lineChart = (
  series: readonly Series[],
  {
    xLabel,
    format = short,
    scale = 'linear',
  }: { xLabel: string; format?: Format; scale?: 'linear' | 'log' },
): string => {
  const points = series.flatMap((s) => s.points)
  const xs = [...new Set(points.map((p) => p.x))].sort((a, b) => a - b)
  const [left, right, top, height, width] = [46, 14, 10, 230, 600]
  const place = scale === 'log' ? logPlaces(xs) : (x: number) => x
  const [first, last] = [place(xs[0] ?? 0), place(xs.at(-1) ?? 1)]
  const x = (value: number) =>
    left + (last > first ? (place(value) - first) / (last - first) : 0.5) * (width - left - right)
  const range = rangeOf(points.flatMap((p) => [p.y, ...(p.interval ?? [])]))
  const y = (value: number) => top + (1 - (value - range.low) / (range.high - range.low)) * height
  const grid = range.ticks.map(
    (t) =>
      `<path d="M${left} ${n(y(t))}H${width - right}" ` +
      `class="${t === 0 ? 'axis' : 'grid'}"/><text x="${left - 7}" y="${n(y(t) + 4)}" ` +
      `text-anchor="end">${format(t)}</text>`,
  )
  const labels = thinned(xs).map(
    (v) => `<text x="${n(x(v))}" y="${top + height + 20}" text-anchor="middle">${v}</text>`,
  )
  const drawn = series.map((s, i) => {
    const path = s.points.map((p, j) => `${j ? 'L' : 'M'}${n(x(p.x))} ${n(y(p.y))}`).join('')
    // Whiskers of neighbours stand side by side.
    const shift = (i - (series.length - 1) / 2) * 3
    const marks = s.points.map((p) => {
      const whisker = p.interval
        ? `<path d="M${n(x(p.x) + shift)} ${n(y(p.interval[0]))}V${n(y(p.interval[1]))}" ` +
          'class="whisker"/>'
        : ''
      return `${whisker}<circle cx="${n(x(p.x))}" cy="${n(y(p.y))}" r="3.5"/>`
    })
    return (
      `<g class="${tone(s.tone ?? i)}"><path d="${path}" ` +
      `class="line"${s.isDashed ? ' stroke-dasharray="5 4"' : ''}/>${marks.join('')}</g>`
    )
  })
  const caption =
    `<text x="${(left + width - right) / 2}" y="${top + height + 40}" ` +
    `text-anchor="middle">${escapeHtml(xLabel)}</text>`
  const plot = [...grid, ...labels, ...drawn, caption].join('\n')
  return svg(width, top + height + 48, plot) + legend(series)
}

/** Horizontal bars from 0 with 95 % whiskers. */
export const barChart = (bars: readonly Bar[], format: Format = short): string => {
  const values = bars.flatMap((b) => [b.value, ...(b.interval ?? [])])
  const low = Math.min(0, ...values)
  const high = Math.max(0.001, ...values)
  const [left, width, row] = [labelWidth(bars), 600, 26]
  const x = (value: number) => left + ((value - low) / (high - low)) * (width - left - 52)
  const drawn = bars.map((bar, i) => {
    const y = i * row + 4
    const [from, to] = [Math.min(x(0), x(bar.value)), Math.max(x(0), x(bar.value))]
    const whisker = bar.interval
      ? `<path d="M${n(x(bar.interval[0]))} ${y + 9}H${n(x(bar.interval[1]))}" ` +
        'class="dark-whisker"/>'
      : ''
    const end = Math.max(x(bar.value), x(bar.interval?.[1] ?? bar.value)) + 7
    return `<g class="${tone(bar.tone ?? 0)}">
<text x="${left - 8}" y="${y + 14}" text-anchor="end">${escapeHtml(bar.label)}</text>
<rect x="${n(from)}" y="${y}" width="${n(Math.max(1, to - from))}" height="18" rx="3"/>${whisker}
<text x="${n(end)}" y="${y + 14}" class="value">${format(bar.value)}</text></g>`
  })
  const height = bars.length * row + 4
  return svg(width, height, `${drawn.join('\n')}<path d="M${n(x(0))} 0V${height}" class="axis"/>`)
}

/** Differences with intervals around 0: on the right the first of the two is better. */
export const forestPlot = (
  rows: readonly Required<Omit<Bar, 'tone'>>[],
  format: Format = signed,
): string => {
  const values = rows.flatMap((r) => [...(r.interval ?? [])])
  const [low, high] = [Math.min(0, ...values), Math.max(0.001, ...values)]
  const [left, width, row] = [labelWidth(rows), 600, 26]
  const x = (value: number) => left + 8 + ((value - low) / (high - low)) * (width - left - 66)
  const drawn = rows.map(({ label, value, interval }, i) => {
    const y = i * row + 15
    const [from, to] = interval ?? [value, value]
    const isClear = from > 0 || to < 0
    const colour = isClear ? tone(from > 0 ? 4 : 6) : 'unclear'
    return `<g class="${colour}">
<text x="${left - 8}" y="${y + 4}" text-anchor="end">${escapeHtml(label)}</text>
<path d="M${n(x(from))} ${y}H${n(x(to))}" class="whisker"/>
<circle cx="${n(x(value))}" cy="${y}" r="4.5"/>
<text x="${width - 2}" y="${y + 4}" text-anchor="end" class="value">${format(value)}</text></g>`
  })
  const height = rows.length * row + 6
  return svg(width, height, `<path d="M${n(x(0))} 0V${height}" class="axis"/>${drawn.join('\n')}`)
}

/** One upright bar a person, the lowest first; a label for each group that there is. */
export const sortedBars = (
  values: readonly { readonly value: number; readonly group: string }[],
  groups: readonly string[],
  format: Format = short,
): string => {
  const sorted = values.toSorted((a, b) => a.value - b.value)
  const [left, top, height, width] = [46, 8, 200, 600]
  const range = rangeOf(sorted.map((v) => v.value))
  const y = (value: number) => top + (1 - (value - range.low) / (range.high - range.low)) * height
  const step = (width - left - 6) / Math.max(1, sorted.length)
  const grid = range.ticks.map(
    (t) =>
      `<path d="M${left} ${n(y(t))}H${width}" class="${t === 0 ? 'axis' : 'grid'}"/><text ` +
      `x="${left - 7}" y="${n(y(t) + 4)}" text-anchor="end">${format(t)}</text>`,
  )
  const drawn = sorted.map(({ value, group }, i) => {
    const [from, to] = [y(Math.max(0, value)), y(Math.min(0, value))]
    return (
      `<rect class="${tone(groups.indexOf(group))}" x="${n(left + i * step + 1)}" ` +
      `y="${n(from)}" width="${n(Math.max(1, step - 2))}" ` +
      `height="${n(Math.max(1.5, to - from))}"/>`
    )
  })
  const shown = groups.filter((group) => values.some((v) => v.group === group))
  const named = shown.map((label) => ({ label, tone: groups.indexOf(label) }))
  return svg(width, top + height + 8, [...grid, ...drawn].join('\n')) + legend(named)
}

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** Two decimals, no zero before the point. */
export const short = (value: number): string => {
  const digits = Math.abs(value) >= 10 ? 0 : Math.abs(value) >= 1.5 ? 1 : 2
  const text = value.toFixed(digits).replace(/^(-?)0\./, '$1.')
  return /^-?\.?0+$/.test(text) ? '0' : text.replace('-', '−')
}
export const signed = (value: number): string => {
  const text = short(value)
  return value > 0 && text !== '0' ? `+${text}` : text
}

const legend = (items: readonly { readonly label: string; readonly tone?: number }[]): string =>
  `<p class="legend">${items
    .map((item, i) => `<span class="${tone(item.tone ?? i)}">${escapeHtml(item.label)}</span>`)
    .join('')}</p>`

const tone = (i: number): string => `s${((i % 8) + 8) % 8}`

/** Room for the longest label, in the units of the plot. */
const labelWidth = (rows: readonly { readonly label: string }[]): number =>
  Math.min(300, 16 + 6.9 * Math.max(0, ...rows.map((row) => row.label.length)))

/** Round ticks around the values, 0 among them where it is near. */
const rangeOf = (values: readonly number[]) => {
  const [least, most] = [Math.min(0, ...values), Math.max(0.001, ...values)]
  const raw = (most - least) / 4
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? 10 * power
  const [low, high] = [Math.floor(least / step) * step, Math.ceil(most / step) * step]
  const count = Math.round((high - low) / step)
  const ticks = Array.from({ length: count + 1 }, (_, i) =>
    Number((low + i * step).toPrecision(12)),
  )
  return { low, high, ticks }
}

const logPlaces = (xs: readonly number[]): ((x: number) => number) => {
  const positive = xs.filter((x) => x > 0)
  const [first, second] = [positive[0] ?? 1, positive[1] ?? 10]
  const zero = Math.log(first) - Math.log(second / first) * 0.6
  return (x) => (x > 0 ? Math.log(x) : zero)
}

/** At most a dozen labels, the ends among them. */
const thinned = (xs: readonly number[]): readonly number[] => {
  const every = Math.ceil(xs.length / 12)
  return xs.filter((_, i) => i % every === 0 || i === xs.length - 1)
}

const svg = (width: number, height: number, body: string): string =>
  `<div class="plot"><svg viewBox="0 0 ${width} ${Math.ceil(height)}" ` +
  `role="img">${body}</svg></div>`

const n = (value: number): string => value.toFixed(1)
