/** Topics in German. Steps are infinitives that begin with a word in lower case elsewhere. */
import type { Topic } from './topic.ts'

export const GERMAN: readonly Topic[] = [
  {
    id: 'brot-backen',
    language: 'de',
    domain: 'food',
    subject: 'das Backen von Brot',
    terms: ['Teig', 'Kruste', 'Gluten', 'Backofen'],
    phrasings: [
      'Wie backe ich zu Hause ein gutes Brot?',
      'Mein selbst gebackenes Brot wird immer flach und hart wie ein Ziegel. Woran liegt das und was kann ich ändern?',
      'Warum muss man Brotteig so lange kneten und gehen lassen?',
    ],
    answer:
      'Gutes Brot braucht einen weichen Teig, viel Zeit zum Gehen und einen sehr heißen Backofen mit Dampf.',
    mechanism: [
      'Beim Kneten verbinden sich die Eiweiße des Mehls zu Gluten, einem Netz, das die Gase der Hefe festhält.',
      'Der Dampf hält die Oberfläche anfangs feucht, deshalb kann der Laib aufgehen, bevor die Kruste fest wird.',
    ],
    facts: [
      'Auf 500 Gramm Mehl kommen etwa 350 Gramm Wasser und 10 Gramm Salz.',
      'Ein Laib von einem Kilo backt rund 45 Minuten bei 230 °C.',
    ],
    background: [
      'In Ägypten wurde schon vor mehr als viertausend Jahren gesäuertes Brot in Tonformen gebacken.',
      'Viele Dörfer hatten bis ins zwanzigste Jahrhundert ein gemeinsames Backhaus, das einmal in der Woche geheizt wurde.',
    ],
    steps: [
      'Das Mehl mit dem Wasser mischen und eine halbe Stunde stehen lassen.',
      'Die Hefe und das Salz zugeben und zehn Minuten kneten.',
      'Den Teig abgedeckt gehen lassen, bis er doppelt so hoch ist.',
      'Im vorgeheizten Ofen mit einer Schale Wasser am Boden backen.',
    ],
    example: [
      'Zum Beispiel wird ein Teig, der über Nacht im Kühlschrank steht, am Morgen aromatischer als einer nach zwei Stunden.',
    ],
    analogy: [
      'Das Netz im Teig ist wie ein Luftballon: zu wenig geknetet platzt es, zu lange gegangen wird es schlaff.',
    ],
    caveats: [
      'Ein warmes Brot anzuschneiden rächt sich, weil die Krume erst beim Abkühlen fest wird.',
      'Ein häufiger Fehler ist zu viel Mehl beim Formen, denn davon wird der Laib trocken.',
    ],
    anecdote: [
      'Ein Lokführer aus Gera stellt seinen Teig vor der Frühschicht an und backt ihn, wenn er heimkommt.',
    ],
    comparison: [
      'Mit Hefe geht es in drei Stunden, während Sauerteig einen Tag verlangt und dafür länger frisch hält.',
    ],
    followUp: 'Welches Mehl verwendest du bisher?',
  },
  {
    id: 'muelltrennung',
    language: 'de',
    domain: 'home',
    subject: 'die Mülltrennung',
    terms: ['Müll', 'Verpackungen', 'Papier', 'Restmüll'],
    phrasings: [
      'Wie trenne ich meinen Müll richtig?',
      'In unserem Haus landet alles in einer Tonne, und die Hausverwaltung droht mit Kosten. Wie bringe ich Ordnung in die Mülltrennung?',
      'Lohnt sich Mülltrennung überhaupt, oder wird am Ende doch alles verbrannt?',
    ],
    answer:
      'Mülltrennung lohnt sich, weil nur sauber getrennte Stoffe wieder zu Papier, Glas, Metall oder Kompost werden können.',
    mechanism: [
      'Maschinen sortieren Verpackungen mit Infrarot und Magneten, doch zusammengesteckte Becher erkennen sie nicht als zwei Stoffe.',
      'Nasses oder fettiges Papier verliert seine Fasern und verdirbt auch das trockene daneben.',
    ],
    facts: [
      'Aus der Biotonne gewinnt eine Anlage pro Tonne rund 100 Kubikmeter Biogas.',
      'Recyceltes Aluminium braucht etwa 95 Prozent weniger Energie als neues.',
    ],
    background: [
      'Der Grüne Punkt kam 1991 mit der Verpackungsverordnung und machte die Hersteller verantwortlich.',
      'Schon um neunzehnhundert musste man in Charlottenburg Asche, Küchenabfälle und Sperriges getrennt abgeben.',
    ],
    steps: [
      'Die Behälter in der Küche deutlich beschriften.',
      'Den Deckel vom Joghurtbecher abreißen und beides getrennt einwerfen.',
      'Das Glas nach Farben sortieren und blaue Flaschen zum grünen geben.',
      'Alte Batterien und Lampen zum Laden zurückbringen.',
    ],
    example: [
      'Zum Beispiel gehört ein Kassenbon aus Thermopapier in den Restmüll und nicht zum Altpapier.',
    ],
    analogy: [
      'Mit dem Müll ist es wie mit der Wäsche: eine rote Socke verfärbt die ganze Trommel.',
    ],
    caveats: [
      'Die Regeln unterscheiden sich von Stadt zu Stadt, ein Blick auf die Seite des Entsorgers klärt Zweifel.',
      'Plastiktüten in der Biotonne sind der häufigste Fehler, auch wenn sie als kompostierbar verkauft werden.',
    ],
    anecdote: [
      'Eine Hausgemeinschaft in Halle vergibt jedes Quartal einen goldenen Eimer, und keiner will ihn wieder hergeben.',
    ],
    comparison: [
      'Pfandflaschen aus Glas werden gespült und wieder gefüllt, während Einwegglas jedes Mal geschmolzen wird.',
    ],
    followUp: 'Welche Tonnen stehen bei dir im Hof?',
  },
  {
    id: 'mietkaution',
    language: 'de',
    domain: 'money',
    subject: 'die Mietkaution',
    terms: ['Kaution', 'Vermieter', 'Auszug', 'Miete'],
    phrasings: [
      'Wann bekomme ich meine Mietkaution zurück?',
      'Ich bin im Mai ausgezogen und mein Vermieter hält die Kaution noch immer zurück. Was darf er, und was kann ich tun?',
      'Wozu gibt es in Deutschland eine Mietkaution?',
    ],
    answer:
      'Die Kaution sichert offene Forderungen des Vermieters ab und ist nach dem Auszug zurückzuzahlen, sobald er diese prüfen konnte.',
    mechanism: [
      'Das Geld liegt getrennt vom Vermögen des Vermieters, damit es bei seiner Pleite nicht verloren geht.',
      'Für eine ausstehende Abrechnung der Nebenkosten darf er nur einen angemessenen Teil einbehalten.',
    ],
    facts: [
      'Die Kaution darf höchstens 3 Monatsmieten ohne Nebenkosten betragen und in 3 Raten gezahlt werden.',
      'Üblich ist eine Frist von etwa 3 bis 6 Monaten nach dem Auszug.',
    ],
    background: [
      'Die Grenze für die Höhe steht seit den achtziger Jahren im Bürgerlichen Gesetzbuch.',
      'Vor dieser Regel war alles Verhandlungssache, und in knappen Zeiten wurde oft das Mehrfache verlangt.',
    ],
    steps: [
      'Das Protokoll der Übergabe und alle Fotos heraussuchen.',
      'Den Vermieter schriftlich um Abrechnung bitten und eine Frist setzen.',
      'Die einbehaltenen Beträge einzeln prüfen.',
      'Beim Mieterverein Rat holen, wenn nichts geschieht.',
    ],
    example: [
      'Zum Beispiel sind Löcher von Dübeln in üblicher Zahl kein Schaden, ein zerbrochenes Waschbecken dagegen schon.',
    ],
    analogy: [
      'Die Kaution ist wie das Pfand auf einer Flasche: wer sie heil zurückbringt, erhält alles wieder.',
    ],
    caveats: [
      'Dieser Überblick ersetzt keine Rechtsberatung, denn Einzelheiten hängen vom Vertrag ab.',
      'Die letzten Mieten einfach nicht zu zahlen ist ein Fehler, weil die Kaution nicht zum Abwohnen da ist.',
    ],
    anecdote: [
      'Eine Cellistin aus Kassel filmte bei der Übergabe jedes Zimmer mit Ton, und ihr Geld war nach einer Woche da.',
    ],
    comparison: [
      'Eine Bürgschaft kostet jedes Jahr Gebühren, während die Barkaution verzinst zurückkommt.',
    ],
    followUp: 'Gibt es ein Protokoll der Übergabe von dir?',
  },
  {
    id: 'foehn',
    language: 'de',
    domain: 'sky',
    subject: 'den Föhn in den Alpen',
    terms: ['Föhn', 'Luft', 'Alpen', 'Wind'],
    phrasings: [
      'Wie entsteht der Föhn?',
      'Ich wohne seit Kurzem in Innsbruck und habe bei Föhn immer Kopfschmerzen. Was passiert da in der Luft, und was hilft?',
      'Warum ist der Föhn so warm und trocken?',
    ],
    answer:
      'Föhn ist Luft, die über ein Gebirge strömt, auf der einen Seite ihren Regen verliert und auf der anderen beim Absinken warm und trocken wird.',
    mechanism: [
      'Beim Aufsteigen wird aus Dampf Regen, und die dabei frei werdende Wärme bleibt in der Luft.',
      'Absinkende Luft wird zusammengedrückt und erwärmt sich wie in einer Fahrradpumpe.',
    ],
    facts: [
      'Trockene Luft erwärmt sich beim Absinken um 1 °C auf 100 Meter, feuchte kühlt beim Aufstieg nur um etwa 0,6 °C ab.',
      'In Altdorf weht der Föhn an rund 60 Tagen im Jahr, in Böen mit mehr als 100 Kilometern pro Stunde.',
    ],
    background: [
      'Der Name geht über das Romanische auf den favonius zurück, den lauen Westwind der Römer.',
      'Mehrere Schweizer Dörfer brannten bei Föhn nieder, deshalb gab es Wachen und ein Verbot von offenem Feuer.',
    ],
    steps: [
      'Den Wetterbericht auf den Druckunterschied zwischen Nord und Süd prüfen.',
      'Mehr als sonst trinken und früh lüften.',
      'Im Freien lose Dinge festbinden.',
      'Bei starken Beschwerden mit einer Ärztin sprechen.',
    ],
    example: [
      'Zum Beispiel kann es im Januar in Mailand regnen, während man in München im Hemd auf der Straße sitzt.',
    ],
    analogy: [
      'Das Gebirge ist wie ein Schwamm, der ausgedrückt wird: vorn tropft es, und hinten kommt es trocken heraus.',
    ],
    caveats: [
      'Ob Föhn wirklich Kopfschmerzen macht, ist wissenschaftlich umstritten.',
      'Auf Seen und beim Gleitschirmfliegen wird der plötzliche Einbruch oft unterschätzt.',
    ],
    anecdote: [
      'Ein Lehrer in Bludenz verlegt jede Schularbeit, sobald die Berge so nah aussehen, als könnte man sie anfassen.',
    ],
    comparison: [
      'Die Bora fällt kalt an die Adria hinunter, während der Föhn warm ankommt, und an den Rocky Mountains heißt er Chinook.',
    ],
    followUp: 'An welchen Tagen merkst du den Föhn am meisten?',
  },
  {
    id: 'gute-vorsaetze',
    language: 'de',
    domain: 'health',
    subject: 'neue Gewohnheiten',
    terms: ['Gewohnheit', 'Auslöser', 'Belohnung', 'Alltag'],
    phrasings: [
      'Wie schaffe ich mir eine neue Gewohnheit an?',
      'Jedes Jahr nehme ich mir vor, morgens zu turnen, und nach drei Wochen ist es vorbei. Wie bleibe ich diesmal dabei?',
      'Warum sind alte Gewohnheiten so hartnäckig?',
    ],
    answer:
      'Eine Gewohnheit entsteht, wenn eine kleine Handlung immer auf denselben Auslöser folgt und sich gleich danach gut anfühlt.',
    mechanism: [
      'Mit jeder Wiederholung wandert die Steuerung in tiefere Teile des Gehirns, die ohne Nachdenken auskommen.',
      'Alte Auslöser bleiben gespeichert, deshalb kehrt ein Muster zurück, sobald Ort und Stunde wieder stimmen.',
    ],
    facts: [
      'In einer Londoner Studie dauerte es im Mittel 66 Tage, mit einer Spanne von 18 bis 254 Tagen.',
      'Rund 40 Prozent dessen, was man am Tag tut, geschieht an gewohntem Ort und fast ohne Nachdenken.',
    ],
    background: [
      'William James nannte die Gewohnheit das Schwungrad der Gesellschaft, und er riet zu einem kräftigen Anfang.',
      'Gute Vorsätze zum neuen Jahr fassten schon die Babylonier, meist um geliehenes Gerät zurückzugeben.',
    ],
    steps: [
      'Eine einzige Handlung wählen, die zwei Minuten dauert.',
      'Die Handlung an etwas anhängen, was ohnehin jeden Tag geschieht.',
      'Das Nötige am Abend sichtbar hinlegen.',
      'Jeden gelungenen Tag in einem Kalender ankreuzen.',
    ],
    example: [
      'Zum Beispiel liegt die Matte vor der Kaffeemaschine, und zehn Kniebeugen dauern so lange, wie das Wasser läuft.',
    ],
    analogy: [
      'Eine Gewohnheit ist wie ein Pfad im Schnee: nach zwanzig Gängen nimmt man ihn, ohne hinzusehen.',
    ],
    caveats: [
      'Bei Sucht genügt ein guter Plan meist nicht, dann hilft eine Beratungsstelle.',
      'Nach einem versäumten Tag aufzugeben ist der häufigste Fehler, obwohl ein einzelner Tag kaum etwas ändert.',
    ],
    anecdote: [
      'Eine Zahnärztin lernte Geige in der Zeit, in der ihre Nudeln kochten, und spielt heute im Orchester.',
    ],
    comparison: [
      'Ein Ziel sagt, wohin es geht, während eine Gewohnheit sagt, was heute nach dem Frühstück kommt.',
    ],
    followUp: 'Was tust du jeden Morgen ganz sicher?',
  },
]
