// One scenario a line on standard input, one line with its outcome on standard output.
import { createInterface } from 'node:readline'

/**
 * scenarios: for each kind a function of the scenario that resolves to the outcome, or throws as
 * the client does.
 */
export const serve = async (scenarios) => {
  for await (const line of createInterface({ input: process.stdin })) {
    const scenario = JSON.parse(line)
    const outcome = await scenarios[scenario.kind](scenario).catch((error) => ({
      error: told(error),
    }))
    process.stdout.write(`outcome ${JSON.stringify(outcome)}\n`)
  }
}

/** What an app's code can branch on. */
const told = (error) => {
  const { name, status, statusCode, type, message } = error.lastError ?? error
  return { name, status: status ?? statusCode ?? null, type: type ?? null, message }
}

/**
 * Asks the questions of a scenario in turn. ask: resolves to the answer's text and why it stopped.
 */
export const eachQuestion = async ({ questions }, ask) => {
  const answers = []
  for (const question of questions) answers.push(await ask(question))
  return { answers }
}
