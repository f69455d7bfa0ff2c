/** Requests that carry a constraint in their own words, and standing constraints of an earlier turn. One a line; ¶ is a line break. */

/** A heading names what would contradict the lines below it, and a language other than English. */
export const WHOLE = `
[+length]
I've got a minute before my meeting. What does a quorum mean, in as few words as you can?
Reading this on my watch so keep it tiny: why do leaves change colour?
What's an ETF? My attention span is about two lines.
Explain recursion like you're paying per word.
I know the background already, I only want the gist of the Dreyfus affair.
Could you sum up how a bill becomes law? One short paragraph is plenty.
give me the tl;dr of the french revolution
What are the rules of chess? I don't need an essay.
No long lectures please, but why is sleep important?
Can you tell me about the Silk Road? Cap it at 100 words.
My grandmother wants to know what wifi is. A brief answer will do.
[-length]
I'm writing my thesis on the Hanseatic League, so don't hold back: tell me how it worked, with everything you know.
I want the long version of how yeast makes bread rise.
Please explain the causes of the First World War. Minimum 800 words.
Give me a really comprehensive guide to growing tomatoes; I've got all evening to read.
How does a diesel engine work? Last time your answer was far too short for me.
Walk me through how mortgages work, leaving nothing out.
[+lists +steps]
How do I prepare for a marathon? Your bullet points make my screen reader go mad, so please write normal paragraphs.
I hate when everything gets chopped up into bullets. How do I make friends in a new city?
Tell me how to look after leather boots, as if you were telling me at the bar rather than ticking off a checklist.
What should I see in Kyoto? Write it as continuous text, I'll paste it into a letter.
[-lists]
What do I need for a camping weekend? I'd like to tick the things off, so a bulleted list would be ideal.
Dot points only: advantages of solar panels.
Key arguments for and against a four-day week, each one on its own bullet.
[+headings]
Write me an overview of Stoicism. It goes into a chat window, so leave out headings.
Explain the water cycle, but don't split it into sections with titles.
[-headings]
Write a guide to adopting a cat, with a heading for every part so that I can jump around.
Give me an introduction to wine, divided into sections with titles.
[+emphasis]
What are the symptoms of heatstroke? And stop putting random words in bold.
How do I negotiate a salary? The asterisks show up as asterisks here, so no bold or italics.
[-emphasis]
Explain the parts of a sentence and make every grammatical term bold.
What are the key ideas of Keynes? Highlight the important words in bold.
[+tables]
Compare the iPhone with a Pixel. Tables break on my phone, so do without.
Which is better for joint pain, swimming or cycling? Not in a table, please.
[-tables]
Put the differences between arabica and robusta into a table.
Make me a comparison table of the planets: size, distance, moons.
[-tone]
Explain the rules of cricket for a formal briefing to the ambassador. Keep the register strictly formal.
Write to the bank about my lost card, very formal please.
[+tone]
explain compound interest like we're mates down the pub
Talk to me like a friend, not like a professor: what's a black hole?
[+examples]
What is irony? I've got enough examples, I only need the definition explained.
Explain the subjunctive without giving example sentences.
[-examples]
What is a logical fallacy? I only get it when I see an example.
Explain opportunity cost with two examples from everyday life.
[+hedging]
Which laptop should I buy for studying? Pick one, and no ifs and buts.
Is red wine good for the heart? I want a clear verdict, not "it depends".
[-hedging]
Will house prices fall next year? Please be honest about how uncertain that is.
Did Shakespeare write all the plays himself? Tell me what is certain and what is only likely.
[+questions]
Plan a birthday dinner for me. Don't ask me anything, just assume whatever you have to.
What laptop should I get? Don't come back with questions.
[-questions]
I want a new hobby. Ask me a few questions first so you can judge what suits me.
Help me choose a holiday, and quiz me on my tastes before you decide.
[+emoji]
Write a birthday greeting to my boss, but none of those smileys.
How do I cheer up a friend? You use too many emojis, leave them out this time.
[-emoji]
Write an invitation to our garden party with lots of emojis.
What are the seasons good for? Put a fitting emoji in front of each.
[+numbers]
How did the plague spread through Europe? Spare me the dates and figures.
Explain how loans work without throwing numbers at me.
[-numbers]
How expensive is it to raise a child? I want actual figures.
How did the glaciers shrink? Back it up with numbers.
[+closing]
How do I boil an egg? And please don't end with "let me know if you need anything else".
What does a notary do? Skip the offer to help further at the end.
[+directness]
Write a tour of the castle, and open with a warm welcome before you get to the facts.
[-directness +closing]
Just tell me the boiling point of ethanol. Spare me the pleasantries.
[+steps]
How do I change a tyre? Describe it in flowing text, not as numbered steps.
[-steps]
How do I change a tyre? Number every step.
I need to reset my router: first do this, second do that, please, numbered.
`

