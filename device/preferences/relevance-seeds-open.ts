/** Seeds of kinds where style matters: what matters ("lists" both ends, "lists-" less only, "lists+" more only), then requests. */

/** What matters wherever Claude answers a person in prose. */
const PROSE =
  'length lists- headings- emphasis- tables- tone directness hedging- questions emoji closing examples- numbers- steps-'
/** What matters where Claude writes a text that goes to somebody else. */
const DRAFT = 'length tone emoji lists- headings- emphasis- tables- directness+ questions- closing-'

export const OPEN_KINDS: readonly (readonly [preferences: string, requests: string])[] = [
  // Concepts explained.
  [
    `${PROSE} lists+ emphasis+ examples+ headings+`,
    `Explain how vaccines train the immune system. | What is recursion in programming? | Why do we have leap years?
     Can you explain what opportunity cost means? | How does a heat pump warm a house in winter? | What is the difference between weather and climate?
     How do noise-cancelling headphones work? | What does it mean when a database is normalized? | Help me understand what a metaphor is. | Why does bread rise?
     I never understood entropy. Can you help? | what exactly is inflation | Tell me about black holes. | How does the stock market work?
     Could you explain to me what machine learning is? | What do people mean by cognitive dissonance? | explain blockchain to me | What's a mutual fund?`,
  ],
  // Causes and mechanisms in nature and the body.
  [
    `${PROSE} lists+ emphasis+ examples+ hedging+`,
    `Why is the sky blue? | What makes the tides rise and fall? | Why do cats purr? | How do trees move water to their leaves?
     Why do we dream? | What causes earthquakes? | Why do onions make you cry? | How do birds know where to fly in winter?
     Why does ice float? | What happens in the brain when we fall in love? | How do antibiotics kill bacteria? | why do leaves change colour in autumn`,
  ],
  // Facts of science, money and the world, where quantities carry the answer.
  [
    `${PROSE} numbers+ hedging+ lists+`,
    `How much water does a person need in a day? | What does it cost to run an electric car for a year? | How fast is the Greenland ice sheet melting?
     How much protein is in a vegetarian diet, and is it enough? | How big is the market for solar panels in Europe? | How has life expectancy changed over the last century?
     What share of household income goes to rent in big cities? | How much energy does a data centre use? | How expensive is it to raise a child?
     How much does it cost to live in Lisbon as a student? | How many calories should I eat when I train for a marathon? | What do electricians earn these days?
     How much screen time is fine for a six-year-old? | How big a pension pot do I need?`,
  ],
  // Procedures in house, kitchen and garden.
  [
    `${PROSE} lists+ steps+ emphasis+ numbers+ headings+`,
    `How do I change a flat bicycle tyre? | How do I make sourdough bread at home? | How do you plant tomatoes on a balcony? | How do I install a ceiling lamp safely?
     My kitchen sink is blocked, how do I clear it? | How can I get red wine out of a carpet? | What is the best way to poach an egg? | how to paint a room
     Tell me how to sharpen a kitchen knife. | I want to make my own yoghurt, how does that work? | How should I wash a wool jumper? | How do I start a compost heap?
     How do I descale a coffee machine? | Can you tell me how to hang wallpaper?`,
  ],
  // Procedures with devices, offices and money.
  [
    `${PROSE} lists+ steps+ emphasis+ headings+`,
    `How can I reset my wifi router? | My laptop will not charge. What should I try? | How do I set up two-factor authentication for my email?
     What do I have to do to register a small business? | How do I back up the photos on my phone? | How do I file a tax return for the first time?
     How do I move my number to another phone company? | My printer is offline all the time, what can I do? | What do I do after a car accident?
     How can I contest a parking ticket? | How do I apply for a visa to Australia? | how do i get my deposit back from my landlord
     Show me how to mail merge in a word processor. | The screen of my tablet is frozen. How do I fix it?`,
  ],
  // Comparisons.
  [
    `${PROSE} lists+ emphasis+ tables+ numbers+ hedging+ headings+ examples+`,
    `Compare renting and buying a flat. | What are the pros and cons of Python and Java for a beginner? | Which is better for the environment, trains or buses?
     Compare the main kinds of mortgages. | How do oat milk, soy milk and cow milk differ? | What are the differences between the Android and iPhone cameras?
     Compare running, cycling and swimming as exercise. | Which phone plan suits somebody who travels a lot? | Gas or induction hob?
     React or Vue for a small web shop? | What speaks for and against nuclear power? | electric car vs hybrid, which one should I get
     How does Buddhism differ from Hinduism? | Is a mattress of foam better than one with springs? | Tea or coffee in the morning?
     What distinguishes a crocodile from an alligator?`,
  ],
  // Overviews, reports and guides that need structure.
  [
    `${PROSE} lists+ headings+ emphasis+ examples+ numbers+ tables+`,
    `Give me an overview of the history of the Roman Empire. | Write a guide to visiting Japan for the first time. | Write a report on the state of remote work.
     Prepare study notes on photosynthesis for an exam. | Explain the whole process of making a film, from idea to release. | Write documentation for a team that takes over our web shop.
     Describe the major schools of philosophy. | Draft a proposal for a neighbourhood garden. | Give me an introduction to the French Revolution.
     What should everybody know about first aid? | Write an article about urban beekeeping. | Describe how the European Union works.
     I have to give a talk on renewable energy, what are the main points? | Write up what is known about sleep and memory.`,
  ],
  // Schedules and plans.
  [
    `${PROSE} lists+ tables+ headings+ numbers+ emphasis+ steps+`,
    `Make me a training plan for a half marathon in twelve weeks. | Plan the meals of a week for a family of four. | Plan a budget for a student who moves into a first flat.
     Make a revision timetable for my finals. | Lay out a weekly cleaning schedule for three flatmates. | Draw up an itinerary for five days in Lisbon.
     Plan a surprise party for twenty people. | Help me plan my move to another city. | What should I pack for a week in Norway in October?
     Plan a weekend in Rome with two small children. | Set up a savings plan so that I can buy a car in two years. | How should I organise my first month in a new job?`,
  ],
  // Emails, letters and messages.
  [
    DRAFT,
    `Write an email to my boss asking for a day off. | Write a birthday message for my grandmother. | Draft a reply to a customer whose parcel is late.
     Help me write an invitation to our housewarming party. | Write a thank-you note to my colleagues. | Draft a message to my landlord about the broken heating.
     Write a letter of complaint to an airline. | I need a text to tell my friend that I can't come on Saturday. | write a cover letter for a job as a nurse
     Compose an apology to my neighbour for the noise. | Help me answer this message from my ex. | Write a recommendation for a former student.
     Draft a letter to the council about the dangerous crossing. | Write a short speech for my sister's wedding.`,
  ],
  // Posts, adverts and descriptions.
  [
    `${DRAFT} lists+ emphasis+`,
    `Write a post about our school concert for the parents. | Write a caption for a photo of my dog at the beach. | Write a product description for a handmade leather bag.
     Write a job advert for a barista. | Draft an announcement that our shop is moving. | Write a review of a small Italian restaurant that I liked.
     Write a bio for my profile as a freelance photographer. | I need a text for the front page of my bakery's website. | Write a newsletter for our football club.
     Draft a press release about our new electric bus. | Write an about-us page for a family dentist.`,
  ],
  // Stories, poems, scenes.
  [
    'length tone lists- headings- emphasis- tables- directness+ questions- closing- emoji- numbers- steps-',
    `Write a story about a lighthouse keeper. | Write a poem about autumn rain. | Tell me a bedtime story about a shy dragon. | Write a dialogue between the sun and the moon.
     Write the opening of a detective novel set in Venice. | Make up a legend about how the mountains were made. | Write a love poem for my wife.
     Invent a fairy tale with a talking kettle. | Write a monologue for a tired clown. | Write song lyrics about leaving home. | Tell a ghost story.
     Describe a morning in a fishing village.`,
  ],
  // Personal advice on work and study.
  [
    `${PROSE} lists+ examples+ hedging+ steps+ emphasis+`,
    `Should I quit my job to study again? | I feel stressed before every exam. How can I calm down? | I cannot decide between two job offers. | How can I get better at saying no?
     How do I ask for a raise? | My boss never listens to me. What can I do? | How can I stop putting things off? | I failed my first semester, what now?
     How do I prepare for a job interview at a bank? | What would you do with a gap year? | I get distracted all the time when I study | How do I deal with a colleague who takes credit for my work?
     Is it too late to become a doctor at forty? | How do I give feedback without hurting anybody?`,
  ],
  // Personal advice on people and feelings.
  [
    `${PROSE} lists+ examples+ hedging+`,
    `My best friend does not answer my messages any more. What can I do? | How do I tell my parents that I am moving abroad? | My daughter does not want to go to school. What would you do?
     I want to make new friends in a new city. | How do I get over a break-up? | My husband and I argue about money all the time. | I feel lonely since I retired.
     How can I help a friend who is grieving? | My teenage son only plays video games, should I worry? | I'm always nervous on first dates
     How do I forgive somebody who never said sorry? | My mother-in-law comments on everything I cook. | I think I am too hard on myself.`,
  ],
  // Health, law, money and the future: what is not certain.
  [
    `${PROSE} hedging+ lists+ numbers+ emphasis+ examples+`,
    `Is it dangerous to take ibuprofen every day? | Will house prices fall next year? | Is it worth putting my savings into index funds? | What could cause a pain in my left knee when I run?
     Can my employer read my private messages? | Will artificial intelligence replace translators? | Is coffee bad for the heart? | Could there be life on the moons of Jupiter?
     Do I have to pay tax on money I win? | Is intermittent fasting healthy? | Can I get pregnant while breastfeeding? | Should I invest in gold?
     Is it legal to record a phone call? | Will we ever live on Mars? | Why am I so tired in the afternoon? | Do vitamins do anything at all?`,
  ],
  // Ideas and suggestions.
  [
    `${PROSE} lists+ emphasis+ examples+ tables+`,
    `Give me ideas for a birthday present for my brother. | Suggest names for a small bakery. | What could we do on a rainy Sunday with the children? | Brainstorm topics for a podcast about cities.
     Give me ideas for quick vegetarian dinners. | What are some icebreakers for a team meeting? | Suggest some books for a long train journey. | I need a costume for a party, any ideas?
     What can I cook with lentils and spinach? | Which films should I watch on a Friday night? | Recommend a hobby for somebody who likes to be outside. | What are good games for a long car ride
     Where should we go on holiday in May? | Ideas for decorating a tiny balcony | What gift can I bring to a dinner? | Recommend some podcasts about science.`,
  ],
  // Opinions and debate.
  [
    `${PROSE} hedging+ examples+ lists+`,
    `Is it ever right to lie? | What do you think about school uniforms? | Are zoos a good thing? | Does social media make us unhappy? | Should voting be compulsory?
     Is modern art still art? | What makes a good leader? | Do you think that money buys happiness? | Is homework useful? | Why do people believe in conspiracy theories?
     What is the meaning of life? | Should cities ban cars? | Are humans selfish by nature?`,
  ],
  // Sharing news and small talk that is more than a greeting.
  [
    'length- tone emoji questions lists- headings- emphasis- tables- directness+ closing hedging- examples- numbers- steps-',
    `I just passed my driving test! | Tell me something that cheers me up. | I am bored. | We got a puppy yesterday! | Guess what, I'm going to be an aunt.
     I had a terrible day at work. | I can't sleep. | Tell me a fun fact. | What's your favourite season? | I finally finished my thesis!!
     It has been raining for a week here and I'm fed up | My team lost again.`,
  ],
  // Learning a skill with practice.
  [
    `${PROSE} lists+ examples+ steps+ headings+ emphasis+`,
    `Teach me the basics of chess. | Help me learn to read music. | How do I use the subjunctive in Spanish? | Teach me how to solve quadratic equations.
     Show me how to use pivot tables in a spreadsheet. | How can I learn to draw faces? | What is the best way to learn Japanese? | I want to learn to swim as an adult.
     How do I get started with woodworking? | Teach me to juggle. | How can I improve my handwriting? | Can you help me to understand the German cases?
     How do I learn to code from zero? | How do I get better at public speaking?`,
  ],
  // History, culture and biography.
  [
    `${PROSE} lists+ headings+ emphasis+ examples+ numbers+`,
    `Who was Marie Curie and why does she matter? | What led to the First World War? | How did the printing press change Europe? | Tell me about the Silk Road.
     What is jazz and where does it come from? | Why did the Maya cities fall? | What was daily life like in medieval towns? | How did football become so popular?
     Tell me the story of the Berlin Wall. | What's so special about Shakespeare? | How do people in Mexico celebrate the Day of the Dead?
     What is the plot of Pride and Prejudice about? | Why is the Mona Lisa so famous?`,
  ],
  // Technology and programming as a subject, answered in prose.
  [
    `${PROSE} lists+ examples+ emphasis+ headings+`,
    `When should I use a relational database and when not? | How do passkeys work? | What is the point of unit tests? | How does the internet find a website?
     Is it worth learning Rust? | What are microservices good for? | How do I become a better programmer? | What is the difference between a process and a thread?
     How does version control help a team? | Why are my builds so slow, and where would you look first? | How do large language models work? | Explain public-key cryptography.`,
  ],
  // Judging or improving what the user has or plans.
  [
    `${PROSE} lists+ examples+ hedging+`,
    `I want to open a café in a village of 2,000 people. Is that a good idea? | What do you think of my plan to cycle to Italy alone? | How could I make my living room cosier?
     My website gets visitors but nobody buys anything. | Our team meetings take two hours, how can we change that? | I eat cereal for breakfast and a sandwich for lunch. What would you improve?
     I run three times a week but do not get faster. | My essay argues that cities should be car-free. What are its weak points? | We spend too much on groceries. | Is my idea for an app that finds lost socks any good?
     I have 10,000 euros and want to renovate my bathroom. Where do I start? | My houseplants keep dying.`,
  ],
  // A situation told at length, with a question.
  [
    `${PROSE} lists+ steps+ hedging+`,
    `I moved into a new flat last month and there is mould behind the wardrobe. The landlord says I don't air enough. What are my options?
     My father is 78 and lives alone. Lately he forgets things, and last week he left the stove on. How can we help him without taking his independence?
     I have been learning the piano for two years. I can play easy pieces but I get stuck when I have to use both hands in different rhythms. What could help?
     We are a group of six friends with very different budgets and want to travel together in summer. How do we find something that suits everybody?
     I work night shifts at a hospital and my sleep is a mess. On my days off I can't fall asleep before four. Any advice?
     Our dog barks whenever we leave the house, and the neighbours complain. We have tried toys and a radio. What else could we try?
     I am thinking about buying a used electric car with 80,000 kilometres on it. The dealer says that the battery is fine. What should I check?
     My sister asked me to lend her a large sum for her start-up. I would like to help but I'm afraid that it will hurt our relationship. How would you handle this?`,
  ],
  // Places and travel.
  [
    `${PROSE} lists+ emphasis+ examples+ numbers+ headings+`,
    `What is there to see in Porto? | When is the best time to visit Iceland? | What is it like to live in Singapore? | Which part of Berlin should I stay in?
     Is it safe to travel alone in Morocco? | How do I get around in Tokyo? | What should I eat in Vietnam? | Tell me about the Scottish Highlands.
     Is Venice worth it in winter? | What do I need to know before I rent a car in Sicily?`,
  ],
  // Recipes.
  [
    `${PROSE} lists+ steps+ numbers+ headings+ emphasis+ tables+`,
    `How do I make a good tomato soup? | Give me a recipe for banana bread. | I need a recipe for vegan lasagne. | What's a simple way to cook salmon? | recipe for pancakes please
     How do I make pizza dough? | Give me something to cook for eight guests. | How do you make hummus? | A birthday cake without eggs?`,
  ],
  // Summaries and explanations of something that is given.
  [
    'length tone lists headings emphasis tables- directness+ emoji- closing- questions- hedging- numbers examples- steps-',
    `Summarise the plot of Hamlet. | What are the main points of this article about bees: Bees are in decline across Europe. Scientists name three reasons: pesticides, the loss of meadows, and mites.
     Explain what this paragraph from my contract means: The tenant bears the cost of minor repairs up to 100 euros each. | Give me the gist of the theory of evolution.
     Can you sum up what happened in the Cuban missile crisis? | I don't understand this text about inflation, what is it saying? Prices rose because demand recovered faster than supply.`,
  ],
  // Science and mathematics explained, not computed.
  [
    `${PROSE} lists+ examples+ steps+ emphasis+ numbers+`,
    `Why is dividing by zero not allowed? | How does calculus help engineers? | What is a normal distribution? | Why are there infinitely many primes? | How do rockets steer in space?
     What is quantum entanglement? | How does carbon dating work? | Explain what a derivative tells us. | How do scientists measure the distance to a star? | What is the Monty Hall problem about?`,
  ],
  // Language and writing as a subject.
  [
    `${PROSE} lists+ examples+ emphasis+`,
    `When do I use who and whom? | Why is English spelling so strange? | How do I write a good opening for a novel? | What makes a speech persuasive? | What is the difference between irony and sarcasm?
     How can I make my emails sound less stiff? | Is it fine to start a sentence with but? | How do I write dialogue that sounds natural? | What is passive voice and when is it useful?`,
  ],
]
