// Makes dist/: the compiled sources, data files beside them, the bundled tokenizer, and three executable programs.
// Plain JavaScript, so that it needs nothing but what it builds with.
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { bundlePages, copyDataFiles, root, stubs } from './bundle.mjs'

const dist = join(root, 'dist')

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
copyDataFiles(dist)
await bundleTokenizer()
await bundlePages(dist)
makePrograms()
