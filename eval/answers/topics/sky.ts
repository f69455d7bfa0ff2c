/** Topics about astronomy, weather and the physics of the sky. */
import type { Topic } from './topic.ts'

export const SKY: readonly Topic[] = [
  {
    id: 'moon-phases',
    domain: 'sky',
    subject: 'the phases of the moon',
    terms: ['moon', 'sunlight', 'orbit', 'full moon'],
    phrasings: [
      'Why does the moon have phases?',
      'My son thinks the shadow of the Earth makes the crescent moon. Is that right, and how do I explain it?',
      'How do the phases of the moon come about?',
    ],
    answer:
      'The moon has phases because the sun always lights one half of it, and we see a changing part of that half during its orbit.',
    mechanism: [
      'When the moon stands between us and the sun, its lit side faces away, and when it stands opposite, it faces us fully.',
      'The boundary between day and night moves across the disc as the angle between sun, moon, and Earth changes.',
    ],
    facts: [
      'A full cycle from new moon to new moon takes 29.5 days.',
      'The moon rises about 50 minutes later each day.',
    ],
    background: [
      'Anaxagoras explained in the fifth century BC that the moon shines with borrowed light, and Athens tried him for impiety.',
      'Calendars from Babylon to China began each month with the first thin crescent after sunset.',
    ],
    steps: [
      'Darken a room and switch on a single lamp without a shade.',
      'Hold a ball at arm length, a little above the head.',
      'Turn slowly on the spot and watch the lit part of the ball.',
      'Stop at each quarter turn and name the phase.',
    ],
    example: [
      'For example, a half moon high in the south at sunset is at first quarter, and it will set around midnight.',
    ],
    analogy: [
      'It is like walking around a statue lit by one street lamp: the light stays, and only the view changes.',
    ],
    caveats: [
      'South of the equator the moon grows from left to right, so drawings from the north look mirrored there.',
      'The most common mistake is to blame the shadow of the Earth, which causes only eclipses.',
    ],
    anecdote: [
      'A lighthouse keeper taught his children the phases with an orange and a candle, and ate the universe afterwards.',
    ],
    comparison: [
      'Venus shows phases as well, but unlike the moon it looks largest when it is a crescent.',
    ],
    followUp: 'Would a small experiment at home be useful for you?',
  },
  {
    id: 'seasons',
    domain: 'sky',
    subject: 'the seasons',
    terms: ['axis', 'tilt', 'hemisphere', 'sunlight'],
    phrasings: [
      'What causes the seasons?',
      'I always believed summer comes when the Earth is closest to the sun, but a friend says that is wrong. What is true?',
      'Why is it winter in Australia when it is summer in Europe?',
    ],
    answer:
      'The seasons come from the tilt of the axis of the Earth, which leans each hemisphere towards the sun for half of the year.',
    mechanism: [
      'A hemisphere that leans towards the sun receives its light at a steeper angle, so every square metre gets more energy.',
      'The days are longer as well, which gives the ground more hours to warm and fewer to cool.',
    ],
    facts: [
      'The axis is tilted by 23.4 degrees.',
      'The Earth is nearest to the sun in early January, at 147 million kilometres, and farthest in July, at 152 million.',
    ],
    background: [
      'Hipparchus measured the lengths of the seasons in the second century BC and found that they are not equal.',
      'Stone circles and passage tombs such as Newgrange were built to catch the sunrise at the winter solstice.',
    ],
    steps: [
      'Stick a skewer through an orange and lean it a little.',
      'Carry the orange around a lamp without changing the direction of the lean.',
      'Stop at four points and see which half is better lit.',
      'Compare how long a dot on the surface stays in the light.',
    ],
    example: [
      'For example, Oslo has nineteen hours of daylight in late June but only about six in late December.',
    ],
    analogy: [
      'Tilted light is like a torch held at an angle: the same beam spreads over a larger, dimmer patch.',
    ],
    caveats: [
      'Near the equator the tilt matters little, and people there speak of wet and dry seasons instead.',
      'A frequent mistake is to explain summer by distance, although both hemispheres share the same distance.',
    ],
    anecdote: [
      'An exchange student from Perth unpacked shorts in snowy Hamburg and still tells the story at every reunion.',
    ],
    comparison: [
      'Mars has a similar tilt and similar seasons, but each lasts nearly twice as long as here.',
    ],
    followUp: 'Is there a place or date you would like to compare?',
  },
  {
    id: 'tides',
    domain: 'sky',
    subject: 'ocean tides',
    terms: ['tides', 'gravity', 'moon', 'spring tide'],
    phrasings: [
      'What causes the tides?',
      'We are going to the coast of Brittany and the tide tables confuse me. Why are there two high tides a day?',
      'How do the moon and the sun make the sea rise and fall?',
    ],
    answer:
      'Tides arise because the gravity of the moon, helped by the sun, pulls more on the near side of the Earth than on the far side.',
    mechanism: [
      'The difference in pull stretches the oceans into two bulges, one below the moon and one on the opposite side.',
      'As the Earth turns, a coast passes through both bulges, and the shape of the basin decides how high the water climbs.',
    ],
    facts: [
      'High tides are about 12 hours and 25 minutes apart on most coasts.',
      'In the Bay of Fundy the range reaches 16 metres, while much of the Mediterranean moves less than 0.5.',
    ],
    background: [
      'Pytheas of Massalia linked the tides to the moon around 325 BC, after sailing to Britain.',
      'Newton gave the first physical explanation in 1687, and Laplace later added the motion of the water itself.',
    ],
    steps: [
      'Look up the tide table for the nearest harbour.',
      'Mark the times of low water, and plan beach walks around them.',
      'Check whether a spring tide is due near the new or full moon.',
      'Turn back well before the water starts to rise.',
    ],
    example: [
      'For example, Mont-Saint-Michel is an island at spring tide and stands in miles of sand six hours later.',
    ],
    analogy: [
      'The ocean in its basin is like water in a bathtub that is pushed gently and regularly, so it sloshes in rhythm.',
    ],
    caveats: [
      'Be careful on flat sands, where the tide can arrive faster than a person walks.',
      'Many books claim that the far bulge is flung out by rotation, which is a misleading picture.',
    ],
    anecdote: [
      'A baker in Saint-Malo sets her oven by the tide table, because the sailors come for bread when the harbour opens.',
    ],
    comparison: [
      'The sun is far heavier than the moon, yet because it is so distant its tide is less than half as strong.',
    ],
    followUp: 'Which stretch of coast are you going to visit?',
  },
  {
    id: 'rainbows',
    domain: 'sky',
    subject: 'rainbows',
    terms: ['raindrops', 'refraction', 'light', 'angle'],
    phrasings: [
      'How does a rainbow form?',
      'Yesterday I saw a double rainbow and the second one had its colours reversed. Why is that?',
      'Why is a rainbow always an arc, and where do I have to stand to see one?',
    ],
    answer:
      'A rainbow forms when sunlight enters raindrops, is reflected inside them, and leaves split into its colours at a fixed angle.',
    mechanism: [
      'Each colour bends by a slightly different amount in water, so red leaves the drop at a wider angle than blue.',
      'All drops that send red light to the eye lie on a circle around the point opposite the sun, hence the arc.',
    ],
    facts: [
      'The main bow appears about 42 degrees from the point opposite the sun, the second bow near 51 degrees.',
      'From the ground a rainbow is visible only while the sun is lower than 42 degrees.',
    ],
    background: [
      'Around 1307 Theodoric of Freiberg traced rays through a glass globe of water and found the reflection inside the drop.',
      'Descartes calculated the angle in 1637, and Newton added the explanation of the colours a generation later.',
    ],
    steps: [
      'Turn so that the sun is directly behind.',
      'Look for the shadow of the head, which marks the centre of the arc.',
      'Search along a circle well away from that point, where rain is still falling.',
      'Try a garden hose with a fine spray when no shower is near.',
    ],
    example: [
      'For example, an afternoon shower moving off to the east with the low sun in the west is the perfect stage.',
    ],
    analogy: [
      'Each drop is like a tiny mirror ball that throws red to one seat in the theatre and blue to the next.',
    ],
    caveats: [
      'No two people see exactly the same bow, because each pair of eyes collects light from other drops.',
      'It is a mistake to search for the foot of the arc, since it moves whenever the viewer moves.',
    ],
    anecdote: [
      'Two hikers in Skye chased one across a moor for an hour, then agreed that lunch was the better treasure.',
    ],
    comparison: [
      'Halos around the sun come from ice crystals and face the sun, whereas a rainbow stands opposite it.',
    ],
    followUp: 'Did you see it in the morning or towards evening?',
  },
  {
    id: 'thunderstorms',
    domain: 'sky',
    subject: 'lightning and thunder',
    terms: ['lightning', 'thunder', 'charge', 'storm'],
    phrasings: [
      'How does lightning work, and how far away is a storm?',
      'We were camping when a storm came up, and I was not sure whether the tent was safe. What should I know about lightning?',
      'What makes thunder, and why does it rumble?',
    ],
    answer:
      'Lightning is a giant spark between regions of opposite charge, and thunder is the shock wave of the air that it heats.',
    mechanism: [
      'Inside the cloud, soft hail and ice crystals collide in the updraft and separate charge, the bottom becoming negative.',
      'The channel heats air so fast that it expands explosively, and sound from its distant parts arrives later as rumbling.',
    ],
    facts: [
      'The channel reaches about 30,000 °C, five times the temperature of the surface of the sun.',
      'Three seconds between flash and thunder mean a distance of 1 kilometre.',
    ],
    background: [
      'Experiments in France in 1752 confirmed the idea of Benjamin Franklin that lightning is electrical.',
      'Sailors feared the glow of Saint Elmo on their masts, which we now know as a quiet discharge before a strike.',
    ],
    steps: [
      'Count the seconds between the flash and the thunder.',
      'Go indoors or into a car when the count is below thirty.',
      'Keep away from lone trees, ridges, and open water.',
      'Wait half an hour after the last thunder before going out again.',
    ],
    example: [
      'For example, a count of nine seconds places the storm about three kilometres away, which is far too close.',
    ],
    analogy: [
      'The storm cloud is like a woollen sock on a carpet, only the spark at the end is kilometres long.',
    ],
    caveats: [
      'A tent gives no protection, and neither does a shelter without walls.',
      'A dangerous mistake is to wait for rain, because lightning often strikes well ahead of it.',
    ],
    anecdote: [
      'A shepherd in the Pyrenees judges storms by his oldest ewe, who walks downhill long before the first drop.',
    ],
    comparison: [
      'Sheet lightning is only ordinary lightning hidden in cloud, while ball lightning remains rare and unexplained.',
    ],
    followUp: 'Do you mostly want to stay safe or understand the physics?',
  },
  {
    id: 'blue-sky',
    domain: 'sky',
    subject: 'the colour of the sky',
    terms: ['scattering', 'blue light', 'sunset', 'molecules'],
    phrasings: [
      'Why is the sky blue?',
      'During sunset over the lake the sky went from blue to orange to red. What is going on there?',
      'Why is the sky blue in daytime but red in the evening?',
    ],
    answer:
      'The sky is blue because molecules of air scatter blue light far more than red light, sending it to the eye from every direction.',
    mechanism: [
      'Molecules are much smaller than the waves of light, and such tiny targets deflect short waves the most.',
      'At sunset the light crosses a longer path, the blue has been scattered away, and red and orange remain.',
    ],
    facts: [
      'Blue light at 450 nanometres is scattered about 4 times as strongly as red light at 650.',
      'Near the horizon sunlight crosses roughly 38 times as much air as when it comes from straight above.',
    ],
    background: [
      'John Tyndall saw in the 1860s that fine particles in a glass tube glow blue from the side.',
      'Lord Rayleigh worked out the law in 1871, and the effect has carried his name ever since.',
    ],
    steps: [
      'Fill a clear glass with water and stir in a few drops of milk.',
      'Shine a white torch through it in a dark room.',
      'Look from the side and notice the bluish glow.',
      'Look straight through it towards the lamp and find the orange tint.',
    ],
    example: [
      'For example, distant mountains look blue for the same reason, as scattered light from the air in between covers them.',
    ],
    analogy: [
      'Blue light in air is like a ball in a pinball machine, bounced about until it comes from everywhere.',
    ],
    caveats: [
      'Violet is scattered even more, and only the response of our eyes makes the sum appear blue.',
      'It is often said that the sky mirrors the sea, but the truth is closer to the reverse.',
    ],
    anecdote: [
      'A painter in Cornwall mixed a new blue for each day of a year and never found two that matched.',
    ],
    comparison: [
      'On Mars fine dust reverses the pattern, so the day is butterscotch and the sunset is blue.',
    ],
    followUp: 'Would you like to try it with a glass of water at home?',
  },
  {
    id: 'stargazing-binoculars',
    domain: 'sky',
    subject: 'stargazing for beginners',
    terms: ['binoculars', 'night sky', 'dark', 'planets'],
    phrasings: [
      'How do I start stargazing without a telescope?',
      'I live near a mid-sized city, own old binoculars, and would like to learn the night sky this winter. Where should I begin?',
      'Are binoculars good enough for a beginner in astronomy?',
    ],
    answer:
      'Start with a dark spot, a star map, and simple binoculars, because learning the sky matters more than owning a telescope.',
    mechanism: [
      'In darkness the pupil opens and a light-sensitive pigment builds up, so the eye slowly becomes far more sensitive.',
      'Larger lenses gather more light, which is why binoculars show stars that the naked eye cannot.',
    ],
    facts: [
      'Eyes need 20 to 30 minutes to adapt fully to the dark.',
      'Binoculars marked 7x50 or 10x50 show around 100,000 stars from a dark site.',
    ],
    background: [
      'With a telescope weaker than many a birding scope, Galileo found the four large moons of Jupiter in 1610.',
      'Most star names are Arabic, since scholars in Baghdad and Isfahan kept and improved the old Greek catalogues.',
    ],
    steps: [
      'Pick a moonless night and a place away from street lamps.',
      'Find one bright pattern, such as Orion or the Plough.',
      'Hop from it to its neighbours with the help of a map.',
      'Lean on a fence or lie down to keep the view steady.',
    ],
    example: [
      'For example, the hazy patch below the belt of Orion turns into a glowing nebula in any pair of binoculars.',
    ],
    analogy: [
      'Learning the sky is like learning a city: a few landmarks first, then the streets in between.',
    ],
    caveats: [
      'Never point binoculars near the sun, because a moment is enough to damage the eye for good.',
      'A white phone screen is the classic spoiler, as it resets the adaptation of the eyes in a second.',
    ],
    anecdote: [
      'A bus driver from Graz learned the winter sky on his night breaks and now runs tours for his passengers.',
    ],
    comparison: [
      'A small telescope shows more detail, yet unlike binoculars it is slow to set up and shows a narrow field.',
    ],
    followUp: 'How dark is the sky where you live?',
  },
  {
    id: 'weather-fronts',
    domain: 'sky',
    subject: 'weather fronts and forecasts',
    terms: ['cold front', 'warm front', 'air pressure', 'clouds'],
    phrasings: [
      'What are weather fronts and how can I read them?',
      'I sail on weekends and see lines with triangles on the weather map. What do they tell me about the next hours?',
      'Explain cold fronts and warm fronts.',
    ],
    answer:
      'A weather front is the boundary between two masses of air, and its passage brings typical clouds, rain, and a turn of the wind.',
    mechanism: [
      'Cold air is denser and wedges under warm air, so a cold front lifts it steeply and builds towering clouds.',
      'Warm air glides slowly up over cold air at a warm front, which spreads a wide sheet of steady rain.',
    ],
    facts: [
      'Cold fronts often move at 40 to 60 kilometres per hour, warm fronts at about half of that.',
      'A fall of 3 hectopascals in 3 hours is a reliable sign of strong wind to come.',
    ],
    background: [
      'Meteorologists in Bergen coined the word during the First World War, borrowing it from the news of the battle lines.',
      'The first public storm warnings were telegraphed to British harbours by Robert FitzRoy in 1861.',
    ],
    steps: [
      'Find the low on the map and the fronts that trail from it.',
      'Note the direction in which the system moves.',
      'Watch the sky for thin high clouds that thicken from the west.',
      'Compare the barometer every three hours and reduce sail early.',
    ],
    example: [
      'For example, a veil of high cloud at noon, a halo, and rain by night is the signature of a warm front.',
    ],
    analogy: [
      'Fronts are like two crowds meeting at a door: one pushes under, the other climbs over, and there is turbulence.',
    ],
    caveats: [
      'Mountains and coasts bend fronts, so local forecasts deserve more trust than the symbols on a large map.',
      'Many beginners relax as the rain stops, although the gusts behind a cold front are often the worst.',
    ],
    anecdote: [
      'A ferry captain in the Baltic taps his brass barometer each morning, mostly, he admits, for the passengers.',
    ],
    comparison: [
      'A shower cell passes within an hour, whereas the rain of a warm front may last for half a day.',
    ],
    followUp: 'In which waters do you usually sail?',
  },
]
