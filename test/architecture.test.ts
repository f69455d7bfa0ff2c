import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { PROCESSES } from './vitest.config.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['adapters', 'device', 'server', 'eval', 'test'] as const

const MAY_IMPORT: Record<string, readonly string[]> = {
  adapters: ['adapters'],
  device: ['device', 'adapters'],
  server: ['server', 'adapters'],
  eval: ['eval', 'device', 'server', 'adapters'],
  test: FOLDERS,
}

/**
 * The rooms of each folder from the ground up: a room imports only rooms that stand before it, types
 * included. So there is no circle, and a newcomer can read from the bottom.
 */
const FLOORS = {
  adapters: [
    'adapters',
    'adapters/node',
    'adapters/page',
    'adapters/math',
    'adapters/formats',
    'adapters/lora',
    'adapters/wire',
    'adapters/privacy',
    'adapters/secagg',
    'adapters/container',
    'adapters/aggregate/robust',
    'adapters/aggregate',
    'adapters/contributions',
    'adapters/api-reference',
  ],
  device: [
    'device/http',
    'device/engine/onnx',
    'device/engine',
    'device/engine/model',
    'device/engine/run',
    'device/engine/train',
    'device/engine/process',
    'device/text',
    'device/records',
    'device/home',
    'device/store',
    'device/agent',
    'device/preferences',
    'device/feedback',
    'device/reward',
    'device/spending',
    'device/federation',
    'device/owner',
    'device/api/access',
    'device/api/envelope',
    'device/api/upstream',
    'device/api/schemas',
    'device/api/messages',
    'device/api/inspection',
    'device/api/page',
    'device/api/page/client',
    'device/api/routes',
    'device/api',
    'device/commands',
    'device',
  ],
  server: [
    'server/access',
    'server/telemetry',
    'server/store',
    'server/transfer',
    'server/releases',
    'server/rounds',
    'server/edge',
    'server/governance',
    'server/page',
    'server/page/client',
    'server/routes',
    'server/commands',
    'server',
  ],
} satisfies Record<string, readonly string[]>

type Source = { readonly path: string; readonly text: string; readonly imports: readonly string[] }

const sources: Source[] = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => {
      const path = join(folder, name).split(sep).join('/')
      const text = readFileSync(join(root, path), 'utf8')
      const imports = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map((m) => m[1]!)
      return { path, text, imports }
    }),
)

/** The repository path that a relative import reaches; packages stay as they are. */
const resolved = (source: Source) =>
  source.imports.map((name) =>
    name.startsWith('.')
      ? relative(root, join(root, dirname(source.path), name))
          .split(sep)
          .join('/')
      : name,
  )

const under = (folder: string) => sources.filter((s) => s.path.startsWith(folder))
const code = (source: Source) => source.text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'[^'\n]*'/g, '')

/** Fails naming the file and what is wrong in it. */
const expectNone = (found: readonly string[]) => expect(found).toEqual([])

