/**
 * Ordinary requests, one a line; ¶ is a line break. A heading names the kind (KINDS below) and what a request has besides:
 * +x, -x or ~x (both) surely applies, !+x clearly does not; a language other than English by its code.
 */

/** What surely applies to a request of the kind, and what clearly does not. */
export const KINDS: Readonly<Record<string, string>> = {
  howto: '~length ~steps ~lists ~tone ~directness ~closing ~emphasis ~emoji !+tables',
  explain: '~length ~tone ~directness ~closing ~examples ~emphasis ~lists !+steps !+tables',
  why: '~length ~tone ~directness ~closing !+steps !+tables',
  compare: '~length ~tables ~lists ~tone ~directness ~closing ~emphasis !+steps',
  advice: '~length ~tone ~directness ~closing ~hedging ~questions ~lists !+tables',
  personal: '~length -directness ~closing ~questions -lists !+tables !+headings !+numbers',
  plan: '~length ~lists ~headings ~directness ~closing ~emphasis ~emoji +tables ~questions',
  letter: '~length ~tone !+tables !+headings !+steps !+numbers',
  official: '~length +tone !+tables !+headings !+steps !+numbers !+emoji',
  opinion: '~length ~tone ~hedging ~directness ~closing ~examples !+steps !+tables',
  quantity: '~numbers ~length ~directness ~closing ~tone !+steps',
  health: '~length ~hedging ~lists ~directness ~closing ~tone !+tables',
  ideas: '~length ~lists ~directness ~closing ~tone ~emphasis ~emoji !+steps',
  creative: '~length !+tables !+lists !+headings !+steps !+numbers',
}

