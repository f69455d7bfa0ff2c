/** Topics about programming and computers. */
import type { Topic } from './topic.ts'

export const COMPUTING: readonly Topic[] = [
  {
    id: 'recursion',
    domain: 'computing',
    subject: 'recursion',
    terms: ['recursion', 'base case', 'call stack', 'function'],
    phrasings: [
      'What is recursion in programming?',
      'I am learning to program and loops make sense, but recursion ties my brain in knots. How should I think about it?',
      'When should I use recursion instead of a loop?',
    ],
    answer:
      'Recursion means that a function solves a problem by calling itself on a smaller version until a base case ends the chain.',
    mechanism: [
      'Each call gets its own frame on the call stack with its own variables, and frames are removed as the calls return.',
      'Correctness follows by induction: the base case is right, and every step relies only on smaller cases.',
    ],
    facts: [
      'Python stops by default at a depth of about 1,000 calls.',
      'A balanced tree with 1,000,000 nodes needs a depth of only 20 or so.',
    ],
    background: [
      'Logicians such as Gödel and Péter studied recursive functions in the 1930s, before any electronic computer existed.',
      'Lisp brought recursion to programmers in 1958, and ALGOL made it respectable two years later.',
    ],
    steps: [
      'State in one sentence what the function returns.',
      'Write the base case for the smallest input.',
      'Assume the call on a smaller input already works.',
      'Combine its result with the remaining piece.',
    ],
    example: [
      'For example, the size of a folder is the sum of its files plus the sizes of its folders, found in the same way.',
    ],
    analogy: [
      'It is like asking the person ahead in a queue for their number, who asks the next, until the first one knows.',
    ],
    caveats: [
      'Deep chains can overflow the stack, so very long lists are better handled by a loop.',
      'The classic mistake is a base case that is never reached, which ends in an error instead of an answer.',
    ],
    anecdote: [
      'A teacher explains it with nesting dolls, and once a pupil asked what happens if the smallest doll contains the largest.',
    ],
    comparison: [
      'A loop is shorter for flat data, whereas recursion mirrors the shape of trees and nested structures.',
    ],
    followUp: 'Which language are you learning, and which problem are you on?',
  },
  {
    id: 'hash-tables',
    domain: 'computing',
    subject: 'hash tables',
    terms: ['hash table', 'hash function', 'keys', 'collision'],
    phrasings: [
      'How does a hash table work?',
      'My interview is next week and I should explain why dictionary lookups are fast. How do hash tables do it?',
      'What is a collision in a hash table?',
    ],
    answer:
      'A hash table finds entries almost instantly because a hash function turns each key into the position where its value is stored.',
    mechanism: [
      'The function mixes the bits of the key into a large number, and the remainder by the table size picks a slot.',
      'When two keys meet in a slot, the table keeps both, either in a short chain or in the next free place.',
    ],
    facts: [
      'With chains and a load factor below 0.75, a lookup needs fewer than 2 probes on average.',
      'Among 23 random keys in 365 slots, a collision is already more likely than not.',
    ],
    background: [
      'Hans Peter Luhn described the idea in an internal note at IBM in January 1953.',
      'In 2011 crafted keys slowed down many web servers, and languages answered with randomly seeded hashing.',
    ],
    steps: [
      'Choose a key that never changes while it is stored.',
      'Compute its hash and reduce it to a slot number.',
      'Compare the stored key before trusting the value.',
      'Grow the table when it is about three quarters full.',
    ],
    example: [
      'For example, counting words in a novel takes one pass: look the word up, add one, and move on.',
    ],
    analogy: [
      'It is like a cloakroom where the number on the ticket is computed from the name, so nobody has to search.',
    ],
    caveats: [
      'The worst case is slow, and entries come in no useful order unless the language promises one.',
      'Using a mutable list as a key is a typical mistake, since its hash changes and the entry becomes lost.',
    ],
    anecdote: [
      'A candidate once drew coat hooks instead of arrays on the whiteboard, and the interviewer has drawn them ever since.',
    ],
    comparison: [
      'A balanced tree is slower for single lookups, but unlike a hash table it keeps keys sorted.',
    ],
    followUp: 'Which language will you use in the interview?',
  },
  {
    id: 'version-control',
    domain: 'computing',
    subject: 'version control with Git',
    terms: ['Git', 'commit', 'branch', 'repository'],
    phrasings: [
      'What is Git good for?',
      'I write my thesis in LaTeX with folders called final, final2, and final_really. Would Git help, and how do I begin?',
      'Explain version control to someone who never used it.',
    ],
    answer:
      'Git records snapshots of a folder, so every change has a reason, older states can return, and several people can work at once.',
    mechanism: [
      'Each commit stores the content of all files under a fingerprint and points to the commit before it.',
      'A branch is only a movable name for one commit, which makes trying an idea cheap and safe.',
    ],
    facts: [
      'A commit is named by a fingerprint of 40 hexadecimal digits, of which the first 7 usually suffice.',
      'The Linux kernel holds more than 1,000,000 commits in one repository.',
    ],
    background: [
      'Linus Torvalds wrote the first version in April 2005 within about two weeks, after a licence for another tool had ended.',
      'Earlier systems from the 1970s locked files, so that only one person could edit a file at a time.',
    ],
    steps: [
      'Create a repository in the folder with git init.',
      'List unwanted files in a file called .gitignore.',
      'Commit small changes with a message that says why.',
      'Push to a second place as a backup.',
    ],
    example: [
      'For example, after a bad edit of chapter three, one command brings back the version from Tuesday evening.',
    ],
    analogy: [
      'Commits are like save points in a game: try the risky door, and return if the dragon wins.',
    ],
    caveats: [
      'Passwords that were committed stay in the history, so they must be changed and not merely deleted.',
      'Many beginners commit once a week, which hides what was changed and why.',
    ],
    anecdote: [
      'A doctoral student spilled tea on her laptop an hour before the deadline and cloned her thesis on the library computer.',
    ],
    comparison: [
      'Cloud folders also keep old versions, but they cannot say which changes belong together.',
    ],
    followUp: 'Do you work alone on it, or with a supervisor who edits as well?',
  },
  {
    id: 'binary-search',
    domain: 'computing',
    subject: 'binary search',
    terms: ['binary search', 'sorted', 'half', 'midpoint'],
    phrasings: [
      'How does binary search work?',
      'I need to find an entry in a sorted list of ten million numbers quickly. What is the best way?',
      'Why is binary search so fast, and what can go wrong?',
    ],
    answer:
      'Binary search looks at the middle of a sorted list and discards the half that cannot hold the target, again and again.',
    mechanism: [
      'Order guarantees that everything left of the midpoint is smaller, so one comparison rules out half of the candidates.',
      'Halving repeatedly takes as many steps as the logarithm of the length, which hardly grows.',
    ],
    facts: [
      'A list of 10,000,000 entries needs at most 24 comparisons.',
      'Doubling the data adds exactly 1 more step.',
    ],
    background: [
      'John Mauchly mentioned the method in a lecture in 1946, yet the first version without errors appeared only in 1960.',
      'A famous overflow of the midpoint sat in the Java library for nine years until 2006.',
    ],
    steps: [
      'Set two marks at the ends of the list.',
      'Look at the element halfway between them.',
      'Move one mark past the middle, according to the comparison.',
      'Stop when the element is found or the marks cross.',
    ],
    example: [
      'For example, to find 42 among the numbers to 100, look at 50, then 25, then 37, and so on.',
    ],
    analogy: [
      'It is like guessing a word in a dictionary by opening it in the middle and tearing away the wrong half.',
    ],
    caveats: [
      'The list must really be sorted, and by the same rule that the comparison uses.',
      'Off-by-one errors at the marks are the usual mistake, and they show up as loops that never end.',
    ],
    anecdote: [
      "An engineer found a faulty lamp in a chain of two hundred on her parents' tree in eight tries, to general applause.",
    ],
    comparison: [
      'A linear scan needs no order and wins on tiny lists, whereas binary search wins on everything long.',
    ],
    followUp: 'Does your list change often, or is it sorted once?',
  },
  {
    id: 'https-encryption',
    domain: 'computing',
    subject: 'HTTPS',
    terms: ['HTTPS', 'certificate', 'encryption', 'key'],
    phrasings: [
      'What does HTTPS actually protect?',
      'My browser shows a padlock on the site of a small shop. Does that mean I can trust it with my card?',
      'How does HTTPS encryption work?',
    ],
    answer:
      'HTTPS hides and protects the data between browser and server, but it says nothing about whether the owner of the site is honest.',
    mechanism: [
      'Browser and server agree on a secret key through a public exchange that an eavesdropper cannot complete.',
      'A certificate, signed by a trusted authority, proves that the key belongs to the name in the address bar.',
    ],
    facts: [
      'More than 90 percent of pages loaded in common browsers now use HTTPS.',
      'A modern handshake takes 1 round trip, often under 50 milliseconds.',
    ],
    background: [
      'Netscape built the first version in 1994 so that people would dare to shop online.',
      'Free certificates arrived in 2015, and encrypted pages went from the exception to the rule in a few years.',
    ],
    steps: [
      'Read the name in the address bar letter by letter.',
      'Open the certificate details when something feels odd.',
      'Look for a real address and contact outside the site.',
      'Pay with a method that allows a refund.',
    ],
    example: [
      'For example, in a cafe the owner of the network can see which site is visited, but not the pages or the password.',
    ],
    analogy: [
      'It is like a sealed envelope: nobody reads it on the way, but the seal does not vouch for the recipient.',
    ],
    caveats: [
      'Phishing sites use valid certificates too, so the padlock alone is no recommendation.',
      'Clicking through a certificate warning is the mistake that undoes all of the protection.',
    ],
    anecdote: [
      "A florist learned about certificates on the eve of Valentine's Day, when hers expired and the orders stopped.",
    ],
    comparison: [
      'A VPN moves the trust from the local network to a provider, whereas HTTPS protects all the way to the site.',
    ],
    followUp: 'Is there something about the shop that made you doubt?',
  },
  {
    id: 'password-manager',
    domain: 'computing',
    subject: 'passwords and password managers',
    terms: ['password manager', 'passphrase', 'passwords', 'second factor'],
    phrasings: [
      'How do I manage my passwords safely?',
      'I use three passwords for everything and just got a mail that one of them was leaked. What should I do now?',
      'Are password managers really safe?',
    ],
    answer:
      'Use a password manager with one long passphrase, let it create a different password for each site, and add a second factor.',
    mechanism: [
      'Attackers try leaked pairs of address and password on other sites, so reuse turns one leak into many.',
      'A manager encrypts the vault with a key derived from the passphrase, slowly on purpose, to make guessing expensive.',
    ],
    facts: [
      'Four words drawn at random from a list of 7,776 give about 52 bits, and six give 77.',
      'Accounts with a second factor resist more than 99 percent of automated attacks.',
    ],
    background: [
      'The first computer password was used at MIT around 1961, and within a year a student had printed the whole list.',
      'The advice to change passwords every month was withdrawn in 2017 by the agency that had given it.',
    ],
    steps: [
      'Change the leaked password first, beginning with email.',
      'Install a manager and write the passphrase on paper for the drawer.',
      'Replace reused passwords whenever a site is visited.',
      'Turn on a second factor for mail and bank.',
    ],
    example: [
      'For example, a random phrase such as lantern-oyster-gravel-pilot is easier to type and harder to guess than P@ssw0rd7.',
    ],
    analogy: [
      'Reusing a password is like one key for house, car, and office: convenient until it is lost.',
    ],
    caveats: [
      'If the passphrase is lost, most managers cannot help, so keep a paper copy in a safe place.',
      'Adding an exclamation mark to an old password is a common mistake that cracking tools try first.',
    ],
    anecdote: [
      'A family keeps its master phrase in a sealed jar of beans, and the youngest considers it a treasure.',
    ],
    comparison: [
      'Passkeys go further, because unlike passwords they never leave the device and cannot be typed into a fake page.',
    ],
    followUp: 'Which devices should share the passwords?',
  },
  {
    id: 'caching',
    domain: 'computing',
    subject: 'caching',
    terms: ['cache', 'memory', 'hit rate', 'stale'],
    phrasings: [
      'What is a cache and why does it make things faster?',
      'Our web page is slow because it asks the database for the same list on every visit. Would a cache help?',
      'What are the risks of caching?',
    ],
    answer:
      'A cache keeps copies of recently used results close at hand, so repeated requests skip the slow path.',
    mechanism: [
      'It pays off because use is uneven: a few items are wanted again and again, most others hardly ever.',
      'When space runs out, a rule such as dropping the least recently used entry decides what goes.',
    ],
    facts: [
      'Reading from memory takes about 100 nanoseconds, from a disk over the network easily 10 milliseconds.',
      'At a hit rate of 95 percent the slow path sees only 1 request in 20.',
    ],
    background: [
      'The word entered computing in 1967 for a fast memory of the IBM 360/85, after the French for hiding place.',
      'Networks of caches around the world grew up in the late 1990s, when popular pages collapsed under their visitors.',
    ],
    steps: [
      'Measure which requests repeat most.',
      'Decide how old an answer may be.',
      'Store results under a key that names everything they depend on.',
      'Watch the hit rate and delete entries when the data changes.',
    ],
    example: [
      'For example, a list that changes hourly and is read a thousand times a minute can be cached for sixty seconds.',
    ],
    analogy: [
      'A cache is like the spice rack by the stove: small, within reach, and holding what the cook used last.',
    ],
    caveats: [
      'Stale data can confuse people, above all right after they saved something.',
      'A serious mistake is to cache private pages under a shared key and show them to a stranger.',
    ],
    anecdote: [
      'One team chased a ghost order for two days, until someone restarted the cache and it vanished with a sigh.',
    ],
    comparison: [
      'An index makes the slow query itself faster, whereas a cache avoids running it at all.',
    ],
    followUp: 'How often does the list change, and who may see it?',
  },
  {
    id: 'backups',
    domain: 'computing',
    subject: 'backing up files',
    terms: ['backup', 'copies', 'restore', 'disk'],
    phrasings: [
      'How should I back up my computer?',
      'All the photos of our children are on one laptop and I know that is a bad idea. What is a simple backup setup?',
      'What is the 3-2-1 rule for backups?',
    ],
    answer:
      'Follow the 3-2-1 rule: three copies of the data, on two kinds of storage, with one copy away from home.',
    mechanism: [
      'Failures that strike together, such as theft or fire, are beaten by distance, and slow decay by a second kind of storage.',
      'Older versions protect against errors and ransomware, which a plain mirror would copy faithfully.',
    ],
    facts: [
      'Between 1 and 2 percent of hard disks fail in a typical year.',
      'A library of 20,000 photos fits on a disk of 250 gigabytes with room to spare.',
    ],
    background: [
      'The photographer Peter Krogh coined the rule in the 2000s, when he saw colleagues lose digital archives.',
      "In 1998 most of a film by Pixar was deleted by mistake, and an employee's copy at home saved it.",
    ],
    steps: [
      'Buy an external disk and let the system back up to it automatically.',
      'Add an encrypted cloud backup for the second place.',
      'Unplug the disk when it is not in use.',
      'Restore a few files once a season as a test.',
    ],
    example: [
      'For example, laptop, disk in the cupboard, and a cloud copy already meet the rule for a family.',
    ],
    analogy: ['A backup is like a spare key with a neighbour: useless inside the locked house.'],
    caveats: [
      'Syncing services spread deletions within seconds, so they are no replacement for a backup.',
      'The usual mistake is never to test a restore until the day when it matters.',
    ],
    anecdote: [
      'A wedding photographer mails a small disk to her brother each month, and he has started to send postcards back.',
    ],
    comparison: [
      'A disk is fast and cheap, whereas the cloud is slow at first but survives a flooded flat.',
    ],
    followUp: 'How much data do you have, and how fast is your connection?',
  },
]
