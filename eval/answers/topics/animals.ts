/** Topics about animals. */
import type { Topic } from './topic.ts'

export const ANIMALS: readonly Topic[] = [
  {
    id: 'cat-purring',
    domain: 'animals',
    subject: 'why cats purr',
    terms: ['purr', 'larynx', 'kitten', 'cat'],
    phrasings: [
      'Why do cats purr?',
      'My old cat purrs at the vet although she is clearly scared. What does the purr mean and how should I read it?',
      'How does a cat make that purring sound?',
    ],
    answer:
      'Cats purr by making the folds of the larynx vibrate with every breath, most often when content, but also when in pain or afraid.',
    mechanism: [
      'Pads of tissue in the vocal folds let the larynx vibrate slowly and almost without effort, while breathing in as well as out.',
      'A kitten learns early that the purr keeps its mother close, and the grown animal goes on using it to ask and to calm.',
    ],
    facts: [
      'A purr lies between about 25 and 30 hertz, far lower than a meow.',
      'Kittens begin to purr when they are only a few days old, at roughly 100 grams of weight.',
    ],
    background: [
      'Cats moved in with farmers of the Near East some ten thousand years ago, when stored grain drew mice.',
      'In the nineteenth century zoologists sorted the cat family by whether its members roar or purr.',
    ],
    steps: [
      'Look at the ears and the tail first, since the sound alone says little.',
      'Offer a hand and wait for the cat to lean into it.',
      'Stop stroking when the tail begins to twitch.',
      'See a vet when a hiding or limping cat purrs and does not eat.',
    ],
    example: [
      'For example, a cat that purrs with a high, pleading note at dawn is usually asking for breakfast, not affection.',
    ],
    analogy: [
      'The purr is like a human smile: mostly pleasure, sometimes nerves, and now and then a request.',
    ],
    caveats: [
      'The claim that purring heals bones is a hypothesis, and nobody has shown it in living cats.',
      'A common mistake is to take a purring animal for a healthy one, although sick cats purr as well.',
    ],
    anecdote: [
      'A night nurse in Porto used to hold the phone to her tomcat so that her patients could fall asleep to his purr.',
    ],
    comparison: [
      'Lions and tigers roar but cannot purr in both directions of breath, whereas cheetahs and pumas purr like house cats.',
    ],
    followUp: 'When does your cat purr most?',
  },
  {
    id: 'octopus-minds',
    domain: 'animals',
    subject: 'the intelligence of octopuses',
    terms: ['octopus', 'arms', 'neurons', 'suckers'],
    phrasings: [
      'How intelligent are octopuses?',
      'I watched an octopus open a jar at the aquarium and my son now wants to know how smart it is. What can I tell him?',
      'How does the mind of an octopus work if its arms think for themselves?',
    ],
    answer:
      'An octopus solves puzzles, remembers places and faces, and plays, with a brain built on a plan quite unlike that of vertebrates.',
    mechanism: [
      'Most of its neurons sit in the arms, so that each arm can taste, grip, and decide on small movements by itself.',
      'Without a shell or bones the octopus lives by wits and disguise, which favoured a large brain over millions of years.',
    ],
    facts: [
      'A common octopus has about 500 million neurons, and two thirds of them lie in its 8 arms.',
      'Most species live only 1 to 2 years, and the giant Pacific octopus 3 to 5 years.',
    ],
    background: [
      'The last ancestor that we share with the octopus was a simple worm that lived more than half a billion years ago.',
      'Aristotle called the animal stupid because it swam up to a hand in the water, which today looks like curiosity.',
    ],
    steps: [
      'Watch it at feeding time, when it is most active.',
      'Keep still in front of the glass and let it come.',
      'Follow a single arm and see what it does on its own.',
      'Ask the keepers which toys and locks it has learned to open.',
    ],
    example: [
      'For example, an octopus in New Zealand slipped out of its tank one night, crossed the floor, and left through a drain to the sea.',
    ],
    analogy: [
      'It is like a band with eight players and one conductor, who calls the tune but does not name every note.',
    ],
    caveats: [
      'Comparing it with the cleverness of a dog or child says little, because its senses and needs are so different.',
      'Tests in a bare tank underrate the animal, since a bored octopus stops taking part.',
    ],
    anecdote: [
      'A student swore that one octopus squirted only her with water, every single morning, and never her colleagues.',
    ],
    comparison: [
      'Squid and cuttlefish are close relatives with large brains too, yet they hunt in open water and handle objects less.',
    ],
    followUp: 'How old is the person who wants to know?',
  },
  {
    id: 'ant-colonies',
    domain: 'animals',
    subject: 'how ant colonies organize themselves',
    terms: ['ants', 'colony', 'trail', 'queen'],
    phrasings: [
      'How do ants know what to do without a leader?',
      'A line of ants runs through my kitchen every May. How do they organize that, and how can I make them leave?',
      'How does an ant colony organize itself and find the shortest path to food?',
    ],
    answer:
      'Ants follow simple rules and each other, above all by scent, and the order of the colony arises from thousands of small encounters.',
    mechanism: [
      'An ant that returns with food lays a trail of scent, and since short ways are walked more often, their scent grows strongest.',
      'The queen gives no orders: she lays eggs, while each worker reacts to what its neighbours are doing.',
    ],
    facts: [
      'A colony of black garden ants holds about 5,000 to 15,000 workers, and a queen has lived for 28 years in a laboratory.',
      'An ant can carry 10 to 50 times its own weight.',
    ],
    background: [
      'Ants have existed for well over a hundred million years and saw the last dinosaurs.',
      'In the 1990s engineers borrowed the trick of the trail for planning routes of lorries and phone calls.',
    ],
    steps: [
      'Find the spot where the trail enters the house.',
      'Wash the trail away with soapy water or vinegar.',
      'Close the crack with putty or tape.',
      'Store sugar and fruit in closed jars for two weeks.',
    ],
    example: [
      'For example, when two bridges of unequal length lead to food, nearly all traffic is on the shorter one within minutes.',
    ],
    analogy: [
      'The trail works like a footpath across a lawn: everyone who takes it makes it plainer for the next.',
    ],
    caveats: [
      'Spraying the visible ants rarely helps, because most of the colony never leaves the nest.',
      'Leave large ants that come out of wooden beams to a professional, as they may be nesting in damp timber.',
    ],
    anecdote: [
      'A retired engineer kept a colony in a glass box on his desk and gave up computer games for good.',
    ],
    comparison: [
      'Honeybees point to food by dancing, whereas ants write the way on the ground itself.',
    ],
    followUp: 'Where do the ants enter your kitchen?',
  },
  {
    id: 'dog-nose',
    domain: 'animals',
    subject: "a dog's sense of smell",
    terms: ['scent', 'nose', 'receptors', 'dog'],
    phrasings: [
      "How good is a dog's sense of smell?",
      'My beagle stops at every lamp post for minutes. What does he smell there, and should I let him?',
      'How can a dog follow a scent that is hours old?',
    ],
    answer:
      'A dog detects odours at a tiny fraction of the strength that we need, and it tells apart who left them and how long ago.',
    mechanism: [
      'The nose parts the air into two streams, one for breathing and one that passes over folds packed with receptors.',
      'The slits at the side of the nose blow used air backwards, so that fresh scent keeps coming in while the dog sniffs.',
    ],
    facts: [
      'Dogs have up to 300 million smell receptors, humans about 6 million.',
      'A sniffing dog draws in air about 5 times per second.',
    ],
    background: [
      'Tracking dogs appear on reliefs from Assyria, and the bloodhound was bred by monks in the Ardennes.',
      'During the twentieth century dogs learned to search for mines, drugs, survivors, and finally diseases.',
    ],
    steps: [
      'Give the walk ten minutes in which the dog chooses where to sniff.',
      'Use a long lead, and stand still as long as the nose is busy.',
      'Hide a few treats in the grass and let the dog search.',
      'Praise quietly, for excitement makes a dog pant instead of sniff.',
    ],
    example: [
      'For example, a trained dog can tell which way a person walked from the slight change of scent over five footsteps.',
    ],
    analogy: ['A lamp post is like a village notice board, read anew and signed every day.'],
    caveats: [
      'Heat, panting, and a dry nose cut the performance, so even a trained dog needs breaks and water.',
      'A common mistake is to pull the animal onward all the time, which makes the walk exercise without interest.',
    ],
    anecdote: [
      'A truffle hunter in Umbria insists that his mongrel sulks for a day whenever she is led past a good oak.',
    ],
    comparison: [
      'Cats smell less keenly than dogs but far better than people, while bears surpass them all.',
    ],
    followUp: 'How long are your usual walks?',
  },
  {
    id: 'hibernation',
    domain: 'animals',
    subject: 'hibernation',
    terms: ['hibernation', 'fat', 'body temperature', 'winter'],
    phrasings: [
      'What happens to animals during hibernation?',
      'I found a hedgehog curled up in our garden shed in November. Is it hibernating, and what should I do with it?',
      'Why do some animals hibernate while others stay active all winter?',
    ],
    answer:
      'In hibernation an animal turns its metabolism down to a few percent and lives on its fat until food returns.',
    mechanism: [
      'The set point of the body temperature drops, and heartbeat, breath, and the use of fat slow down with it.',
      'A special brown fat works as a heater that wakes the animal every few weeks, for reasons not fully known.',
    ],
    facts: [
      'A hedgehog cools from 35 to about 5 °C, and its heart slows from 190 to 20 beats per minute.',
      'Hibernators lose 20 to 40 percent of their weight before spring.',
    ],
    background: [
      'Aristotle believed that swallows spend the winter in holes, and the idea lasted until the eighteenth century.',
      'In 2004 a lemur of Madagascar turned out to hibernate in tree holes, the first primate known to do so.',
    ],
    steps: [
      'Leave a curled, cool animal where it is and keep the place quiet.',
      'Put dry leaves nearby as material for a nest.',
      'Set out a bowl of water and some cat food if it walks about in daylight.',
      'Call a rescue station when a young one looks thin.',
    ],
    example: [
      'For example, an edible dormouse sleeps for seven months or more and has earned its name of seven-sleeper in German.',
    ],
    analogy: [
      'It is like closing a hotel for the season: the heating is set to the minimum and one watchman stays awake.',
    ],
    caveats: [
      'Do not warm up a hibernating animal, because each awakening costs it days of its reserves.',
      'Milk gives hedgehogs diarrhoea, so keep it out of the bowl.',
    ],
    anecdote: [
      'A caretaker in Graz kept his boiler room unlocked for eleven winters because a colony of bats had signed no lease.',
    ],
    comparison: [
      'Bears only doze at a body temperature a few degrees below normal, whereas ground squirrels cool to freezing point.',
    ],
    followUp: 'How big is the animal, and does it move?',
  },
  {
    id: 'bat-echolocation',
    domain: 'animals',
    subject: 'how bats find their way',
    terms: ['bats', 'echo', 'calls', 'insects'],
    phrasings: [
      'How do bats find their way in the dark?',
      'Bats circle around our terrace on summer evenings. How do they avoid hitting us, and how can we help them stay?',
      'How does echolocation work?',
    ],
    answer:
      'Bats send out very high calls and build a picture of their surroundings from the echo that each object throws back.',
    mechanism: [
      'The delay of the echo tells the distance, and the difference between the two ears tells the direction.',
      'Close to their prey, bats speed up their calls into a buzz, so that the picture is renewed ever faster.',
    ],
    facts: [
      'Most calls lie between 20 and 110 kilohertz, above the limit of human hearing.',
      'A pipistrelle weighs about 5 grams and eats up to 3,000 small insects in a night.',
    ],
    background: [
      'Lazzaro Spallanzani showed in the 1790s that blinded bats fly well and deaf ones do not, but nobody could say why.',
      'Donald Griffin recorded the inaudible calls in 1938 as a student and later coined the word echolocation.',
    ],
    steps: [
      'Turn the garden lights off when nobody needs them.',
      'Plant flowers that open at dusk and draw moths.',
      'Hang a flat wooden bat box four metres high, facing south-east.',
      'Leave old trees with holes standing where that is safe.',
    ],
    example: [
      'For example, a bat in a dark room full of threads as thin as a hair flies between them without touching one.',
    ],
    analogy: [
      'It is like clapping in a cathedral and drawing the pillars from the sound, many times every second.',
    ],
    caveats: [
      'Never touch a bat with bare hands, because a few of them carry rabies.',
      'Closing a roof in June can lock in the young, so builders should ask for the season of breeding first.',
    ],
    anecdote: [
      'A choir in Wells rehearses with the window open in May, and its altos claim that the bats prefer them.',
    ],
    comparison: [
      'Dolphins use the same principle in water, where sound runs more than four times as fast, while fruit bats mostly rely on their eyes.',
    ],
    followUp: 'At what time do the bats appear at your place?',
  },
  {
    id: 'spider-silk',
    domain: 'animals',
    subject: 'spider webs',
    terms: ['web', 'silk', 'spider', 'threads'],
    phrasings: [
      'How does a spider build its web?',
      'A big garden spider spins a new web across our door every night. How does she do it so fast, and can I move her?',
      'Why is spider silk so strong?',
    ],
    answer:
      'A spider presses liquid proteins through tiny nozzles, draws them into solid silk, and weaves threads of several kinds into a web.',
    mechanism: [
      'As the silk is pulled, its proteins line up into small crystals joined by loose chains, so it is both strong and stretchy.',
      'The spokes carry the load and pass on vibrations, while the spiral is sticky and catches the prey.',
    ],
    facts: [
      'A garden spider uses about 20 metres of silk and needs less than 1 hour for a web.',
      'Dragline silk stretches by 30 percent before it breaks and weighs 6 times less than steel.',
    ],
    background: [
      'Ancient Greeks laid cobwebs on wounds, and fishermen of the Solomon Islands used them as lures.',
      'In 2009 a golden cloth was shown in New York that had taken the silk of more than a million Malagasy spiders.',
    ],
    steps: [
      'Wait until evening, when the spider sits near the middle.',
      'Hold a glass over her and slide a card behind it.',
      'Carry her to a bush ten metres away.',
      'Remove the last threads at the door so that she does not return to them.',
    ],
    example: [
      'For example, many orb weavers eat the old web before dawn and spin the same protein again the next day.',
    ],
    analogy: [
      'The web is like a doorbell with thirty wires: the spider knows from the trembling who has called, and where.',
    ],
    caveats: [
      'Silk is not stronger than every steel, and figures differ widely between species and even between threads.',
      'Do not judge a spider by its size, since nearly all large house spiders are harmless to people.',
    ],
    anecdote: [
      'A postman in Devon delivered to the back door for a whole September, out of respect for the web at the front.',
    ],
    comparison: [
      'Silkworms produce one kind of fibre for one cocoon, while a single spider makes up to seven kinds for different tasks.',
    ],
    followUp: 'Is the web at a place that you walk through?',
  },
  {
    id: 'whale-songs',
    domain: 'animals',
    subject: 'the songs of whales',
    terms: ['whales', 'song', 'sound', 'ocean'],
    phrasings: [
      'Why do whales sing?',
      'We are going whale watching in Iceland with the children. What should we know about whales and the sounds they make?',
      'How far does the song of a whale travel under water?',
    ],
    answer:
      'Whales sing to be heard over great distances, and among humpbacks it is the males who sing, mostly in the season of courtship.',
    mechanism: [
      'Air is pushed past folds of the larynx into a closed sac and used again, so no bubble leaves the singing whale.',
      'Low sound is hardly weakened by water, and a layer of the deep ocean guides it like a pipe.',
    ],
    facts: [
      'A humpback song lasts 10 to 20 minutes and may be repeated for more than 20 hours.',
      'Blue whales call at about 15 to 20 hertz, and the calls have been picked up 1,000 kilometres away.',
    ],
    background: [
      'Roger Payne published recordings of whales in 1970, and the record helped to start the campaign against whaling.',
      'Sailors had heard the strange notes through wooden hulls for centuries and blamed them on ghosts.',
    ],
    steps: [
      'Choose an operator who keeps the engine low and the distance long.',
      'Bring warm layers and medicine against seasickness.',
      'Scan the horizon for a blow, which stands in the air for seconds.',
      'Ask whether the boat carries an underwater microphone.',
    ],
    example: [
      'For example, a new tune from the east of Australia spread from group to group until it reached French Polynesia two years later.',
    ],
    analogy: [
      'Their songs change like hits on the radio: everyone sings the new one, and the old one is forgotten.',
    ],
    caveats: [
      'Ship noise covers much of what whales can hear, and loud sonar has driven some kinds onto beaches.',
      'What the songs mean is still open, because listeners rarely react in a way that can be seen from above.',
    ],
    anecdote: [
      'A cellist once played from a small boat off Hawaii, and a humpback stayed below her for the whole suite.',
    ],
    comparison: [
      'Toothed whales such as sperm whales click rather than sing, and each clan has its own rhythm of clicks.',
    ],
    followUp: 'In which month are you travelling?',
  },
]
