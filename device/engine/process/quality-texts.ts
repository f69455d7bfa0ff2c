/** Requests with four answers each, written for measuring how close two precisions of one model are. */
export const QUALITY_TEXTS: readonly {
  readonly request: string
  readonly answers: readonly string[]
}[] = [
  {
    request: 'How do I keep basil alive on a kitchen windowsill?',
    answers: [
      'Give it six hours of light, water it when the top of the soil feels dry, and pinch off the tips every week so that it grows bushy instead of tall.',
      '- Light: a south window is best.\n- Water: little and often, never standing in a saucer.\n- Harvest: cut above a pair of leaves.\n- Food: half a dose of plant feed once a month.',
      'Basil dies for two reasons: cold and wet feet. Keep it away from the glass at night, and pour away what is left under the pot after ten minutes.',
      'Honestly, most supermarket pots hold twenty seedlings that choke each other. Split them into three pots, and you will have basil until autumn!',
    ],
  },
  {
    request: 'Explain what a hash table is to someone who has never programmed.',
    answers: [
      'Imagine a cloakroom with numbered hooks. A rule turns your name into a number, your coat goes on that hook, and later the same rule finds it at once.',
      'A hash table stores pairs of keys and values. A hash function maps each key to a bucket; collisions are resolved by chaining or by probing, so that lookup takes constant time on average.',
      'Think of a library without shelves in order: you ask one librarian, who computes from the title alone where the book must be. Two titles can land in one place; then she looks through a short pile.',
      '1. Take a word.\n2. Turn it into a number.\n3. Put the thing into the drawer of that number.\n4. To find it again, repeat step 2.',
    ],
  },
  {
    request: 'Write a short note to my neighbours about the noise of my renovation.',
    answers: [
      'Dear neighbours, from Monday to Thursday next week our bathroom is being rebuilt. It will be loud between nine and four. We are sorry, and there is cake on Friday.',
      'Hi all! Just a heads-up: drilling ahead (Mon–Thu, 9–16). Knock if you need a quiet hour, we can pause. Thanks for your patience!',
      'This is to inform all residents that construction work will be carried out in flat 12 during permitted hours. Complaints may be addressed to the building management.',
      'We know how annoying a drill at breakfast is. So: never before nine, never after four, and never on Wednesday, when the twins downstairs have their exam.',
    ],
  },
  {
    request: 'Should I learn the guitar or the piano first?',
    answers: [
      'Piano first: every note lies in front of you, so theory is visible, and a beginner sounds acceptable within a week.',
      'It depends on what you want to play. For songs around a fire take the guitar, for reading music and composing take the piano.',
      'Guitar. It is cheaper, it travels with you, and the sore fingers pass after three weeks. Start with four chords: G, C, D and E minor.',
      'There is no wrong answer here, but there is a wrong reason: do not choose the one that you think you ought to like.',
    ],
  },
  {
    request: 'Give me a plan for a day in a city with a six-year-old when it rains.',
    answers: [
      'Morning: the natural history museum, dinosaurs first. Lunch where they may draw on the table. Afternoon: a swimming hall. Evening: pancakes.',
      '| Time | What |\n|---|---|\n| 9:30 | Aquarium |\n| 12:00 | Noodles |\n| 14:00 | Puppet theatre |\n| 16:30 | Hot chocolate |',
      'Children do not mind rain; parents do. Buy two ponchos, jump into every puddle on the way to the library, and let the afternoon be one long story.',
      'Keep it to two things. A child who has seen one whale properly is happier than one who has been dragged past forty paintings.',
    ],
  },
  {
    request: 'Why does bread go stale, and can it be saved?',
    answers: [
      'Starch crystallizes as it cools and takes up water from its surroundings, which makes the crumb firm. Heat above sixty degrees undoes it for a while: sprinkle with water and bake for eight minutes.',
      'Stale is not dry. The water is still there, bound in crystals of starch. That is why toast tastes fresh again, and why the fridge makes things worse.',
      'Yes! Wet the crust under the tap, put it in a hot oven for ten minutes, and eat it the same day. Older bread makes good croutons, puddings and dumplings.',
      'Retrogradation of amylopectin, chiefly. It is fastest just above freezing, slow at room temperature, and stopped in a freezer, so freeze what you will not eat within two days.',
    ],
  },
]
