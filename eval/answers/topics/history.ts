/** Topics from history. */
import type { Topic } from './topic.ts'

export const HISTORY: readonly Topic[] = [
  {
    id: 'printing-press',
    domain: 'history',
    subject: 'the printing press',
    terms: ['movable type', 'Gutenberg', 'books', 'press'],
    phrasings: [
      'Why was the printing press so important?',
      'I have to give a five minute talk about Gutenberg in my evening class. What did his press really change?',
      "How did Gutenberg's printing press work and what followed from it?",
    ],
    answer:
      'The printing press made books cheap and identical, so ideas could spread faster than any authority could collect them again.',
    mechanism: [
      'Letters of metal were cast in moulds, set into lines, inked, and pressed on paper, and then used again for the next page.',
      'Identical copies let readers in distant towns cite the same page, correct the same error, and build on each other.',
    ],
    facts: [
      'By 1500, presses in more than 200 towns had printed an estimated 10 to 20 million volumes.',
      'Gutenberg made about 180 copies of his Bible, of which 49 survive in whole or large part.',
    ],
    background: [
      'Printing with movable type began in China around 1040 with baked clay, and Korea cast bronze type before Europe did.',
      'Gutenberg worked in Mainz around 1450 and lost his workshop to his lender just as the Bible was finished.',
    ],
    steps: [
      'Open with the price of one copied book in weeks of wages.',
      'Show a picture of a line of metal type.',
      'Explain one consequence in religion and one in science.',
      'Close with a question about the networks of today.',
    ],
    example: [
      'For example, the theses of Martin Luther are said to have crossed Germany within two weeks in 1517.',
    ],
    analogy: [
      'The press did for ideas what canals did for grain: it moved the same goods at a fraction of the cost.',
    ],
    caveats: [
      'The press did not cause the Reformation alone, since politics and cities mattered as well.',
      'It is a common mistake to say that Gutenberg invented printing, because he combined and improved known arts.',
    ],
    anecdote: [
      'In one print museum the guide lets children set their own names and always waits for the first mirrored S.',
    ],
    comparison: [
      'Woodblocks suited pages of Chinese characters, whereas movable type suited alphabets with few letters.',
    ],
    followUp: 'Who is in your audience, and how much do they know?',
  },
  {
    id: 'silk-road',
    domain: 'history',
    subject: 'the Silk Road',
    terms: ['Silk Road', 'caravans', 'merchants', 'trade'],
    phrasings: [
      'What was the Silk Road?',
      'After a documentary about Samarkand I would like to understand what was traded on the Silk Road and why it ended.',
      'Was the Silk Road really one road from China to Rome?',
    ],
    answer:
      'The Silk Road was a web of trade routes across Asia on which goods, beliefs, skills, and diseases passed from market to market.',
    mechanism: [
      'Few merchants went the whole way; goods changed hands in oasis towns, and each trader added a margin.',
      'Light and precious wares dominated, since a camel carries little and the journey was long and risky.',
    ],
    facts: [
      'The routes spanned about 6,500 kilometres, and a camel carried 150 to 200 kilograms.',
      'They flourished from about 130 BC until the 1450s, with long interruptions.',
    ],
    background: [
      'The envoy Zhang Qian opened the western route when the Han emperor sent him to find allies and horses.',
      'The name itself is young: the German geographer Ferdinand von Richthofen made it popular in 1877.',
    ],
    steps: [
      "Trace a route from Xi'an to the Mediterranean on a map.",
      'Mark the oases of Dunhuang, Kashgar, and Samarkand.',
      'Read one traveller, such as Xuanzang or Ibn Battuta.',
      'Follow one good, for example paper, through the centuries.',
    ],
    example: [
      'For example, paper travelled west after the battle of Talas in 751 and reached Baghdad within a few decades.',
    ],
    analogy: [
      'It worked like a relay race in which the baton is a bale of silk and every runner charges for the lap.',
    ],
    caveats: [
      'Sources are uneven, because sand preserved documents in some oases and damp destroyed them elsewhere.',
      'Picturing one paved road from China to Rome is the usual mistake.',
    ],
    anecdote: [
      'A bundle of letters found near Dunhuang holds the anger of a Sogdian wife whose merchant husband had left her unpaid.',
    ],
    comparison: [
      'Ships on the Indian Ocean carried far more weight than caravans, yet their story is less famous.',
    ],
    followUp: 'Are you drawn more to the goods, the religions, or the cities?',
  },
  {
    id: 'roman-concrete',
    domain: 'history',
    subject: 'Roman concrete',
    terms: ['concrete', 'volcanic ash', 'lime', 'Pantheon'],
    phrasings: [
      'Why has Roman concrete lasted so long?',
      'I stood under the dome of the Pantheon and could not believe it is nearly two thousand years old. How did they build it?',
      'What was special about Roman concrete?',
    ],
    answer:
      'Roman concrete lasts because volcanic ash reacts with lime into tough minerals, and because it carries no steel that could rust.',
    mechanism: [
      'Lumps of lime left in the mix dissolve when cracks let in water, and the crystals that form close the crack again.',
      'In harbours sea water fed the growth of rare minerals, so piers hardened over centuries instead of crumbling.',
    ],
    facts: [
      'The dome of the Pantheon spans 43.3 metres and is still the largest of unreinforced concrete.',
      'Its wall is 6.4 metres thick at the base and 1.2 metres at the opening on top.',
    ],
    background: [
      'Vitruvius praised the ash of Pozzuoli in the first century BC, and the cement type is called pozzolanic to this day.',
      'The recipe fell out of use in the Middle Ages, and comparable cement returned only in the eighteenth century.',
    ],
    steps: [
      'Look at the coffers, which save weight without losing strength.',
      'Find the change of stone from heavy basalt below to light pumice above.',
      'Stand in the middle and note the ring that closes the dome.',
      'Visit after rain to see the drains in the floor at work.',
    ],
    example: [
      "For example, harbour blocks at Caesarea still lie in the waves where Herod's builders sank them.",
    ],
    analogy: [
      'The material behaves like skin: small cuts close by themselves if there is enough moisture.',
    ],
    caveats: [
      'We see only the survivors, as countless poor Roman buildings collapsed long ago.',
      'Calling it better than modern concrete is misleading, since it hardens slowly and bears far less tension.',
    ],
    anecdote: [
      'A mason from Naples brings apprentices to the Pantheon and makes them guess its age with a hand on the wall.',
    ],
    comparison: [
      'Steel-reinforced concrete spans wider and sets faster, but its iron limits its life to a century or so.',
    ],
    followUp: 'Would you like to know how the dome was poured?',
  },
  {
    id: 'longitude-problem',
    domain: 'history',
    subject: 'the longitude problem',
    terms: ['longitude', 'chronometer', 'Harrison', 'ships'],
    phrasings: [
      'How did sailors learn to find their longitude?',
      'In Greenwich I saw the clocks by John Harrison. Why did a clock matter so much for ships?',
      'What was the longitude problem and who solved it?',
    ],
    answer:
      'Longitude at sea was solved by clocks that kept the time of the home port, because the difference to local noon gives the distance east or west.',
    mechanism: [
      'The Earth turns at a steady rate, so a difference in local time translates directly into degrees.',
      'Pendulums fail on a rolling deck, so Harrison balanced springs and joined metals that cancel changes of temperature.',
    ],
    facts: [
      'Four minutes of time equal 1 degree, which is 111 kilometres at the equator.',
      "Harrison's fourth timekeeper lost about 5 seconds on a voyage of 81 days to Jamaica.",
    ],
    background: [
      'Four British warships ran aground off Scilly in 1707, and Parliament offered a prize of 20,000 pounds in 1714.',
      'Astronomers preferred the position of the moon, and for decades both methods competed for the prize.',
    ],
    steps: [
      'Set one watch to the time of a known place.',
      'Find local noon from the shortest shadow of a stick.',
      'Subtract the earlier of the two times from the later.',
      'Multiply the hours by fifteen to get degrees.',
    ],
    example: [
      'For example, if the watch shows three in the afternoon in London at local noon, the ship is at 45 degrees west.',
    ],
    analogy: [
      'Carrying the time of home is like a thread in a labyrinth: its length tells how far one has gone.',
    ],
    caveats: [
      "Popular books make it a lone hero against villains, but the historians' picture is more balanced.",
      'Latitude is often confused with it, although latitude was easily read from the sun or the pole star.',
    ],
    anecdote: [
      'A museum guide winds a copy each morning before opening and says that she feels late on Sundays.',
    ],
    comparison: [
      'The lunar method needed only tables and patience, whereas the chronometer needed money and care.',
    ],
    followUp: 'Do you sail yourself, or was it the clocks that caught you?',
  },
  {
    id: 'rosetta-stone',
    domain: 'history',
    subject: 'the Rosetta Stone',
    terms: ['hieroglyphs', 'Champollion', 'Greek', 'decree'],
    phrasings: [
      'How was the Rosetta Stone used to read hieroglyphs?',
      'My museum group stops at the Rosetta Stone and I want to explain it in three minutes. What are the main points?',
      'Why is the Rosetta Stone famous?',
    ],
    answer:
      'The Rosetta Stone holds one decree in three scripts, and its Greek text gave scholars the key to Egyptian hieroglyphs.',
    mechanism: [
      'Royal names stood in ovals and sounded alike in all languages, so their signs revealed the first letters.',
      'Champollion knew Coptic, the last stage of Egyptian, and could thus recognise words behind the sounds.',
    ],
    facts: [
      'The stone weighs about 760 kilograms and carries a text from 196 BC.',
      "The decipherment took 23 years, from the find in 1799 to Champollion's letter in 1822.",
    ],
    background: [
      'French soldiers found it while strengthening a fort in the Nile delta, and it went to London under a treaty in 1801.',
      'The decree itself is dull: priests thank young King Ptolemy V for tax relief and grant him honours.',
    ],
    steps: [
      'Point out the three bands of script.',
      'Show an oval and read the name of Ptolemy aloud.',
      'Tell how Young and Champollion raced.',
      'End with the first sentence that could be read again.',
    ],
    example: [
      'For example, the lion sign stands for the sound L and occurs in the names of both Ptolemy and Cleopatra.',
    ],
    analogy: ['It was like finding the subtitles of a film whose language everyone had forgotten.'],
    caveats: [
      'Egypt has asked for the return of the stone, so a fair talk mentions how it came to London.',
      'Many believe that hieroglyphs are picture writing, although most signs stand for sounds.',
    ],
    anecdote: [
      'A schoolgirl once asked the guard whether the stone had a spell checker, and he has repeated it to visitors since.',
    ],
    comparison: [
      'Linear B was read without any bilingual text, which took longer and rested on statistics of signs.',
    ],
    followUp: 'How old are the people in your group?',
  },
  {
    id: 'industrial-revolution',
    domain: 'history',
    subject: 'the Industrial Revolution',
    terms: ['steam engine', 'coal', 'factories', 'Britain'],
    phrasings: [
      'Why did the Industrial Revolution start in Britain?',
      'I read that China and the Netherlands were just as rich in 1700. What did Britain have that they did not?',
      'What caused the Industrial Revolution?',
    ],
    answer:
      'Britain combined high wages with cheap coal, so machines that replaced labour by fuel paid off there before they did elsewhere.',
    mechanism: [
      'Early engines wasted so much fuel that only mines with free coal could use them, and there they were improved.',
      'Each machine created demand for the next: faster looms needed more yarn, and more yarn needed more power.',
    ],
    facts: [
      'Between 1750 and 1850 the population of England almost tripled, from about 6 to 17 million.',
      "Watt's engine needed some 75 percent less coal than Newcomen's of 1712.",
    ],
    background: [
      'Patents, canals, and a culture of tinkering clubs linked craftsmen with natural philosophers.',
      'Colonies and the slave trade supplied cotton, markets, and capital, a part that was long left out of the story.',
    ],
    steps: [
      'Compare wages and fuel prices in London and Beijing.',
      'Read about one industry, such as cotton, from start to end.',
      'Look at a map of coalfields beside a map of factories.',
      'Weigh two rival explanations against each other.',
    ],
    example: [
      "For example, Arkwright's mill at Cromford ran day and night by 1776 with hundreds of workers, many of them children.",
    ],
    analogy: [
      'It was like a fire that needs dry wood, a draught, and a spark at once; others had two of the three.',
    ],
    caveats: [
      'Historians still argue about the weight of each cause, so single answers deserve suspicion.',
      'It is a mistake to imagine a sudden break, since output grew by barely two percent a year.',
    ],
    anecdote: [
      "A weaver's diary from Lancashire notes the price of oatmeal each week and mentions the new engine only once.",
    ],
    comparison: [
      'Belgium followed early with coal of its own, whereas the Netherlands had peat and stayed with trade.',
    ],
    followUp: 'Which explanation have you found most convincing so far?',
  },
  {
    id: 'black-death',
    domain: 'history',
    subject: 'the Black Death',
    terms: ['plague', 'fleas', 'quarantine', 'wages'],
    phrasings: [
      'What was the Black Death and how did it change Europe?',
      'While researching my family village I found that it was abandoned around 1350. Could the plague be the reason?',
      'How did the plague spread so fast in the fourteenth century?',
    ],
    answer:
      'The Black Death was a plague epidemic that killed a third or more of Europe and left survivors with scarcer labour and higher wages.',
    mechanism: [
      'The bacterium Yersinia pestis lives in fleas and rodents, and the lung form passes directly between people.',
      'With few hands left, workers could bargain, and many lords gave up old duties to keep their tenants.',
    ],
    facts: [
      'Between 1347 and 1351 it killed 30 to 50 percent of the people of Europe.',
      'English farm wages rose by about 50 percent within a generation, despite a law of 1351 against it.',
    ],
    background: [
      'Ships from the Black Sea brought it to Messina in the autumn of 1347.',
      'Ragusa, today Dubrovnik, ordered the first isolation of arrivals in 1377, and a later term of forty days gave quarantine its name.',
    ],
    steps: [
      'Check tax rolls from before and after 1349.',
      'Look for new names of tenants in manor records.',
      'Ask the local archive about deserted villages.',
      'Compare with sheep farming, another frequent cause.',
    ],
    example: [
      'For example, many English villages shrank slowly after 1350 and vanished only when the fields became pasture.',
    ],
    analogy: [
      'For the economy it was like losing every third player of an orchestra: the rest could name their fee.',
    ],
    caveats: [
      'Numbers are estimates, because parish registers did not yet exist in most places.',
      'The doctor with the beaked mask is often shown, yet he belongs to the seventeenth century.',
    ],
    anecdote: [
      'A monk in Kilkenny left blank parchment at the end of his chronicle in case any child of Adam should survive to continue it.',
    ],
    comparison: [
      'The flu of 1918 killed more people in all, but a far smaller share of those alive.',
    ],
    followUp: 'Where does your family village lie?',
  },
  {
    id: 'great-wall',
    domain: 'history',
    subject: 'the Great Wall of China',
    terms: ['Great Wall', 'Ming', 'watchtowers', 'frontier'],
    phrasings: [
      'Why was the Great Wall of China built?',
      'We visit Beijing in May and wonder which part of the wall to see, and what it was really for. Can you tell us?',
      'Did the Great Wall of China actually work?',
    ],
    answer:
      'The Great Wall was built over centuries to control a frontier: to slow raids, to send signals, and to tax and watch who crossed.',
    mechanism: [
      'Towers within sight of each other passed smoke by day and fire by night faster than any rider.',
      'The wall did not need to stop an army for ever; delaying horsemen gave the garrisons time to gather.',
    ],
    facts: [
      'A survey of 2012 counted 21,196 kilometres for the walls of all dynasties together.',
      'The Ming walls alone measure about 8,850 kilometres and stand 6 to 8 metres high near Beijing.',
    ],
    background: [
      'The first emperor joined older walls of packed earth after 221 BC, and little of that line remains.',
      'Most of what visitors see is brick and stone from the Ming dynasty, built after 1449 in fear of the Mongols.',
    ],
    steps: [
      'Choose Mutianyu for restored walls with fewer visitors.',
      'Leave the city before eight in the morning.',
      'Take good shoes, water, and a wind jacket.',
      'Walk away from the cable car to find quiet towers.',
    ],
    example: [
      'For example, the beacon code of the Ming used one smoke for a hundred enemies and five for more than ten thousand.',
    ],
    analogy: [
      'The wall was like a fence around a field with a gate: useful daily, and no match for a bulldozer.',
    ],
    caveats: [
      'Wild sections can be unsafe and are partly closed, so check locally before a hike.',
      'That it can be seen from the moon is a stubborn mistake, for it is long but very narrow.',
    ],
    anecdote: [
      'A tea seller near Jinshanling climbs nine hundred steps each day and greets hikers with the forecast.',
    ],
    comparison: [
      "Hadrian's Wall served the same purpose, but it was finished in a decade and is roughly a hundred times shorter.",
    ],
    followUp: 'Do you prefer an easy visit or a long hike?',
  },
]
