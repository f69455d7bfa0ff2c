/** A process that contributes; its arguments are its file, the server, its number and a token. */
import { contributeTwice } from './contributor.ts'

const [file, serverUrl, number, token] = process.argv.slice(2) as [string, string, string, string]
await contributeTwice({ file, serverUrl, number: Number(number), token })
