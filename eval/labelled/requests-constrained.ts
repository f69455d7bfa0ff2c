/**
 * Constraints as people word them, one a line; a heading names what would contradict them, and a language other than English.
 * {q} stands for a question, {s} for one that begins in lower case, {Q} for one in capitals, {n} for what may follow "explain".
 */
export const ENGLISH = `
[+length]
{q} Please keep it under 50 words.
Under 50 words: {s}
In no more than three sentences, {s}
{q} Keep it short.
Quick question: {s} Short answer please, I'm about to board.
{q} tl;dr version only
{q} Answer briefly.
{q} I only need the short version.
can u explain {n} real quick, like 2 sentences max
Be concise. {q}
{q} Not too long please, my attention span is nil today.
Explain {n} in a nutshell.
{q} 30 words tops.
{q} No essay, please.
{q} (max. 80 words)
Sum up {n} in one short paragraph.
{q} Just the essentials.
{q} I don't have much time, so make it snappy.
{q} An answer that fits in a text message would be perfect.
{Q} SHORT ANSWER!!
{q} pls keep ur answer breif
Without going into detail: {s}
{q} Two or three sentences are enough for me.
{q} Spare me the details.
{q} The shorter the better.
In a few words, {s}
Give me the elevator pitch: {s}
{q} Your answer must not exceed 280 characters.
I'm not looking for a lecture here. {q}
{q} Keep it crisp, I have to read it out in ten seconds.
[+length +lists +headings +tables +steps]
In one sentence: {s}
Explain {n} in a single sentence.
{q} One sentence only, please.
{q} just one line
Answer in exactly one sentence. {q}
[-length]
{q} I need all the details you have.
{q} Please answer in depth.
Explain {n} thoroughly.
{q} Don't leave anything out.
{q} The more detail the better.
I'd like a long, detailed answer: {s}
{q} Write at least 500 words.
{q} Take as much space as you need, I want to understand it fully.
Tell me everything about it, from the beginning: {s}
{q} Please be exhaustive.
{q} I want the whole story, not a summary.
Give me a deep dive. {q}
{q} Don't be brief.
{q} Elaborate as much as possible pls
{Q} I WANT A VERY DETAILED ANSWER
Could you explain {n} at length? I've got time.
{q} Short answers don't help me, so please go into every aspect.
{q} Around two pages would be right.
explain {n} in great detial please
[+lists +steps]
{q} No bullet points pls.
{q} Please answer in prose.
Without using any bullet points, {s}
{q} Don't give me a list.
{q} I'd rather have full paragraphs than lists.
Write it as a flowing text, no lists: {s}
{q} NO BULLETS
{q} Just talk to me in normal sentences, not in bullet points.
{q} Please avoid lists of any kind.
Answer in running text. {q}
{q} no lists please, bulletted or numbred
{q} Paragraphs only.
{q} I can't stand bullet points.
Tell it like a story rather than as a list: {s}
{q} Skip the bullets this time.
[+length +lists +steps]
{q} One short paragraph of prose, no bullets.
{q} In three plain sentences and without a list.
[-lists]
{q} Use bullet points.
{q} As a bulleted list please.
Give me a list: {s}
In bullet points, {s}
{q} Put it in bullets so I can skim it.
{q} bullet form pls
List it for me point by point. {q}
{q} I want this as a list I can tick off.
Please make a bullet list of what matters. {q}
[+length -lists]
{q} Three bullet points, no more.
Five short bullets at most: {s}
[+headings]
{q} No headings please.
{q} Don't use any headers.
Without headings, {s}
{q} Please leave out section titles, it's for a chat message.
{q} One continuous text without subheadings.
[-headings]
{q} Use headings for the different parts.
{q} Please structure the answer with headings.
Give it a title and subheadings. {q}
{q} Divide your answer into sections, each with its own heading.
With clear section headers please: {s}
[+emphasis]
{q} No bold text, please.
{q} Please don't bold anything.
Without any bold or italics: {s}
{q} and pls no **stars** around words
{q} Don't highlight words.
[-emphasis]
{q} Put the key terms in bold.
{q} Please highlight the most important words in bold.
Bold the main point of each paragraph. {q}
{q} Mark the keywords bold so that I find them again.
[+headings +emphasis +tables +lists]
{q} Plain text only.
{q} No markdown.
{q} Please answer without any formatting, I'm pasting this into an SMS.
In plain text without markdown please: {s}
{q} My reader can't show markdown, so don't use it.
No formatting whatsoever. {q}
[+tables]
{q} No tables please.
{q} Please don't put it in a table.
Without a table: {s}
{q} A table would be useless to me, I listen to your answers.
[-tables]
{q} Show it in a table.
{q} As a table please.
Make a table for this: {s}
{q} I'd like a table with two columns.
Answer in tabular form. {q}
{q} Put the facts into a markdown table.
[-tone]
{q} Please answer in a formal tone.
{q} Use formal language, it's for a report to the board.
In a professional register, please: {s}
{q} Keep it strictly formal.
{q} It has to sound official.
{q} No slang and no chumminess, please.
Please write academically. {q}
[+tone]
{q} Keep it casual.
{q} Talk to me like a buddy.
In plain everyday language, like you'd tell a mate: {s}
{q} Don't be so formal with me.
{q} Explain it the way you would over a beer.
yo no fancy talk, {s}
{q} Use an informal tone please.
{q} Relaxed and chatty, please, I get enough officialese at work.
[+examples]
{q} No examples, please.
{q} You don't need to give examples.
Without examples: {s}
{q} Just the theory, skip the examples.
{q} I don't want any example, only the rule.
[-examples]
{q} Please give an example.
{q} With a concrete example, please.
Explain {n} with an example.
{q} Can you illustrate that with a few examples?
{q} Show me an example so that I get it.
{q} I learn best from examples.
Using an example from cooking, {s}
{q} e.g. from sports? An example would help
[+hedging]
{q} Don't hedge.
{q} Give me a definite answer, no maybes.
{q} No "it depends" please.
Straight and without caveats: {s}
{q} I want you to commit to one answer.
{q} Skip the disclaimers.
{q} No wishy-washy answer, please.
{q} Leave out all the ifs and buts.
[-hedging]
{q} Tell me how certain each of your claims is.
{q} Please say where you are not sure.
{q} Mention what is uncertain or disputed.
With all due caution and caveats: {s}
{q} Don't sound more certain than the evidence allows.
{q} Flag anything you're only guessing.
[+questions]
{q} Don't ask me anything back.
{q} No follow-up questions, please.
Without asking me for more information: {s}
{q} Please don't end with a question.
{q} And no counter-questions.
[-questions]
{q} Ask me a question at the end to check that I understood.
Before you answer, ask me what you need to know. {q}
{q} Finish with a question that makes me think.
{q} Feel free to ask me clarifying questions first.
Ask me something back afterwards. {q}
[+emoji]
{q} No emojis.
{q} Please don't use emojis.
{q} without emoji pls
Emoji-free, please: {s}
{q} And leave the smileys out.
{q} NO EMOJIS IN THE ANSWER
{q} I don't want to see a single emoji.
[-emoji]
{q} Use lots of emojis!
{q} Add some emojis please.
With emojis: {s}
{q} Make it fun with a few emojis 😊
Sprinkle in emojis, it's for my kids. {q}
[+numbers]
{q} No numbers, please.
{q} Without any figures or statistics.
{q} Please leave out the dates and figures, just the idea.
Explain {n} without using numbers.
{q} I'm bad with numbers, so don't use any.
[-numbers]
{q} Give me concrete numbers.
{q} With figures, please.
{q} Please include statistics.
In numbers, please: {s}
{q} I want hard data, not adjectives.
{q} Quantify it for me.
[+closing]
{q} Don't offer further help at the end.
{q} No "let me know if you have questions" at the end please.
{q} Leave out any closing phrase.
Stop when you're done, without offering more. {q}
{q} Please no sign-off at the end.
[-closing]
{q} At the end, offer to go deeper.
{q} Finish by telling me what else you can help me with.
[-directness]
{q} Get straight to the point.
{q} No preamble please.
{q} Start with the answer right away, no introduction.
Skip the intro. {q}
{q} Don't start with "Great question".
Without beating about the bush: {s}
{q} No small talk first.
Cut to the chase: {s}
{q} Answer first, pleasantries never.
[-directness +closing +length]
{q} Just the answer, nothing else.
Only the answer, please. {q}
{q} just answer the question, no fluff
[+directness]
{q} Start with a friendly greeting.
{q} Please begin with a short introduction that eases me into the topic.
Open with a warm sentence before you answer. {q}
[+steps]
{q} Please don't number anything.
{q} No step-by-step instructions.
{q} Not as steps, please, I only want the principle.
Without numbered steps: {s}
[-steps]
{q} Step by step, please.
Take me through {n} step by step.
{q} In numbered steps please.
{q} Number the steps.
{q} Break it down into clear steps.
1, 2, 3 style please: {s}
[+length +emoji]
{q} Short, and no emojis.
[-length -examples]
{q} Long answer with plenty of examples, please.
[-length +lists +steps]
{q} Please write a detailed essay without bullet points.
An essay of about 1000 words, please: {s}
[+lists +steps +tables]
{q} No lists, no tables.
`
