/** What the operator's commands have in common: where the server is, who asks, and how an answer is printed. */
import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { textOfFile } from '../../adapters/formats/text.ts'
import { type ClientOptions, operatorClient } from './client.ts'

export type CommandDeps = {
  readonly dataOption: () => Option
  readonly env: Readonly<Record<string, string | undefined>>
  /** Results. */
  readonly out: (text: string) => void
  /** Progress. */
  readonly err: (text: string) => void
  readonly exitWith: (code: number) => void
  /** All of standard input. */
  readonly input: () => Uint8Array
  readonly newKey: () => string
}

export type Common = ClientOptions & { readonly json?: boolean }

const LOCAL_SERVER = 'http://127.0.0.1:8787'

export const group = (name: string, description: string): Command =>
  new Command(name).description(description).exitOverride().showHelpAfterError()

export const command = (deps: CommandDeps, name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .addOption(
      new Option('--server <url>', 'where the server is').default(
        deps.env['LOREWEAVE_SERVER'] ?? LOCAL_SERVER,
        `$LOREWEAVE_SERVER, else ${LOCAL_SERVER}`,
      ),
    )
    .addOption(deps.dataOption())
    .option(
      '--credential-file <path>',
      'the operator credential (default: LOREWEAVE_OPERATOR_TOKEN, else the data folder)',
    )
    .option('--json', 'print JSON')

export const client = (deps: CommandDeps, options: Common) => operatorClient(options, deps.env)

export const print = (deps: CommandDeps, o: Common, answer: object, text: () => string): void =>
  deps.out(`${o.json ? JSON.stringify(answer) : text()}\n`)

/** Of a file, or of standard input for -. */
export const fileText = (deps: CommandDeps, path: string): string => {
  const isInput = path === '-'
  const read = () => (isInput ? deps.input() : readFileSync(path))
  return textOfFile(read, isInput ? 'standard input' : path, 'E_USAGE')
}
