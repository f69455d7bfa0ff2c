/** The page's files: beside this one; its scripts are bundled with the program, or here at first use where it runs from sources. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

export type Script = 'page' | 'docs'

const known = new Map<string, string>()
const once = (name: string, make: () => string): string => {
  const text = known.get(name) ?? make()
  known.set(name, text)
  return text
}
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export type PageFile = 'page.html' | 'look.css' | 'parts.css' | 'docs.css'

export const pageFile = (name: PageFile): string =>
  once(name, () => readFileSync(beside(name), 'utf8'))

export const scriptText = (name: Script): string =>
  once(`${name}.js`, () =>
    import.meta.url.endsWith('.ts')
      ? bundle(beside(`client/${name}.ts`))
      : readFileSync(beside(`${name}.js`), 'utf8'),
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
