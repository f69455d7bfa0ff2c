import { expect, test } from 'vitest'
import { startPeer } from '../../../eval/peers/peer-process.ts'
import { programCommand } from '../../support/programs.ts'

/** A peer that adds up; it says a line of its own first, refuses 0 and ends at −1. */
const PROGRAM = `
  console.log('a greeting')
  require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { n } = JSON.parse(line)
    if (n < 0) { console.error('enough'); process.exit(4) }
    console.log(JSON.stringify(n === 0 ? { error: 'nothing to add' } : { reply: { loss: n + 1 } }))
  })`

test('a peer is started once, answers, refuses, goes on, and says why it ended', async () => {
  const lines: string[] = []
  const peer = startPeer(process.execPath, ['-e', PROGRAM], (line) => lines.push(line))
  expect(await peer.ask({ n: 1 })).toEqual({ loss: 2 })
  await expect(peer.ask({ n: 0 })).rejects.toThrow('the peer failed: nothing to add')
  expect(await peer.ask({ n: 2 })).toEqual({ loss: 3 })
  await expect(peer.ask({ n: -1 })).rejects.toThrow('the peer ended with exit code 4: enough')
  await expect(peer.ask({ n: 1 })).rejects.toThrow('exit code 4')
  await peer.close()
  expect(lines).toEqual(['a greeting', 'enough'])
})

test('a program that is not there fails the first question, and closing is harmless', async () => {
  const peer = startPeer('loreweave-no-such-program', [])
  await expect(peer.ask({})).rejects.toThrow('could not be started')
  await peer.close()
})

test('closing ends a peer that waits', async () => {
  const peer = startPeer(process.execPath, ['-e', PROGRAM])
  await peer.ask({ n: 1 })
  await peer.close()
  expect(() => process.kill(peer.pid, 0)).toThrow()
})

test("llama.cpp's process refuses in words what it cannot do", async () => {
  const { command, args } = programCommand('eval/peers/llama-worker')
  const peer = startPeer(command, args)
  await expect(peer.ask({ do: 'generate', prompt: [1], count: 1 })).rejects.toThrow(
    'no model has been opened',
  )
  await peer.close()
})
