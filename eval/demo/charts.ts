/** Plots as inline SVG, for reports that are one file. Colours come from the page's custom properties --c0 … --c7. */

export type Bar = {
  readonly label: string
  readonly value: number
  readonly interval?: readonly [number, number] | undefined
}

export type Line = {
  readonly label: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

/** Horizontal bars with whiskers for 95 % intervals; zero is marked. */
export const barChart = (bars: readonly Bar[], format: (value: number) => string): string => {
  const values = bars.flatMap((b) => [b.value, ...(b.interval ?? [])])
  const low = Math.min(0, ...values)
  const high = Math.max(0.001, ...values)
  const [left, width, row] = [170, 470, 30]
  const x = (value: number) => left + ((value - low) / (high - low)) * width
  const height = bars.length * row + 10
  const drawn = bars.map((bar, i) => {
    const y = i * row + 8
    const [from, to] = [Math.min(x(0), x(bar.value)), Math.max(x(0), x(bar.value))]
    const whisker = bar.interval
      ? `<path d="M${n(x(bar.interval[0]))} ${y + 9}H${n(x(bar.interval[1]))}" class="whisker"/>`
      : ''
    const end = Math.max(x(bar.value), x(bar.interval?.[1] ?? bar.value)) + 8
    return `<text x="${left - 10}" y="${y + 13}" text-anchor="end">${escapeHtml(bar.label)}</text>
<rect x="${n(from)}" y="${y}" width="${n(Math.max(1, to - from))}" height="18" rx="3" fill="var(--c${i % 8})"/>${whisker}
<text x="${n(end)}" y="${y + 13}" class="value">${format(bar.value)}</text>`
  })
  return svg(
    left + width + 80,
    height,
    `${drawn.join('\n')}<path d="M${n(x(0))} 0V${height}" class="axis"/>`,
  )
}

/** Lines over a logarithmic x axis (counts of choices). */
export const lineChart = (
  lines: readonly Line[],
  xLabel: string,
  format: (value: number) => string,
): string => {
  const points = lines.flatMap((l) => l.points)
  const xs = [...new Set(points.map((p) => p.x))].sort((a, b) => a - b)
  const [low, high] = [
    Math.min(0, ...points.map((p) => p.y)),
    Math.max(0.001, ...points.map((p) => p.y)) * 1.08,
  ]
  const [left, width, top, height] = [50, 420, 10, 220]
  const scaleX = (value: number) => Math.log(Math.max(value, 1))
  const [first, last] = [scaleX(xs[0] ?? 1), scaleX(xs.at(-1) ?? 1)]
  const x = (value: number) =>
    left + (last > first ? (scaleX(value) - first) / (last - first) : 0.5) * width
  const y = (value: number) => top + (1 - (value - low) / (high - low)) * height
  const ticks = Array.from({ length: 5 }, (_, i) => low + ((high - low) * i) / 4)
  const grid = ticks.map(
    (t) =>
      `<path d="M${left} ${n(y(t))}H${left + width}" class="grid"/><text x="${left - 8}" y="${n(y(t) + 4)}" text-anchor="end">${format(t)}</text>`,
  )
  const labels = xs.map(
    (v) => `<text x="${n(x(v))}" y="${top + height + 18}" text-anchor="middle">${v}</text>`,
  )
  const drawn = lines.map((line, i) => {
    const path = line.points.map((p, j) => `${j ? 'L' : 'M'}${n(x(p.x))} ${n(y(p.y))}`).join('')
    const dots = line.points.map(
      (p) => `<circle cx="${n(x(p.x))}" cy="${n(y(p.y))}" r="4" fill="var(--c${i % 8})"/>`,
    )
    return `<path d="${path}" fill="none" stroke="var(--c${i % 8})" stroke-width="2.5"/>${dots.join('')}
<rect x="${left + width + 24}" y="${top + i * 22}" width="12" height="12" rx="2" fill="var(--c${i % 8})"/><text x="${left + width + 42}" y="${top + i * 22 + 11}">${escapeHtml(line.label)}</text>`
  })
  const caption = `<text x="${left + width / 2}" y="${top + height + 38}" text-anchor="middle">${escapeHtml(xLabel)}</text>`
  return svg(
    left + width + 210,
    top + height + 46,
    [...grid, ...labels, ...drawn, caption].join('\n'),
  )
}

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const svg = (width: number, height: number, body: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">${body}</svg>`

const n = (value: number): string => value.toFixed(1)
