/** What has been spent of a privacy budget, in words for the people whose data it is about. */
import type { PrivacyAccount } from '../wire/privacy.ts'

type Spent = Omit<PrivacyAccount, 'history'>

/** `ε = 0.81 of 4 …`. */
export const spentWords = ({ population, purpose, epsilon, spent, rounds }: Spent): string =>
  `ε = ${Number(spent.toPrecision(3))} of ${epsilon} is spent of what releases may tell about population ` +
  `${population} (${purpose}), in ${rounds === 1 ? 'one round' : `${rounds} rounds`}`

/** What the odds of a guess may be multiplied by is no protection beyond this. */
const NO_PROTECTION = 1000

/** Whom it protects, from whom, and how much: differential privacy bounds the odds by e^ε. */
export const meaningWords = ({ spent, delta }: Pick<Spent, 'spent' | 'delta'>): string => {
  const factor = Math.exp(spent)
  const bound =
    factor > NO_PROTECTION
      ? 'this is no protection: all releases together may tell for sure whether a device took part'
      : `whoever reads all releases can change their odds that one device took part by a factor of at most ` +
        `${Number(factor.toPrecision(2))}, but for a chance of ${delta}`
  return `${bound}. The server itself sees more than releases`
}
