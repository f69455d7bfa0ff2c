/** The page's files. Its script is bundled by the build, or at first use in a checkout. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const known = new Map<string, string>()
const once = (name: string, make: () => string): string => {
  const text = known.get(name) ?? make()
  known.set(name, text)
  return text
}

/** Files of the reference are shared with the server. */
const FILES = {
  'page.html': new URL('page.html', import.meta.url),
  'parts.css': new URL('parts.css', import.meta.url),
  'look.css': new URL('../../../adapters/api-reference/look.css', import.meta.url),
  'docs.css': new URL('../../../adapters/api-reference/docs.css', import.meta.url),
  'docs.js': new URL('../../../adapters/api-reference/docs.js', import.meta.url),
}
export type PageFile = keyof typeof FILES

export const pageFile = (name: PageFile): string =>
  once(name, () => readFileSync(FILES[name], 'utf8'))

export const pageScript = (): string =>
  once('page.js', () =>
    import.meta.url.endsWith('.ts')
      ? bundle(fileURLToPath(new URL('client/page.ts', import.meta.url)))
      : readFileSync(new URL('page.js', import.meta.url), 'utf8'),
  )

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
