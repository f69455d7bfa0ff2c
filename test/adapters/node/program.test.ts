import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { FedError } from '../../../adapters/errors.ts'
import { integer, programOf } from '../../../adapters/node/program.ts'

const call = async (
  args: readonly string[],
  action: (options: { n?: number }) => void = () => {},
) => {
  const said = { out: '', err: '', codes: [] as number[] }
  const sub = new Command('do').option('--n <n>', 'a number', integer(1, 9)).option('--json')
  const program = programOf(
    new Command('program')
      .version('1.2.3')
      .addCommand(new Command('group').addCommand(sub.action(action))),
    {
      out: (text) => {
        said.out += text
      },
      err: (text) => {
        said.err += text
      },
      exitWith: (code) => said.codes.push(code),
    },
    { E_STORE: 3 },
  )
  await program.run(args)
  return said
}

describe('a program', () => {
  test('that does what it was asked says nothing and calls no exit', async () => {
    let n: number | undefined
    const said = await call(['group', 'do', '--n', '7'], (options) => {
      n = options.n
    })
    expect(said).toEqual({ out: '', err: '', codes: [] })
    expect(n).toBe(7)
  })

  test.each([
    ['E_USAGE', 2],
    ['E_STORE', 3],
    ['E_DATA', 1],
  ] as const)('ends with the code of %s, %d', async (code, expected) => {
    const fail = () => {
      throw new FedError(code, 'as asked')
    }
    expect(await call(['group', 'do'], fail)).toEqual({
      out: '',
      err: `error ${code}: as asked\n`,
      codes: [expected],
    })
    const { err } = await call(['group', 'do', '--json'], fail)
    expect(JSON.parse(err)).toEqual({ error: { code, message: 'as asked' } })
  })

  test('ends with 1 where something else was thrown', async () => {
    const said = await call(['group', 'do'], () => {
      throw new TypeError('a bug')
    })
    expect(said).toEqual({ out: '', err: 'error E_INTERNAL: a bug\n', codes: [1] })
  })

  test.each([
    [['group', 'do', '--wrong'], /unknown option.*\n.*add --help/s],
    [['group', 'do', '--n', '10'], /expected a whole number from 1 to 9/],
    [['nothing'], /unknown command/],
  ])('refuses %j with 2, at whatever depth', async (args, expected) => {
    const said = await call(args)
    expect(said.err).toMatch(expected)
    expect(said.codes).toEqual([2])
  })

  test.each([
    [['--version'], '1.2.3\n'],
    [['group', 'do', '--help'], /Usage: program group do/],
  ])('answers %j on standard output, with 0', async (args, expected) => {
    const said = await call(args)
    expect(said.out).toMatch(expected)
    expect(said).toMatchObject({ err: '', codes: [0] })
  })
})

test.each(['', ' ', '1.5', '1e1', '0x5', 'five', '0', '11'])(
  '%j is no whole number from 1 to 10',
  (text) => {
    expect(() => integer(1, 10)(text)).toThrow('expected a whole number from 1 to 10.')
  },
)

test('a whole number may have no upper bound, and may be below 0', () => {
  expect(integer(1)('123456789')).toBe(123456789)
  expect(integer(-5, 5)('-5')).toBe(-5)
  expect(() => integer(1)('0')).toThrow('expected a whole number from 1.')
})
