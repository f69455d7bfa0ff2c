import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { serve } from './driver.mjs'

const program = join(import.meta.dirname, '..', 'node_modules', '.bin', 'claude')

/** A folder for each scenario, so that --continue finds the conversation of this one only. */
const newFolder = () => mkdtempSync(join(process.env.HOME, 'work-'))

/** Runs `claude -p` to its end; on each line of its output, take may end it. */
const claude = async (folder, { model, system }, question, flags = [], take = () => {}) => {
  const own = ['-p', question, '--output-format', 'stream-json', '--verbose', '--model', model]
  const prompt = system ? ['--append-system-prompt', system] : []
  const child = spawn(program, [...own, ...prompt, ...flags], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const lines = []
  for await (const line of createInterface({ input: child.stdout })) {
    const told = JSON.parse(line)
    lines.push(told)
    take(told, child)
  }
  const code = await ended
  return { code, result: lines.find((told) => told.type === 'result') }
}

const answerOf = ({ code, result }) => {
  if (code !== 0 || result.is_error) {
    const { subtype, result: message, api_error_status: status } = result ?? {}
    throw Object.assign(new Error(message), { name: `exit ${code}`, type: subtype, status })
  }
  return { text: result.result, stop: result.stop_reason ?? null }
}

const talk = async (scenario, flags = []) => {
  const folder = newFolder()
  const answers = []
  for (const [turn, question] of scenario.questions.entries()) {
    const more = turn === 0 ? flags : [...flags, '--continue']
    answers.push(answerOf(await claude(folder, scenario, question, more)))
  }
  return { answers }
}

const whole = (scenario) => talk(scenario)

await serve({
  plain: whole,
  turns: whole,
  overloaded: whole,
  unauthorized: whole,
  stream: (scenario) => talk(scenario, ['--include-partial-messages']),
  tools: whole,
  bare: (scenario) => talk(scenario, ['--tools', '']),
  abort: async (scenario) => {
    const flags = ['--include-partial-messages']
    const { code } = await claude(
      newFolder(),
      scenario,
      scenario.questions[0],
      flags,
      (told, child) => {
        if (told.event?.delta?.type === 'text_delta') child.kill('SIGINT')
      },
    )
    return { answers: [], code }
  },
})