/** First the heading, then: the user's standing constraint | what Claude said | the request. */
export const EARLIER = `
[+length]
From now on keep every answer under 60 words. | Understood, under 60 words. | Why do volcanoes erupt?
I read slowly, so please always answer me in two or three sentences. | Of course. | What is a hedge fund?
Be brief in this chat, I'm on the train with bad reception. | Will do. | How do I get rid of hiccups?
For the whole conversation: short answers only. What's a fjord? | A long, narrow inlet carved by a glacier. | And what's a moraine?
your answers are too long for me, shorten them from here on | Noted, I'll be shorter. | how does a microwave heat food
Please never write more than one paragraph. | Understood. | What caused the Great Depression?
[-length]
Please answer all my questions as thoroughly as possible, I'm preparing for an exam. | Gladly. | How does the kidney work?
In this conversation I want long, detailed answers every time. | All right, I'll go into depth. | What was the Renaissance?
Your answers are too short. Always give me the full picture from now on. | I will. | How do vaccines get approved?
[+lists +steps]
No bullet points in this chat, please. Not once. | Understood, no bullets. | What should I pack for Iceland?
I can't stand lists. Write in paragraphs in all your answers. | I'll write in paragraphs. | How do I prepare a garden for winter?
From here on only running text, no lists of any kind. | Sure. | What are the benefits of yoga?
My editor strips lists, so always answer in prose. | Noted. | What makes a good manager?
[-lists]
Always answer with bullet points, that's how I take notes. | I'll use bullet points. | What are the main ideas of Buddhism?
For the rest of this chat, bullets only please. | Bullets it is. | What should I think of before buying a flat?
[+headings]
Don't use headings in any of your answers, they look odd in this app. | Understood. | Give me an overview of renewable energy.
[+emphasis]
Never use bold in this conversation. | I won't. | Explain the structure of an atom.
[+headings +emphasis +tables +lists]
My terminal shows raw text, so no markdown in all that follows. | Plain text from here on. | Compare TCP and UDP.
Plain text only for this session, please. | Understood. | What is the difference between a comet and an asteroid?
[+tables]
Tables come out garbled here, please don't make any in this chat. | I'll avoid them. | Compare three ways of heating a flat.
[-tables]
Whenever I ask for a comparison, give it to me as a table. | I will. | How do cotton, wool and linen compare?
[-tone]
Please address me formally in this whole conversation. | Certainly. | What does a tax adviser do?
[+tone]
Let's keep this chat super casual, ok? | Sure thing! | what's the deal with black holes
[+emoji]
No emojis at all in this conversation. | Understood. | What are good indoor games for kids?
I find emojis childish, please stop using them. | Of course. | How do I congratulate a colleague?
[-emoji]
Please put emojis into all your answers, my daughter is reading along. | With pleasure! 🎈 | Why do bees make honey?
[+questions]
Stop asking me questions at the end of your answers, for good. | Understood. | How do I start journaling?
[-questions]
In this chat, please always ask me a question back so that I keep thinking. | I will. What would you like to begin with? | Why do we dream?
[+closing]
For all answers from now on: no "feel free to ask" at the end. | Noted. | How does a lock on a canal work?
[+directness]
Start each of your answers with a friendly sentence, I use them in a radio show. | With pleasure. | Why is the sea salty?
[-directness +closing]
Always get straight to the point, no greetings and no sign-off. | Understood. | How do I freeze herbs?
[+examples]
No examples in this conversation, only the principles. | Understood. | What is a market failure?
[-examples]
Give me an example with everything you explain today. | I will. | What is a metaphor?
[+hedging]
I don't want to read "it depends" once in this chat. Take a stand. | I will. | Should I rent or buy?
[+numbers]
Keep all figures out of your answers, numbers make me anxious. | Understood, no figures. | How does inflation hurt savers?
[-numbers]
Always back your answers up with numbers in this conversation. | I will. | Is flying worse for the climate than driving?
[+length de]
Bitte antworte ab jetzt immer in höchstens zwei Sätzen. | Mache ich. | Warum ist der Himmel blau?
Fass dich in diesem Gespräch bitte durchgehend kurz. | Gern. | Wie entsteht ein Gewitter?
[+lists +steps de]
Keine Aufzählungen in diesem Chat, bitte nur Fließtext. | Verstanden. | Wie bereite ich mich auf einen Umzug vor?
[+emoji de]
Ab jetzt bitte ohne Emojis. | Alles klar. | Was kann man mit Kindern bei Regen machen?
[+length fr]
À partir de maintenant, réponds toujours en une ou deux phrases. | D'accord. | Comment se forment les marées ?
[+lists +steps fr]
Dans toute cette conversation, pas de listes à puces s'il te plaît. | Entendu. | Comment préparer un entretien d'embauche ?
[+length es]
A partir de ahora responde siempre con menos de 50 palabras. | De acuerdo. | ¿Por qué duermen los gatos tanto?
[+lists +steps es]
En esta conversación no uses listas nunca. | Entendido. | ¿Cómo preparo una mudanza?
`