export const ORDINARY = `
[howto]
Our old freezer in the cellar has a layer of ice as thick as my hand, and the door no longer shuts properly. ¶¶ I can move the food to my neighbour's for a day. There is no drain in the floor, and the socket is right beside the freezer, which worries me a little. ¶¶ How do I defrost it without flooding the cellar?
How do I descale an electric kettle?
How can I get candle wax out of a tablecloth?
What's the right way to season a cast-iron pan?
how do i back up my phone before i trade it in
My bike chain keeps slipping off. How do I fix that?
How do I repot an orchid without killing it?
How do you fold a fitted sheet?
I want to learn to juggle three balls. Where do I start and how do I practise?
How do I set up a password manager for my parents, who live in another city?
How do I bleed a radiator?
How do you sharpen a kitchen knife on a whetstone?
How would I go about changing my surname after getting married?
Our toddler will not sleep in her own bed. We have tried a night light and a story. How can we get her used to it?
How do I clean the inside of a laptop fan?
How do I train a puppy to walk on a leash
I've just bought an old terraced house with single-glazed sash windows. In winter the bedroom is freezing and there's condensation every morning. I can't replace the windows, they're listed. How do I keep the cold out?
How do I start a compost heap on a balcony?
How can I remove a broken light bulb that is stuck in its socket?
How do I make sourdough starter from scratch?
How do I write a will if I don't own much?
[howto ~numbers]
How do I brew coffee with a French press?
How do I calculate how much paint I need for a room, and then paint it properly?
How long and how hot do I roast a chicken, and what do I do with it before and after?
[explain]
How do vaccines train the immune system?
Explain how a blockchain works.
What is inflation, really?
What does a catalytic converter do?
Can you explain what "confirmation bias" means and how it shows up in daily life?
What's the idea behind compound interest?
I keep hearing about quantum computers. What are they, and what would they be good for?
How does noise cancelling work in headphones?
Explain the offside rule in football
What is herd immunity?
What was the Bretton Woods system?
how does an airplane wing actually produce lift
What is the trolley problem about, and why do philosophers keep coming back to it?
What do people mean by technical debt?
How do touch screens know where my finger is?
Explain photosynthesis to me.
I'm starting a job in a hospital laboratory next month. People keep talking about "sensitivity" and "specificity" of a test as if everybody knew. What do they mean, and why can't a test be perfect in both?
What's a heat pump and how can it heat a house when it's cold outside?
How do elections to the European Parliament work?
What is gerrymandering?
How do noise, vibration and harmonics relate on a guitar string?
What is the difference between weather and climate, and why does it matter?
[why]
Why is the sky blue?
Why do cats purr?
Why does bread go stale faster in the fridge?
why do we yawn when other people yawn
Why did the Roman Empire fall?
Why are manhole covers round?
Why does my voice sound strange on recordings?
Why do onions make you cry?
Why is the Mona Lisa so famous?
Why do some countries drive on the left?
[compare]
We are a choir of forty and need a place to rehearse on Tuesday evenings. ¶¶ The parish hall costs nothing but has a terrible echo and is cold in winter. The school has a good piano and parking, but we have to be out by nine. The community centre is expensive, warm, and we could leave our chairs there. ¶¶ Which would you take, and what are we overlooking?
Should I get a heat pump or a gas boiler for a 1960s house?
What's the difference between a latte, a flat white and a cappuccino?
Postgres vs MySQL for a small web shop, which would you choose?
Compare term life insurance with whole life insurance.
Induction, gas or ceramic hob: what are the pros and cons?
How do Lisbon, Porto and Seville compare for a long weekend in March?
I'm choosing between a used Corolla, a used Civic and a used Golf, all about eight years old. What should I look at?
Kindle, Kobo or paper books for somebody who reads in bed?
What are the differences between Sunni and Shia Islam?
road bike or gravel bike for commuting 12 km each way
Compare the electoral systems of Germany, France and the United Kingdom.
[compare ~numbers]
How do electric cars, hybrids and diesels compare in running costs?
Compare index funds, savings accounts and bonds for money I need in five years.
[advice]
Hi! I manage a small team of five. One of them, who has always been reliable, has been late with everything for two months. ¶¶ I know that he is going through a divorce. The others have started to notice and to grumble. ¶¶ I don't want to make things worse for him, but I can't ignore it any longer either. How would you go about it?
Is it a good idea to pay off my mortgage early or to invest the money?
My landlord wants to raise the rent by a quarter. What can I do?
I have two job offers. One pays more, the other has nicer people and is ten minutes from home. How should I decide?
I want to start running but my knees hurt after a few minutes. What would you suggest?
Should we get a dog when both of us work full time?
My son is twelve and wants a smartphone because all his friends have one. We are not keen. What would be a sensible way to handle this?
what should i wear to a job interview at a startup
I've been asked to give the toast at my sister's wedding and I'm terrified of speaking. Any advice?
I keep starting side projects and never finish any. What can I do about that?
Is it worth learning Latin as an adult?
Our team's meetings are endless and nothing gets decided. I don't run them. What could I do?
I inherited a small amount of money, about a year's salary. What should I think about before doing anything?
How should I choose a first musical instrument for my daughter?
I'm 45 and thinking of retraining as a nurse. ¶¶ I've worked in marketing for twenty years, have two kids at school and a mortgage with ten years to go. My partner earns enough that we'd get by, but just. Everyone tells me I'm mad. ¶¶ What should I weigh up?
My neighbour plays the drums every evening. How do I bring it up without starting a war?
Which houseplants survive in a dark flat?
[personal]
My best friend has stopped answering my messages and I don't know what I did wrong.
I failed my driving test for the third time today.
My dog died last night. He was fourteen. I don't know what to do with myself.
I feel like everybody at work is smarter than me.
My daughter moved out for university last week and the house is so quiet.
I don't think I love my job any more, but I'm scared to leave.
I had a fight with my mother over something silly, and now we're not speaking.
[plan]
My parents are coming to visit for five days in October. They live abroad and have never been here (we are in Ghent). ¶¶ My father walks badly and loves old machines. My mother wants to see gardens and eat well. I have to work on two of the five mornings. ¶¶ Could you help me plan their stay?
Plan a five-day trip to Scotland for two people who like walking and don't like crowds.
Help me plan a vegetarian dinner party for eight.
Make me a study plan for my chemistry final in three weeks.
I want to go from the sofa to a 10 km race in four months. Can you draw up a training plan?
We're moving house in six weeks with two small children and a cat. What do we need to do, and when?
Plan a week of dinners that take less than half an hour each.
We want to redo our bathroom next spring. How would you organise the project?
Set up an onboarding programme for a new colleague's first month in a small accounting office.
help me plan my garden for the year, I've got a sunny plot 4 by 6 metres
Put together a weekend in Berlin with teenagers.
[letter]
Write an e-mail to my landlord saying the heating has been broken for a week.
Draft a message to my team announcing that I'll be on parental leave from May.
Write a thank-you note to my daughter's teacher at the end of the school year.
Could you write a cover letter for a position as a museum guide? I have worked in a bookshop for five years and speak three languages.
Write a letter to the council asking for a zebra crossing in front of the primary school.
I need to tell a client that the project will be two weeks late, and that it is our fault. Please write the e-mail.
Write a LinkedIn post about finishing my apprenticeship as a carpenter
[official]
Write a letter of condolence to a colleague whose father died.
Write a complaint to the airline about my lost suitcase.
Write my letter of resignation. My last day is the 30th of June, and I'd like to part on good terms.
[opinion]
Do you think homework in primary school does any good?
Is it wrong to eat meat?
Should voting be compulsory?
Was Napoleon a moderniser or a tyrant?
What do you make of people who never take photos on holiday?
Is modern art a scam?
Will remote work last?
Are zoos defensible?
Is social media making teenagers unhappy, or is that just what every older generation says about something new?
does free will exist
[quantity]
How much water should I drink in a day?
How far away is the Moon, and how long would it take to drive there?
What does it cost to keep a horse?
How many calories does an hour of swimming burn?
How big is the Great Barrier Reef?
How much electricity does a fridge use in a year?
how fast do fingernails grow
How has the population of Africa changed since 1950?
What share of the world's energy comes from renewables?
How much should I have saved for retirement by the age of forty?
[health]
I've had a dry cough for three weeks. What might it be?
Is intermittent fasting healthy?
Can I take ibuprofen and paracetamol together?
What helps against migraine?
I wake up at four every night and can't get back to sleep. What could be the reason?
Are there side effects of taking vitamin D for years?
My grandmother is 88 and has fallen twice this month. What should we look into?
[ideas]
Give me some names for a small bakery by the sea.
What could I give my father for his seventieth birthday? He has everything and likes birds.
What are good ways to spend a rainy Sunday with a four-year-old?
I need ideas for a team event that isn't bowling.
What books would you recommend to somebody who loved The Remains of the Day?
Suggest a few hobbies that get me out of the house in winter.
What could I cook with leeks, potatoes and a bit of bacon?
What can a village library do to get more young people through the door?
ideas for a halloween costume that isn't scary
[creative]
Write a bedtime story about a hedgehog who is afraid of leaves.
Write a short speech for my grandparents' golden wedding.
Write a poem about the first snow.
[creative !+emoji]
Describe a harbour town at dawn, as the opening of a novel.
[explain de]
Ich habe von meiner Tante ein paar Aktien geerbt und verstehe die Abrechnung der Bank nicht. ¶¶ Dort steht etwas von Kapitalertragsteuer, Solidaritätszuschlag und einem Freistellungsauftrag. ¶¶ Was bedeuten diese drei Dinge, und was davon betrifft mich?
Wie funktioniert eigentlich ein Wärmetauscher?
Was bedeutet Inflation für meine Ersparnisse?
Kannst du mir erklären, wie die Gewaltenteilung in Deutschland funktioniert?
[howto de]
Wie bekomme ich Rotweinflecken aus dem Teppich?
Wie lege ich ein Hochbeet an?
[advice de]
Soll ich mir ein E-Bike kaufen oder lieber beim normalen Fahrrad bleiben?
Mein Chef lobt mich nie, obwohl ich seit Jahren gute Arbeit mache. Wie spreche ich das an?
[compare de]
Was sind die Vor- und Nachteile von Laminat, Parkett und Vinyl?
[why de]
Warum werden die Blätter im Herbst bunt?
[plan de]
Plane mir ein Wochenende in Wien mit zwei Kindern.
[official de]
Schreib eine E-Mail an die Hausverwaltung, weil der Aufzug seit zwei Wochen kaputt ist.
[explain fr]
Comment fonctionne un barrage hydroélectrique ?
Qu'est-ce que la photosynthèse, et à quoi sert-elle ?
[howto fr]
Comment enlever une tache de café sur un canapé en tissu ?
Comment réussir une pâte brisée ?
[advice fr]
Faut-il acheter ou louer quand on ne sait pas combien de temps on restera dans une ville ?
[compare fr]
Quelles sont les différences entre un PEA et une assurance-vie ?
[opinion fr]
Penses-tu que les réseaux sociaux rendent les gens plus seuls ?
[ideas fr]
Qu'est-ce que je pourrais offrir à ma sœur qui vient d'avoir un bébé ?
[explain es]
¿Cómo funciona una placa solar?
¿Qué es la inteligencia artificial generativa?
[howto es]
¿Cómo puedo quitar el óxido de unas herramientas viejas?
¿Cómo se prepara una buena tortilla de patatas?
[advice es]
Quiero aprender a tocar la guitarra a los cincuenta años. ¿Por dónde me recomiendas empezar?
[why es]
¿Por qué el mar es salado?
[plan es]
Ayúdame a organizar una fiesta sorpresa para treinta personas.
[compare es]
¿Qué conviene más para vivir con niños, Valencia o Málaga?
`
