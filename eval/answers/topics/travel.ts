/** Topics about travel, the outdoors and everyday skills. */
import type { Topic } from './topic.ts'

export const TRAVEL: readonly Topic[] = [
  {
    id: 'packing-light',
    domain: 'travel',
    subject: 'packing light',
    terms: ['carry-on', 'layers', 'packing', 'laundry'],
    phrasings: [
      'How do I pack for two weeks with only a carry-on?',
      'I am flying to Scotland for ten days in May, with hiking and one nice dinner, and want only hand luggage. What do I take?',
      'What are the best tricks for packing light?',
    ],
    answer:
      'Pack for five days, wash once, choose layers that all go together, and wear the heaviest things on the plane.',
    mechanism: [
      'Clothes that match in colour multiply into outfits, while each single piece that fits only one use is dead weight.',
      'Thin layers trap air between them and adapt to more weather than one thick jacket.',
    ],
    facts: [
      'Five tops and 3 bottoms that match give 15 outfits.',
      'Many airlines allow 55 by 40 by 20 centimetres and 8 to 10 kilograms, liquids up to 100 millilitres each.',
    ],
    background: [
      'Wheels were first fitted to suitcases in the early 1970s, and the upright trolley followed in 1987, thanks to a pilot.',
      'Victorian travellers took trunks because porters carried them, which no airline includes any more.',
    ],
    steps: [
      'Lay everything out and remove a third of it.',
      'Roll soft clothes and fill shoes with socks.',
      'Put liquids and documents on top.',
      'Leave a little space for the way back.',
    ],
    example: [
      'For example, one dark merino shirt serves on the trail by day and under a jacket at the dinner.',
    ],
    analogy: [
      'A good bag is like a small kitchen: few ingredients, but every one goes with the others.',
    ],
    caveats: [
      'Check the size rules of each airline, because budget carriers measure at the gate.',
      'Packing for every possible event is the usual mistake, as most things can be bought on the way.',
    ],
    anecdote: [
      'A cellist on tour lives from a lunch bag, since the second seat and all her patience go to the cello.',
    ],
    comparison: [
      'Checked bags allow more, whereas hand luggage saves an hour at each airport and cannot get lost.',
    ],
    followUp: 'Which airline are you flying with, and how wet do you expect it to be?',
  },
  {
    id: 'jet-lag',
    domain: 'travel',
    subject: 'jet lag',
    terms: ['body clock', 'light', 'time zones', 'jet lag'],
    phrasings: [
      'How can I avoid jet lag?',
      'I fly from Frankfurt to Tokyo on a Friday and have to give a talk on Monday morning. How do I beat the jet lag?',
      'Why is jet lag worse when flying east?',
    ],
    answer:
      'Shift sleep a little before the flight, and after landing use light at the right hours, because light moves the body clock.',
    mechanism: [
      'Light late in the biological night pulls the clock earlier, while light in its evening pushes it later.',
      'The human clock runs slightly longer than a day, so stretching the day westward is easier than shortening it.',
    ],
    facts: [
      'The clock moves by about 1 hour a day, so 8 time zones may take a week.',
      'Half a milligram to 3 milligrams of melatonin at the new bedtime shorten the adjustment in trials.',
    ],
    background: [
      'The term appeared in 1966 in a newspaper that mocked the tired rich of the new jet age.',
      'Mairan noticed in 1729 that a mimosa opens its leaves on time even in a dark cupboard.',
    ],
    steps: [
      'Go to bed an hour earlier on the last three evenings.',
      'Set the watch to the new time on boarding.',
      'Avoid bright light in the first morning and seek it from late morning on.',
      'Nap for at most half an hour before three in the afternoon.',
    ],
    example: [
      'For example, a traveller landing in Tokyo at eight may wear sunglasses until eleven and then walk in a park.',
    ],
    analogy: ['The body clock is like a large ship: it turns, but only a few degrees at a time.'],
    caveats: [
      'Ask a doctor about melatonin together with other medicines, and test it before the trip.',
      'A long nap after arrival is the classic mistake, since it uses up the tiredness needed at night.',
    ],
    anecdote: [
      'A conductor schedules only Haydn on the first night abroad, because, he says, it wakes up by itself.',
    ],
    comparison: [
      'A night shift strains the clock in the same way, but without new daylight to help it along.',
    ],
    followUp: 'At what local time do you land?',
  },
  {
    id: 'rail-trip',
    domain: 'travel',
    subject: 'planning a rail trip',
    terms: ['train', 'rail pass', 'connections', 'reservation'],
    phrasings: [
      'How do I plan a train trip through several countries?',
      'We want to go from Vienna to Lisbon by train in September, with stops on the way and a child of six. How do we plan it?',
      'Is a rail pass worth it for a European trip?',
    ],
    answer:
      'Choose few stops, book the long fast legs early, leave an hour at big changes, and compare single tickets with a rail pass.',
    mechanism: [
      'Fast trains sell cheap seats first and raise the price as they fill, much as airlines do.',
      'Each extra stop costs half a day in packing, waiting, and finding a bed, so fewer stops give more holiday.',
    ],
    facts: [
      'Tickets open 2 to 6 months ahead, and early fares can be 60 percent lower.',
      'About 4 hours of train a day is a comfortable limit with small children.',
    ],
    background: [
      'The Interrail pass began in 1972 as an offer for one anniversary year and simply never stopped.',
      'Night trains nearly vanished after 2000, and new ones have been returning since about 2016.',
    ],
    steps: [
      'Draw the route with three or four overnight stops.',
      'Look up the fastest connection for each leg.',
      'Add up single fares and compare them with the pass and its fees.',
      'Reserve seats at a table and note the last train of each day.',
    ],
    example: [
      'For example, Vienna, Zurich, Barcelona, Madrid, and Lisbon can be done in nine relaxed days.',
    ],
    analogy: [
      'Planning legs is like cutting a cake: equal slices make everyone happier than one huge piece.',
    ],
    caveats: [
      'Spain and Portugal are poorly linked by rail, so a bus may be needed for one leg.',
      'Counting on short changes is a common mistake, and one delay then topples the whole day.',
    ],
    anecdote: [
      'A retired signalman plans routes for his entire street and accepts payment only in station biscuits.',
    ],
    comparison: [
      'A flight takes three hours instead of three days, but unlike the train it shows only clouds.',
    ],
    followUp: 'How many days do you have, and what does your child enjoy?',
  },
  {
    id: 'map-compass',
    domain: 'travel',
    subject: 'navigating with map and compass',
    terms: ['compass', 'bearing', 'contour lines', 'map'],
    phrasings: [
      'How do I navigate with a map and compass?',
      'My phone died on a foggy ridge last autumn, which scared me. What should I learn about map and compass before spring?',
      'How do contour lines and bearings work?',
    ],
    answer:
      'Turn the map until it matches the land, take a bearing to the next clear point, and walk from point to point.',
    mechanism: [
      'The needle follows the magnetic field, which points near the north of the map but not exactly to it.',
      'Contour lines join places of equal height, so lines close together mean steep ground.',
    ],
    facts: [
      'On a map of 1 to 25,000, 4 centimetres are 1 kilometre.',
      "Naismith's rule gives 1 hour for 5 kilometres and another for each 600 metres of climb.",
    ],
    background: [
      'Chinese sailors used magnetised needles by the eleventh century, and Europe learned of them a hundred years later.',
      'The flat compass with a turning dial was invented in the 1930s by Swedish orienteers.',
    ],
    steps: [
      'Lay the edge of the compass from here to the goal.',
      'Turn the dial until its lines match north on the map.',
      'Correct for the local declination.',
      'Hold the compass flat and turn around until the needle sits in the arrow.',
    ],
    example: [
      'For example, aim a little left of a bridge on purpose; at the stream it is then clear that one must go right.',
    ],
    analogy: [
      'Walking on a bearing is like crossing a pond on stones: look for the next one, not for the far shore.',
    ],
    caveats: [
      'Keep phones, magnets, and steel poles away from the needle, because they pull it aside.',
      'Trusting a feeling over the compass in fog is the mistake that rescue teams meet most often.',
    ],
    anecdote: [
      'Two sisters in Wales settle every quarrel by a compass race through the woods, and the loser cooks.',
    ],
    comparison: [
      'A satellite receiver is more exact, but unlike paper it can run empty just when clouds come down.',
    ],
    followUp: 'Which area do you want to walk in?',
  },
  {
    id: 'public-speaking',
    domain: 'travel',
    subject: 'public speaking',
    terms: ['audience', 'speech', 'pause', 'rehearse'],
    phrasings: [
      'How do I give a good speech?',
      'I am the best man at a wedding in three weeks and hate speaking in public. How do I prepare a short speech?',
      'What helps against nerves when speaking in public?',
    ],
    answer:
      'Decide on one message, build it around a story, rehearse aloud several times, and slow down with pauses.',
    mechanism: [
      'Fear readies the body for action, and practised first sentences carry a speaker until the pulse settles.',
      'Listeners cannot turn back a page, so repetition and pauses give them time to follow.',
    ],
    facts: [
      'A calm pace is 120 to 140 words a minute, so 4 minutes need about 500 words.',
      'In experiments listeners notice less than 50 percent of the nerves that speakers feel.',
    ],
    background: [
      'Demosthenes is said to have trained with pebbles in his mouth and against the noise of the sea.',
      'Greek teachers of rhetoric split a speech into parts that can still be found in most good toasts.',
    ],
    steps: [
      'Write down the one thing people should remember.',
      'Choose a story that shows it.',
      'Learn the first and the last sentence by heart.',
      'Rehearse standing up, with a timer and one friend.',
    ],
    example: [
      'For example, a toast can begin with how the couple lost their tent, and end with what that said about them.',
    ],
    analogy: [
      'A speech is like a guided walk: people enjoy the view once they know where it leads.',
    ],
    caveats: [
      'Ask the couple what is off limits, since a joke lives longer than the applause.',
      'Reading from full sheets is the usual mistake, because the eyes never leave the paper.',
    ],
    anecdote: [
      'A shy brother once spoke for only forty seconds, cried twice, and gave the toast that everyone remembers.',
    ],
    comparison: [
      'Notes with five words keep contact with the room, whereas a script is safer but sounds read.',
    ],
    followUp: 'What do you most want to say about the couple?',
  },
  {
    id: 'moving-house',
    domain: 'travel',
    subject: 'moving house',
    terms: ['boxes', 'move', 'checklist', 'van'],
    phrasings: [
      'How do I organize moving to a new flat?',
      'In five weeks we move across town with two cats and a piano, and I do not know where to start. Can you help?',
      'What is a good checklist for moving house?',
    ],
    answer:
      'Start five weeks ahead, give things away before packing, label boxes by room, and keep a bag for the first night.',
    mechanism: [
      'Most stress comes from many small decisions on one day, so each one taken earlier lightens the last week.',
      'Sorting before packing pays twice, since unwanted things are neither carried down nor carried up.',
    ],
    facts: [
      'A flat of three rooms fills 50 to 70 boxes, and a box of books should stay below 20 kilograms.',
      'Two people pack about 10 boxes in an evening.',
    ],
    background: [
      'In New York nearly all leases once ended on the first of May, and the whole city moved on the same morning.',
      'Cardboard boxes became common only after 1900; before that, households moved in barrels, baskets, and trunks.',
    ],
    steps: [
      'Book the van, the piano movers, and helpers.',
      'Sort one room each week and give away what is not needed.',
      'Pack seldom used things first and label two sides.',
      'Photograph the meters and the empty rooms at the end.',
    ],
    example: [
      'For example, a bag with sheets, kettle, chargers, tools, and cat food makes the first evening bearable.',
    ],
    analogy: [
      'A move is like conducting an orchestra: nobody has to play everything, but someone must give the cues.',
    ],
    caveats: [
      'Leave the piano to specialists, because its weight breaks stairs and backs alike.',
      'Filling large boxes with books is the classic mistake, and the bottoms give way on the stairs.',
    ],
    anecdote: [
      'One family paid its helpers with a pancake party on the bare floor, and half the guests had never met before.',
    ],
    comparison: [
      'A moving company costs more than a rented van, but it brings insurance and ends the day by noon.',
    ],
    followUp: 'Which floor do you leave, and which do you move to?',
  },
  {
    id: 'adopting-dog',
    domain: 'travel',
    subject: 'adopting a dog',
    terms: ['dog', 'shelter', 'training', 'routine'],
    phrasings: [
      'What should I know before adopting a dog from a shelter?',
      'We both work half days and found a shy three-year-old dog in the shelter. How do we make the first weeks go well?',
      'How long does a shelter dog need to settle in?',
    ],
    answer:
      'Give a shelter dog calm, a fixed routine, and time, and reward good behaviour instead of punishing the bad.',
    mechanism: [
      'Stress hormones take days to fall after a change of home, and only then does a dog learn easily.',
      'Rewarded behaviour grows more frequent, while punishment mainly teaches a dog to fear the person.',
    ],
    facts: [
      'Many trainers speak of 3 days to arrive, 3 weeks to learn the routine, and 3 months to feel at home.',
      'Food, vet, and insurance cost roughly 1,000 to 2,000 a year for a dog of medium size.',
    ],
    background: [
      'Dogs descend from wolves and joined people at least fifteen thousand years ago, before any farm existed.',
      'London opened one of the first homes for lost dogs in 1860, to the amusement of the press.',
    ],
    steps: [
      'Visit the dog several times and walk together.',
      'Prepare a quiet place to sleep that no one disturbs.',
      'Keep the same times for food and walks.',
      'Practise being alone in steps of a few minutes.',
    ],
    example: [
      'For example, a shy dog may spend the first evening under the table, and that is a perfectly good start.',
    ],
    analogy: [
      'The first weeks are like a stay abroad: everything smells strange, and small habits make it home.',
    ],
    caveats: [
      'Shelters cannot know everything, so keep the lead on until recall is reliable.',
      'Inviting all friends on the first weekend is a common mistake that overwhelms even bold dogs.',
    ],
    anecdote: [
      'A bookbinder read aloud to his frightened hound each night, and by the second novel she lay on his feet.',
    ],
    comparison: [
      'A puppy can be shaped from the start, whereas an adult dog shows at once who it is.',
    ],
    followUp: 'How does the dog behave with you at the shelter?',
  },
  {
    id: 'first-aid-burns',
    domain: 'travel',
    subject: 'treating small burns',
    terms: ['burn', 'cool water', 'blister', 'skin'],
    phrasings: [
      'What is the right first aid for a small burn?',
      'I touched a hot baking tray and have a red stripe on my hand with a small blister. What should I do now?',
      'Why should I cool a burn, and for how long?',
    ],
    answer:
      'Cool a small burn at once under lukewarm running water, cover it loosely, and leave the blister closed.',
    mechanism: [
      'Heat stays in the tissue and goes on damaging deeper skin, so cooling limits the depth of the wound.',
      'The roof of a blister is a sterile dressing made by the body and keeps germs out.',
    ],
    facts: [
      'Cooling for 10 to 20 minutes at 15 to 20 °C helps, even up to 3 hours after the accident.',
      'The palm of a hand with fingers is about 1 percent of the surface of the body, a useful measure.',
    ],
    background: [
      'Folk medicine put butter, egg white, or flour on burns, all of which hold in heat and feed bacteria.',
      'Modern care of burns grew after a nightclub fire in Boston in 1942, where new dressings were tried.',
    ],
    steps: [
      'Take off rings and watches before swelling begins.',
      'Hold the spot under running water.',
      'Cover it with a clean dressing that does not stick.',
      'Take a mild painkiller if needed and check the spot each day.',
    ],
    example: [
      'For example, a red stripe from a baking tray with a small blister usually heals in one to two weeks.',
    ],
    analogy: [
      'Cooling is like taking a pot from the stove and into cold water: otherwise it simmers on.',
    ],
    caveats: [
      'See a doctor for burns on the face, hands, or joints that are larger than a coin, and for any deep or white burn.',
      'Ice is a frequent mistake, because it constricts vessels and can freeze the injured skin.',
    ],
    anecdote: [
      'A pastry school hangs a kitchen timer by the sink, and every apprentice knows its twenty minute tune.',
    ],
    comparison: [
      'A sunburn covers more skin but is mostly shallow, whereas a hot tray burns a small place deeply.',
    ],
    followUp: 'How large is the blister, and where exactly is it?',
  },
]