describe('the architecture', () => {
  test('the sources are found', () => {
    for (const folder of FOLDERS) expect(under(`${folder}/`).length).toBeGreaterThan(3)
  })

  test.each(Object.entries(MAY_IMPORT))('%s imports only %j', (folder, allowed) => {
    expectNone(
      under(`${folder}/`).flatMap((source) =>
        resolved(source)
          .filter((to) => FOLDERS.some((f) => to.startsWith(`${f}/`)))
          .filter((to) => !allowed.some((f) => to.startsWith(`${f}/`)))
          .map((to) => `${source.path} -> ${to}`),
      ),
    )
  })

  test.each(Object.entries(FLOORS))(
    'the rooms of %s import only what stands below',
    (top, rooms) => {
      const here = under(`${top}/`)
      expectNone(
        here.filter((s) => !rooms.includes(dirname(s.path))).map((s) => `${s.path} is in no room`),
      )
      expectNone(rooms.filter((room) => !here.some((s) => dirname(s.path) === room)))
      expectNone(
        here.flatMap((source) =>
          resolved(source)
            .filter((to) => to.startsWith(`${top}/`) && to.endsWith('.ts'))
            .filter((to) => rooms.indexOf(dirname(to)) > rooms.indexOf(dirname(source.path)))
            .map((to) => `${source.path} -> ${to}`),
        ),
      )
    },
  )

  test.each([
    ['files', (path: string) => path],
    ['rooms', dirname],
  ])('no circle of %s, types included', (_, nameOf) => {
    const known = new Set(sources.map((s) => s.path))
    const edges = new Map<string, Set<string>>()
    for (const source of sources.filter((s) => !s.path.startsWith('test/'))) {
      const from = nameOf(source.path)
      const to = resolved(source).filter((path) => known.has(path))
      const all = edges.get(from) ?? new Set()
      for (const name of to.map(nameOf)) if (name !== from) all.add(name)
      edges.set(from, all)
    }
    const done = new Set<string>()
    const circleFrom = (name: string, way: readonly string[]): readonly string[] | null => {
      if (way.includes(name)) return [...way.slice(way.indexOf(name)), name]
      if (done.has(name)) return null
      for (const next of edges.get(name) ?? []) {
        const circle = circleFrom(next, [...way, name])
        if (circle) return circle
      }
      done.add(name)
      return null
    }
    expectNone(
      [...edges.keys()].flatMap((name) => circleFrom(name, [])?.join(' -> ') ?? []).slice(0, 3),
    )
  })

  test('adapters is pure but for node/ and page/, which runs in browsers: no clock, disk, network or process, and entropy only through random.ts', () => {
    const pure = under('adapters/').filter(({ path }) => !/^adapters\/(?:node|page)\//.test(path))
    const impure =
      /\b(?:fetch\(|Date\.now|new Date\(\)|Math\.random|process\.|performance\.|setTimeout|console\.)/
    expectNone([
      ...pure.filter((s) => s.imports.some((i) => i.startsWith('node:'))).map((s) => s.path),
      ...pure.filter((s) => impure.test(code(s))).map((s) => s.path),
      ...pure
        .filter((s) => s.path !== 'adapters/random.ts' && code(s).includes('getRandomValues'))
        .map((s) => s.path),
    ])
  })

  test('nothing under device or server draws from Math.random', () => {
    expectNone(
      [...under('device/'), ...under('server/'), ...under('eval/')]
        .filter((s) => code(s).includes('Math.random'))
        .map((s) => s.path),
    )
  })

  test.each(['server/rounds/', 'server/releases/'])('%s knows no Hono and no SQL', (folder) => {
    expectNone(
      under(folder)
        .filter((s) =>
          s.imports.some((i) => /^(?:hono|@hono\/|better-sqlite3)|\/node\/sqlite\.ts$/.test(i)),
        )
        .map((s) => s.path),
    )
  })

  test('onnxruntime-node is loaded only where child processes run it', () => {
    expectNone(
      sources
        .filter((s) => s.imports.includes('onnxruntime-node'))
        .map((s) => s.path)
        .filter((path) => !/^(?:test|device\/engine\/(?:run|process))\//.test(path)),
    )
  })

  test('what starts processes is listed for a process of its own', () => {
    const starts = new Set([
      'node:child_process',
      'node:worker_threads',
      'playwright-core',
      'device/engine/process/child.ts',
      'device/engine/process/client.ts',
      'server/releases/worker.ts',
    ])
    const byPath = new Map(sources.map((source) => [source.path, source]))
    /** Through the files of the tests only: what the product imports is not all used. */
    const reaches = (source: Source, seen = new Set<string>()): boolean =>
      resolved(source).some((to) => {
        if (starts.has(to)) return true
        const next = to.startsWith('test/') && !seen.has(to) ? byPath.get(to) : undefined
        return next !== undefined && reaches(next, seen.add(to))
      })
    const shared = under('test/').filter(
      ({ path }) =>
        path.endsWith('.test.ts') &&
        !/^test\/(?:model\/|peers\/|clients\/clients\.)|\.slow\.test\.ts$/.test(path) &&
        !PROCESSES.includes(path),
    )
    expectNone(shared.filter((source) => reaches(source)).map(({ path }) => path))
    expectNone(PROCESSES.filter((path) => !byPath.has(path)))
  })

  test('the ways through the rooms in device/README.md name files, and every call goes down', () => {
    const known = new Set(sources.map((s) => s.path))
    const floor = (path: string) => FLOORS.device.indexOf(dirname(path))
    const steps = readFileSync(join(root, 'device/README.md'), 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, indent, name] = /^( *)- `([^`]+)`/.exec(line) ?? []
        if (indent === undefined || name === undefined) return []
        return [{ depth: indent.length, path: known.has(name) ? name : `device/${name}` }]
      })
    expect(steps.length).toBeGreaterThan(20)
    expectNone(steps.map(({ path }) => path).filter((path) => !known.has(path)))
    expectNone(
      steps.flatMap((step, i) => {
        const caller = steps.slice(0, i).findLast(({ depth }) => depth < step.depth)
        return step.depth > 0 && caller && floor(step.path) > floor(caller.path)
          ? [`${caller.path} -> ${step.path}`]
          : []
      }),
    )
  })

  test('lines fit 120 columns, and source files 20 kB', () => {
    const own = sources.filter((s) => !s.path.startsWith('test/'))
    expectNone(
      own.flatMap(({ path, text }) =>
        text
          .split('\n')
          .flatMap((line, i) => (line.length > 120 ? [`${path}:${i + 1} ${line.length}`] : [])),
      ),
    )
    expectNone(own.filter((s) => Buffer.byteLength(s.text) > 20_000).map((s) => s.path))
  })

  test('there are no barrels and no drawers', () => {
    expectNone(
      sources
        .map((s) => s.path)
        .filter((path) =>
          /(?:^|\/)(?:(?:index|utils?|helpers?|common|types)\.ts$|(?:utils?|helpers?|types)\/)/.test(
            path,
          ),
        ),
    )
  })

  test('every relative import names a file that exists, with its ending', () => {
    const known = new Set(sources.map((s) => s.path))
    expectNone(
      sources.flatMap((source) =>
        resolved(source)
          .filter(
            (to) =>
              FOLDERS.some((f) => to.startsWith(`${f}/`)) && to.endsWith('.ts') && !known.has(to),
          )
          .map((to) => `${source.path} -> ${to}`),
      ),
    )
  })
})
