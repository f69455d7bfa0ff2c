// The parts of a build that `build.mjs` (the package) and `global-setup.ts` (the tests) share.
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const FOLDERS = ['adapters', 'device', 'server', 'eval']

/**
 * What the tokenizer's files import but never call here: the hub client and the tensors of an ONNX
 * runtime.
 */
export const stubs = {
  name: 'stubs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /utils\/(hub|tensor)\.js$/ }, ({ path }) => ({ path, namespace: 'stub' }))
    onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({
      contents: path.endsWith('hub.js')
        ? 'export const getModelJSON = () => { throw new Error("not part of the bundle") }'
        : 'export class Tensor {}',
    }))
  },
}

/** The scripts of the two pages, whose other files are copied. */
export const bundlePages = (out) =>
  build({
    entryPoints: ['device/api/page', 'server/page'].map((page) => ({
      in: join(root, page, 'client/page.ts'),
      out: `${page}/page`,
    })),
    outdir: out,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    logLevel: 'warning',
  })

/** Everything that is neither a source, a page about it nor what Python keeps of its own. */
export const copyDataFiles = (out) => {
  for (const folder of FOLDERS)
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || /\.(ts|md|pyc)$/.test(entry.name)) continue
      const from = join(entry.parentPath ?? entry.path, entry.name)
      const to = join(out, from.slice(root.length))
      mkdirSync(dirname(to), { recursive: true })
      copyFileSync(from, to)
    }
}

/**
 * Programs, and what they start by themselves: threads, an engine child, a peer.
 */
const ENTRIES = [
  'device/cli',
  'server/cli',
  'eval/cli',
  'device/store/keeper-worker',
  'device/engine/process/worker',
  'server/releases/aggregate-worker',
  'eval/peers/llama-worker',
  'eval/bench/aggregate/sum-program',
  'eval/bench/aggregate/sum-thread',
]

/**
 * A module of the bundle goes on looking beside the place that it has in a build: dist/a/b.js for
 * a/b.ts.
 */
const keepPlaces = (out) => ({
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      if (!text.includes('import.meta.url')) return undefined
      const place = pathToFileURL(join(out, path.slice(root.length).replace(/\.ts$/, '.js'))).href
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(place)), loader: 'ts' }
    })
  },
})

/** The three programs as a build has them, each in few files, so that they start fast.
 *  scripts: further entries, as paths without their ending. */
export const bundlePrograms = async (out, scripts = []) => {
  copyDataFiles(out)
  await bundlePages(out)
  await build({
    entryPoints: [...ENTRIES, ...scripts].map((entry) => ({
      in: join(root, `${entry}.ts`),
      out: entry,
    })),
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [keepPlaces(out)],
    logLevel: 'warning',
  })
}
