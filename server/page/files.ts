/** The files of the operator page. */
import { pageText, SHARED_FILES, pageScript as scriptOf } from '../../adapters/node/page-files.ts'

const FILES = {
  ...SHARED_FILES,
  'page.html': new URL('page.html', import.meta.url),
  'operator.css': new URL('operator.css', import.meta.url),
}
export type PageFile = keyof typeof FILES

export const pageFile = (name: PageFile): string => pageText(FILES[name])

export const pageScript = (): string => scriptOf(import.meta.url)
