/** Topics about home repair, tools and bicycles. */
import type { Topic } from './topic.ts'

export const HOME: readonly Topic[] = [
  {
    id: 'clogged-drain',
    domain: 'home',
    subject: 'unclogging a drain',
    terms: ['drain', 'plunger', 'trap', 'hair'],
    phrasings: [
      'How do I unclog a sink without chemicals?',
      'The bathroom sink drains slower every week and I do not want to pour acid into it. What can I try first?',
      'What usually causes a blocked drain?',
    ],
    answer:
      'Most slow drains clear with a plunger, a plastic hair hook, or a cleaned trap, so chemicals are rarely needed.',
    mechanism: [
      'Hair forms a net, soap and grease stick to it, and the opening narrows until water backs up.',
      'A plunger works because water hardly compresses, so each stroke pushes and pulls directly at the plug.',
    ],
    facts: [
      'About 15 to 20 firm strokes are a fair try, with the overflow closed by a wet cloth.',
      'The bend under a sink holds 5 to 10 centimetres of water that keep sewer gas out.',
    ],
    background: [
      'Alexander Cumming patented the bent pipe in 1775, and it made indoor toilets bearable for the first time.',
      'Roman cities cleaned their sewers with the overflow of public baths, which ran day and night.',
    ],
    steps: [
      'Pull out the stopper and remove visible hair.',
      'Fill the basin a hand deep and work the plunger.',
      'Set a bucket below and unscrew the trap.',
      'Rinse it, screw it back, and check for drips.',
    ],
    example: [
      'For example, a notched plastic strip from the hardware shop often brings up a year of hair in one pull.',
    ],
    analogy: [
      'A clog is like a beaver dam: pull out the twigs that hold it, and the water does the rest.',
    ],
    caveats: [
      'Never mix drain cleaners, since some pairs release poisonous gas.',
      'Pouring in caustic before opening the trap is a painful mistake, because it waits there for bare hands.',
    ],
    anecdote: [
      'A landlord in Turin found three rings in one trap, and each had been blamed on a different cleaner.',
    ],
    comparison: [
      'Baking soda and vinegar fizz nicely, but unlike a plunger they hardly move a solid plug.',
    ],
    followUp: 'Is only one sink slow, or several at once?',
  },
  {
    id: 'bike-chain',
    domain: 'home',
    subject: 'bicycle chain care',
    terms: ['chain', 'lubricant', 'sprockets', 'wear'],
    phrasings: [
      'How do I clean and oil my bicycle chain?',
      'I commute by bike in all weather and my chain squeaks and looks black. How often should I take care of it, and how?',
      'Why does a worn bike chain matter?',
    ],
    answer:
      'Wipe the chain, put one drop of lubricant on each roller, and wipe off the rest, about every two hundred kilometres.',
    mechanism: [
      'Friction happens inside the rollers, so oil must creep in there, while oil on the outside only collects grit.',
      'As pins and bushings wear, the chain grows longer and climbs the teeth, which ruins the sprockets as well.',
    ],
    facts: [
      'A chain is due for replacement at 0.5 to 0.75 percent stretch, often after 3,000 to 5,000 kilometres.',
      'A clean chain passes on about 97 percent of the power, a dry dirty one several points less.',
    ],
    background: [
      'Hans Renold patented the bush roller chain in Manchester in 1880, and it made the modern bicycle possible.',
      'Before that, riders balanced on high wheels, because pedals drove the front axle directly.',
    ],
    steps: [
      'Shift to the small ring and turn the pedals backwards through a rag.',
      'Brush the sprockets with a little degreaser.',
      'Drop lubricant on the inside of the chain while turning slowly.',
      'Wait ten minutes and wipe the outside dry.',
    ],
    example: [
      'For example, a commuter with ten kilometres a day can wipe on Sundays and oil every third week.',
    ],
    analogy: [
      'A chain is like a row of tiny door hinges: what counts is oil in the pins, not on the paint.',
    ],
    caveats: [
      'Keep oil away from disc brakes, since even a trace makes them howl and slip.',
      'Spraying on more oil without wiping is the usual mistake, and it turns grit into grinding paste.',
    ],
    anecdote: [
      'A courier in Ghent names her chains after saints and buries each one in a flowerpot.',
    ],
    comparison: [
      'Wax stays cleaner than oil and runs quietly, but it needs a fully degreased chain and more frequent care.',
    ],
    followUp: 'How many kilometres do you ride each week?',
  },
  {
    id: 'flat-tyre',
    domain: 'home',
    subject: 'fixing a flat bicycle tyre',
    terms: ['inner tube', 'tyre', 'patch', 'rim'],
    phrasings: [
      'How do I fix a flat tyre on my bicycle?',
      'I got a puncture on the way to work and had to walk. What do I need to carry, and how does the repair go?',
      'How do I patch an inner tube properly?',
    ],
    answer:
      'Take the tyre off one side, find the hole, patch or swap the inner tube, and remove whatever caused the puncture.',
    mechanism: [
      'A patch is not simply glued on: the fluid partly dissolves the rubber, and the two surfaces cure into one.',
      'Two holes side by side point to a pinch against the rim, which happens when the pressure is too low.',
    ],
    facts: [
      'City tyres run well at 3.5 to 4.5 bar, and they lose about 0.2 bar each week.',
      'A practised rider needs less than 10 minutes for the whole repair.',
    ],
    background: [
      'John Boyd Dunlop made the first practical air tyre in Belfast in 1887 for the tricycle of his son.',
      'Four years later the Michelin brothers built one that came off in minutes, and won races because of it.',
    ],
    steps: [
      'Let out the air and lever one side of the tyre over the rim.',
      'Pump the tube and listen for the leak, or hold it under water.',
      'Roughen the spot, spread the fluid thinly, and wait until it is dull before pressing on the patch.',
      'Feel along the inside of the tyre for glass, then refit and pump.',
    ],
    example: [
      'For example, a spare tube, two levers, and a small pump fit into a pouch the size of a sandwich.',
    ],
    analogy: [
      'Putting on the patch too early is like closing a letter with wet ink: it smears and does not hold.',
    ],
    caveats: [
      'Check that the tube is not caught under the edge, because it would burst at full pressure.',
      'Forgetting to look for the thorn is the classic mistake, and it earns a second flat within a minute.',
    ],
    anecdote: [
      'A stranger once repaired a tyre for a late pianist by the road and was on the guest list that evening.',
    ],
    comparison: [
      'Tubeless tyres seal small holes by themselves, but they are messier to set up than tubes.',
    ],
    followUp: 'Which tyres and wheels does your bicycle have?',
  },
  {
    id: 'painting-walls',
    domain: 'home',
    subject: 'painting a room',
    terms: ['paint', 'roller', 'primer', 'masking tape'],
    phrasings: [
      'How do I paint a wall without streaks?',
      'We want to repaint our bedroom next weekend, from dark green to white. What do we need to get it even?',
      'What is the right order for painting a room?',
    ],
    answer:
      'Clean and fill the wall, prime dark colours, then roll wet into wet from one side to the other without stopping.',
    mechanism: [
      'Paint dries from its edge, and where fresh paint overlaps a dry edge the film becomes thicker and shows a stripe.',
      'Primer evens out how much the wall absorbs, so that the top coat dries at the same pace everywhere.',
    ],
    facts: [
      'One litre covers about 8 to 10 square metres, and a change from dark to white takes 2 to 3 coats.',
      'Most wall paints may be painted over after 4 to 6 hours at 20 °C.',
    ],
    background: [
      'Rollers became common only around 1940, before which every wall was brushed by hand.',
      'For centuries walls were limewashed every spring, which brightened rooms and killed germs as well.',
    ],
    steps: [
      'Move furniture, wash the wall, and fill holes.',
      'Stick masking tape along frames and skirting.',
      'Cut in the edges with a brush and roll the area at once.',
      'Pull off the tape while the paint is still slightly wet.',
    ],
    example: [
      'For example, a bedroom with forty square metres of wall needs ten litres for two generous coats.',
    ],
    analogy: [
      'Rolling a wall is like mowing a lawn: long, overlapping lanes look better than patches.',
    ],
    caveats: [
      'Test old paint for lead before sanding in houses built before the 1970s.',
      'Saving on the roller is a common mistake, because cheap ones shed fluff that dries into the surface.',
    ],
    anecdote: [
      'Two friends painted until midnight by lamp light and discovered at breakfast that the white was two whites.',
    ],
    comparison: ['Matt paint hides bumps, whereas silk paint wipes clean but shows every flaw.'],
    followUp: 'How large is the room, and how is the wall at present?',
  },
  {
    id: 'home-insulation',
    domain: 'home',
    subject: 'insulating a home',
    terms: ['insulation', 'heat', 'attic', 'draughts'],
    phrasings: [
      'How does insulation save heating costs?',
      'Our house from the sixties is cold in winter, and we can afford only one measure this year. Where do we begin?',
      'What is the best first step for insulating an old house?',
    ],
    answer:
      'Seal draughts and insulate the attic first, since warm air rises and these measures cost least for the heat they save.',
    mechanism: [
      'Insulation traps small pockets of still air, and still air conducts heat very badly.',
      'Gaps let warm air leave as a stream, which can undo the effect of thick material beside them.',
    ],
    facts: [
      'Around 25 percent of the heat of an uninsulated house leaves through the roof.',
      'Raising attic insulation to 25 or 30 centimetres often pays for itself in 3 to 6 years.',
    ],
    background: [
      'Builders in Scandinavia packed walls with moss and sawdust long before mineral wool was made in the 1870s.',
      'The oil crisis of 1973 turned insulation from a detail into a matter of national policy.',
    ],
    steps: [
      'Walk along windows and doors with an incense stick on a windy day.',
      'Seal the gaps with strips and filler.',
      'Measure the depth of insulation in the attic.',
      'Add a layer across the joists and leave the eaves open for air.',
    ],
    example: [
      'For example, a terraced house with a bare attic floor may save a fifth of its gas with a weekend of work.',
    ],
    analogy: ['A house without attic insulation is like a person in a thick coat without a hat.'],
    caveats: [
      'Think of moisture too, because a tight house without ventilation can grow mould.',
      'New windows are often bought first, although they cost the most for each unit of heat saved.',
    ],
    anecdote: [
      'An elderly couple in Leeds moved back into their own upper floor after twenty years, once the attic was done.',
    ],
    comparison: [
      'A new boiler burns fuel better, whereas insulation lowers the need for it, so it makes sense to insulate first.',
    ],
    followUp: 'Is the attic used as a room, or only for storage?',
  },
  {
    id: 'dripping-tap',
    domain: 'home',
    subject: 'repairing a dripping tap',
    terms: ['tap', 'washer', 'cartridge', 'valve'],
    phrasings: [
      'How do I fix a dripping tap?',
      'The kitchen tap drips all night and the landlord is slow. Is this something I can repair myself with basic tools?',
      'Why do taps start to drip?',
    ],
    answer:
      'A dripping tap usually needs a new washer or cartridge, which takes half an hour once the water is shut off.',
    mechanism: [
      'In older taps a rubber disc is pressed on a seat, and as it hardens it no longer follows the metal.',
      'In mixer taps two ceramic plates slide over each other, and grit or lime scratches their polished faces.',
    ],
    facts: [
      'One drip per second wastes about 15 to 20 litres a day.',
      'A washer costs less than 1 and a ceramic cartridge between 10 and 30.',
    ],
    background: [
      'Thomas Gryll patented the screw-down tap in 1845, and its rubber washer has barely changed.',
      'The single-lever mixer goes back to Al Moen, who scalded his hands as a student in 1937.',
    ],
    steps: [
      'Close the valve under the sink and open the tap to empty it.',
      'Cover the drain with a cloth so that no screw can escape.',
      'Take off the handle and pull out the washer or cartridge.',
      'Fit the same size, reassemble, and open the water slowly.',
    ],
    example: [
      'For example, taking the old part to the shop avoids guessing between a dozen sizes that look alike.',
    ],
    analogy: [
      'A worn washer is like a cracked doormat: it lies in the right place and still lets the rain in.',
    ],
    caveats: [
      'Stop if the shut-off valve is stuck, since forcing it may turn a drip into a flood.',
      'Closing the tap with more and more force is the usual mistake, and it cuts the seat for good.',
    ],
    anecdote: [
      'A night nurse tied a thread to the spout so the drops ran silently, and slept until the plumber came.',
    ],
    comparison: [
      'Replacing the whole tap costs more, but unlike a repair it also ends lime and loose handles.',
    ],
    followUp: 'Does your tap have one lever or two handles?',
  },
  {
    id: 'bathroom-mould',
    domain: 'home',
    subject: 'mould in the bathroom',
    terms: ['mould', 'humidity', 'ventilation', 'spores'],
    phrasings: [
      'How do I get rid of mould in the bathroom?',
      'Black spots keep returning on the ceiling above our shower although I scrub them every month. What stops them?',
      'Why does mould grow in bathrooms?',
    ],
    answer:
      'Clean the spots with alcohol or a suitable cleaner, and then lower the humidity, because mould returns wherever surfaces stay damp.',
    mechanism: [
      'Spores are everywhere in the air, and a surface that stays moist for some hours lets them sprout.',
      'Warm steam condenses on the coldest places, which explains why corners and outer walls are hit first.',
    ],
    facts: [
      'Mould thrives above 80 percent humidity at the surface, so aim for under 60 percent in the room.',
      'Ten minutes with a wide open window removes most of the 0.5 litres of vapour from a shower.',
    ],
    background: [
      'Complaints rose after tight windows replaced draughty ones in the 1980s, which kept the moisture inside.',
      'The Book of Leviticus already asks a priest to inspect houses with greenish spots on the walls.',
    ],
    steps: [
      'Wear gloves and wipe the spots with strong alcohol.',
      'Squeegee tiles and screen after each shower.',
      'Open the window wide or run the fan for a quarter of an hour.',
      'Keep the room heated a little in winter.',
    ],
    example: [
      'For example, a cheap hygrometer on the shelf soon shows whether airing really brings the value down.',
    ],
    analogy: ['Scrubbing without airing is like mopping the floor with the tap running.'],
    caveats: [
      'Call a professional when the area is larger than half a square metre or the plaster is soft.',
      'Painting over the spots is the most common mistake, as they grow through the new coat within weeks.',
    ],
    anecdote: [
      'A flat share solved its dispute by hanging a chart beside the squeegee, with gold stars for the driest screen.',
    ],
    comparison: [
      'Bleach whitens at once, whereas alcohol evaporates cleanly and reaches into the pores of plaster.',
    ],
    followUp: 'Does the bathroom have a window or only a fan?',
  },
  {
    id: 'led-bulbs',
    domain: 'home',
    subject: 'choosing LED bulbs',
    terms: ['LED', 'lumens', 'colour temperature', 'dimmer'],
    phrasings: [
      'How do I choose the right LED bulb?',
      'I replaced the bulbs in our living room and now it feels like an operating theatre. Which values on the box matter?',
      'What do lumens and kelvin mean on a light bulb?',
    ],
    answer:
      'Look at lumens for brightness, kelvin for warmth, and the colour index for natural looks; watts only tell the consumption.',
    mechanism: [
      'In an LED electrons drop across a gap in a semiconductor and give off light of one colour, usually blue.',
      'A coat of phosphor turns part of the blue into yellow and red, and its mix decides how warm the white appears.',
    ],
    facts: [
      'An old 60 watt bulb equals about 800 lumens, which an LED gives with 7 to 9 watts.',
      'Around 2,700 kelvin looks cosy, 4,000 neutral, and a colour index above 90 flatters skin and food.',
    ],
    background: [
      'The blue LED, long thought impossible, earned three Japanese-born researchers the Nobel Prize in 2014.',
      'Humphry Davy showed electric light in London around 1805, seventy years before the bulb became useful.',
    ],
    steps: [
      'Note the socket and the shape of the old bulb.',
      'Pick the lumens to match the brightness.',
      'Choose 2,700 kelvin for living rooms and 4,000 for work.',
      'Check that the bulb suits the dimmer, if there is one.',
    ],
    example: [
      'For example, a reading corner works well with one 800 lumen bulb at 2,700 kelvin and a shade.',
    ],
    analogy: [
      'Colour temperature is like seasoning: the same dish of light feels homely or clinical by a pinch.',
    ],
    caveats: [
      'Closed fittings trap heat, and heat shortens the life of the electronics.',
      'Going by the word daylight on the box is a common mistake, since it means a cold bluish white.',
    ],
    anecdote: [
      'A restaurant in Lille changed nothing but its bulbs, and guests began to praise the new chef.',
    ],
    comparison: [
      'Halogen renders colours beautifully, but it uses five times as much power and burns out within two years.',
    ],
    followUp: 'Which room is it, and do you use a dimmer?',
  },
]
