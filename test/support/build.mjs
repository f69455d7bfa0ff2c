// Makes dist/: the compiled sources, data files beside them, the bundled tokenizer, and three executable programs.
// Plain JavaScript, so that it needs nothing but what it builds with.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')
const FOLDERS = ['adapters', 'device', 'server', 'eval']

/** What the tokenizer's files import but never call here: the hub client and the tensors of an ONNX runtime. */
const stubs = {
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

const compile = () => {
  rmSync(dist, { recursive: true, force: true })
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  try {
    execFileSync(process.execPath, [tsc, '-p', join(root, 'test/support/tsconfig.build.json')], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
  } catch {
    console.error('The sources do not compile: see the lines above.')
    process.exit(1)
  }
}

const bundleTokenizer = () => {
  const versionOf = (name) =>
    JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
  const parts = [
    `@xenova/transformers ${versionOf('@xenova/transformers')} (Apache-2.0)`,
    `@huggingface/jinja ${versionOf('@huggingface/jinja')} (MIT)`,
  ]
  return build({
    entryPoints: [join(root, 'device/engine/model/xenova.ts')],
    outfile: join(dist, 'device/engine/model/xenova.js'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'inline',
    charset: 'utf8',
    banner: { js: `/*! Bundled from ${parts.join(' and ')}; see THIRD_PARTY_NOTICES.md. */` },
    plugins: [stubs],
    logLevel: 'warning',
  })
}

/** The scripts of the device's page, whose files are copied beside them. */
const bundlePage = () =>
  build({
    entryPoints: ['page', 'docs'].map((name) => join(root, `device/api/page/client/${name}.ts`)),
    outdir: join(dist, 'device/api/page'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    logLevel: 'warning',
  })

/** Everything that is neither a source nor a page about it. */
const copyDataFiles = () => {
  for (const folder of FOLDERS)
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || /\.(ts|md)$/.test(entry.name)) continue
      const from = join(entry.parentPath ?? entry.path, entry.name)
      const to = join(dist, from.slice(root.length))
      mkdirSync(dirname(to), { recursive: true })
      copyFileSync(from, to)
    }
}

const makePrograms = () => {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const file of Object.values(bin)) {
    const path = join(root, file)
    const text = readFileSync(path, 'utf8')
    if (!text.startsWith('#!')) writeFileSync(path, `#!/usr/bin/env node\n${text}`)
    chmodSync(path, 0o755)
  }
}

compile()
copyDataFiles()
await bundleTokenizer()
await bundlePage()
makePrograms()
