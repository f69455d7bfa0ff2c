/** The files of a page: kept once read. Its script is bundled by the build, or at first use in a checkout. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const known = new Map<string, string>()
const once = (name: string, make: () => string): string => {
  const text = known.get(name) ?? make()
  known.set(name, text)
  return text
}

export const pageText = (url: URL): string => once(url.href, () => readFileSync(url, 'utf8'))

/** home: of the page, by its `import.meta.url`: beside it stand client/page.ts or, built, page.js. */
export const pageScript = (home: string): string =>
  home.endsWith('.ts')
    ? once(home, () => bundle(fileURLToPath(new URL('client/page.ts', home))))
    : pageText(new URL('page.js', home))

const bundle = (entry: string): string => {
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof import('esbuild')
  const [file] = buildSync({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    write: false,
  }).outputFiles
  return file?.text ?? ''
}

/** Files that both programs have on their pages. */
export const SHARED_FILES = {
  'parts.css': new URL('../page/parts.css', import.meta.url),
  'look.css': new URL('../api-reference/look.css', import.meta.url),
  'docs.css': new URL('../api-reference/docs.css', import.meta.url),
  'docs.js': new URL('../api-reference/docs.js', import.meta.url),
}
