/** Runs drawn conversations; SEED=n in the environment holds one alone and tells its steps. */
import { type Held, holdConversation } from './hold.ts'

/** From 1 on, or the one that the environment names. */
export const seedsOf = (count: number): number[] => {
  const alone = process.env['SEED']
  return alone ? [Number(alone)] : Array.from({ length: count }, (_, i) => i + 1)
}

/** How each conversation that went wrong can be held again, and what was done in it. */
export const troubles = async (seeds: readonly number[]): Promise<string[]> => {
  const found: string[] = []
  for (const seed of seeds) {
    const held = await holdConversation(seed)
    if (held.trouble !== null || seeds.length === 1) console.log(tell(seed, held))
    if (held.trouble !== null) found.push(`SEED=${seed}: ${held.trouble}`)
  }
  return found
}

const tell = (seed: number, { steps, trouble }: Held): string =>
  [`SEED=${seed}`, ...steps, trouble ?? 'no trouble'].join('\n  ')
