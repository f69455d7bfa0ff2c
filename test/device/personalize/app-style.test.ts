import { expect, test } from 'vitest'
import { fixedByApp } from '../../../device/personalize/app-style.ts'

const fixed = (text: string) => [...fixedByApp(text)].toSorted().join(' ')

test.each([
  // Tags around instructions, not around material.
  ['<house_rules>\n<rule>No emojis.</rule>\n</house_rules>', 'emoji'],
  ['<voice>\nSlang is welcome.\n</voice>', 'tone'],
  ['<stock>\nNo emojis.\n</stock>', ''],
  // The assistant's own act is no certain case; the user's is.
  ['Whenever you compare products, use a table.', 'tables'],
  ['For every claim, state how certain it is.', 'hedging'],
  ['When the user compares products, use a table.', ''],
  // What becomes of every part of an answer.
  ['Jeder Begriff wird mit einem Beispiel erläutert.', 'examples'],
  ['Erklärt wird Handgriff für Handgriff.', 'steps'],
  ['Lösungen erklärst du immer Schritt für Schritt.', 'steps'],
  ['Each of your turns finishes with one question.', 'questions'],
  ['The first words of a reply are the answer.', 'directness'],
  ['Wenn alles gesagt ist, ist Schluss: keine Zusammenfassung am Ende.', 'closing'],
  // The same words of something else.
  ['You work with the table that the user has uploaded.', ''],
  ['Never ask for names. Keine Fragen nach dem Wohnort.', ''],
  ['Be fast: your replies are shown on a two-line display.', ''],
  ['You are a helpful assistant. Always respond in the language of the user.', ''],
  ['You are a helpful assistant. Your answers should be accurate.', ''],
  ['You can answer questions, summarize and translate text, and write code.', ''],
  ['Write math in LaTeX.', ''],
  ['Use Markdown to format your answers.', ''],
  ['If JSON is asked for, return only JSON.', ''],
  ['When the user asks for code, explain it in one sentence.', ''],
  ['Help the user write short stories, and give honest feedback.', ''],
  ['Our delivery times are short and our price lists are in the table.', ''],
  ['Think step by step before you answer.', ''],
  ['Du bist ein hilfreicher Assistent. Antworte in der Sprache des Nutzers.', ''],
  ['Du kannst kurze und lange Texte schreiben und Tabellen erstellen.', ''],
  ['Keep your answers short.', 'length'],
  ['You are a concise assistant.', 'length'],
  ['Provide accurate, helpful and detailed responses.', 'length'],
  ['Answer in at most three sentences.', 'length'],
  ['Responses must not exceed 120 words.', 'length'],
  ['Always use bullet points.', 'lists'],
  ['Never use emojis.', 'emoji'],
  ['Use a formal tone.', 'tone'],
  ['Speak like a pirate.', 'tone'],
  ['Do not use headings or bold text.', 'emphasis headings'],
  ['Present your answers as tables.', 'tables'],
  ['Plain text only.', 'emphasis headings lists steps tables'],
  ['Start directly with the answer.', 'directness'],
  ['Illustrate each answer with an example.', 'examples'],
  ['Hedge claims that are uncertain.', 'hedging'],
  ['Never ask the user questions.', 'questions'],
  ['Support claims with figures.', 'numbers'],
  ['Close every reply with an offer of further help.', 'closing'],
  ['Explain everything step by step.', 'steps'],
  ['Fasse dich kurz.', 'length'],
  ['Deine Antworten sind ausführlich.', 'length'],
  ['Sieze die Kundinnen und Kunden.', 'tone'],
  ['Verwende keine Emojis.', 'emoji'],
  ['Antworte in Stichpunkten.', 'lists'],
  ['Stelle keine Rückfragen.', 'questions'],
  ['Erkläre alles Schritt für Schritt.', 'steps'],
  ['Gib immer ein Beispiel.', 'examples'],
])('%s -> [%s]', (text, expected) => {
  expect(fixed(text)).toBe(expected)
})
