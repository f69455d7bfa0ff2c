/**
 * What of an earlier message still holds: demands meant for all answers, not those for the answer
 * that it got.
 */
import { isLasting, sentencesOf } from './stated.ts'

/** The sentences that still hold, or '' where none does. */
export const lastingPart = (message: string): string => {
  const text = message.slice(0, MAX_CHARS)
  const sentences = sentencesOf(text)
  if (!ASKS.test(text) && !REVISES.test(text.trim()) && text.length <= MAX_DEMAND) return text
  return sentences.filter((s) => HERE.test(s) || isLasting(s)).join('\n')
}

const MAX_CHARS = 4000
/** A message of nothing but demands is short. */
const MAX_DEMAND = 300

/** Asks for something of its own, beside any demand. */
const ASKS =
  /[?？]|(?:^|[.!;:\n]\s*|\b(?:please|and|now|then|bitte|und|jetzt) )(?:what|why|how|who|when|where|which|explain|describe|tell (?:me|us)|compare|list|name|suggest|recommend|help|plan|draft|summari[sz]e|write (?:me )?(?:an?|the|some)|give me (?:an?|the|some|\d+)|create|was|warum|wieso|wie|wer|wann|wo|welche\p{L}*|erkläre?|beschreibe?|vergleiche?|nenne?|empfiehl|hilf|plane|schreib\p{L}* (?:mir )?(?:ein\p{L}*|den|die|das)|gib mir (?:ein\p{L}*|die|das|\d+)|pourquoi|comment|explique\p{L}*|por qué|cómo|explica\p{L}*|perché|come|spiega\p{L}*)(?!\p{L})/iu

/** Asks for the last answer in another form: done once it is. */
const REVISES =
  /^(?:(?:ok|okay|thanks|great|good|now|and|please|can you|could you|danke|gut|jetzt|und|bitte|kannst du)[ ,.!]+)*(?:(?:put|turn|make|rewrite|convert|translate|shorten|rephrase|reformat|format|redo|repeat|expand|say|show|give|mach|schreib|setz|wandle|übersetz\p{L}*|kürz\p{L}*|formulier\p{L}*|wiederhol\p{L}*|zeig)\p{L}*(?: me| mir)? (?:it|that|this|them|those|the (?:last|above|answer|same)|das|es|die|diese\p{L}*|deine letzte)|(?:the same|same|dasselbe|das gleiche|again|nochmal)\b|(?:as|in|into|als|auf) )/iu

/** Meant for this whole conversation. */
const HERE =
  /(?<!\p{L})(?:(?:in|for|throughout|during|keep|make) (?:this|our|the) (?:whole |entire |rest of (?:this|the|our) )?(?:chat|conversation|session|thread|discussion)|(?:for|in) the (?:whole|entire|rest of)|rest of (?:this|the|our)|from here|all (?:that|of what) follows|everything (?:that follows|you (?:write|say|explain|answer))|for good|(?:all|any|every|each) (?:of )?(?:my|your|the|one of your) (?:questions?|answers?|repl(?:y|ies)|responses?)|all answers|your (?:answers|replies|responses|explanations)|whenever i|(?:each|every) time|not once|today|in (?:diesem|unserem) (?:ganzen )?(?:chat|gespräch|verlauf)|in dieser (?:ganzen )?(?:unterhaltung|sitzung)|(?:für|in) (?:der|die|den|das) (?:ganze[nr]?|gesamte[nr]?|rest\p{L}*)|(?:alle[nr]?|jede[rn]?) (?:deine[nr]? |ihre[nr]? )?(?:antwort(?:en)?|fragen?)|deine antworten|ihre antworten|heute|dans (?:cette|toute la) (?:conversation|discussion)|toutes (?:tes|vos|mes)|en (?:esta|toda la) (?:conversación|charla)|todas (?:tus|sus|mis)|in (?:questa|tutta la) (?:conversazione|chat)|tutte le (?:tue|mie)|nesta conversa|em toda a conversa|todas as (?:tuas|suas|minhas))(?!\p{L})|整个对话|所有回答|この会話|すべての回答/iu
