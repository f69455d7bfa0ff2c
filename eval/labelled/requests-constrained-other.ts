/** Constraints in other languages than English (see requests-constrained.ts), and what all of them are about. */
export const OTHER_LANGUAGES = `
[+length de]
{q} Bitte kurz.
{q} Fass dich kurz.
{q} Höchstens 50 Wörter bitte.
In zwei Sätzen: {q}
{q} Ich brauche keine Romane, nur das Wichtigste.
Kurz und knapp: {q}
{q} bitte nicht so lang, hab wenig zeit
[-length de]
{q} Bitte ausführlich.
{q} Ich will alles ganz genau wissen.
Erklär mir ausführlich {n}.
{q} Gerne lang und mit allen Einzelheiten.
[+lists +steps de]
{q} Bitte keine Aufzählungen.
{q} Ohne Stichpunkte, bitte in ganzen Sätzen.
{q} Schreib es als Fließtext.
{q} KEINE LISTEN BITTE
[-lists de]
{q} In Stichpunkten bitte.
{q} Bitte als Liste.
[-tables de]
{q} Mach bitte eine Tabelle daraus.
[+headings de]
{q} Keine Überschriften bitte.
[+emphasis de]
{q} Bitte nichts fett drucken.
[+emoji de]
{q} Ohne Emojis bitte.
{q} Bitte verzichte auf Smileys.
[-emoji de]
{q} Gerne mit vielen Emojis!
[-examples de]
{q} Bitte mit einem Beispiel.
{q} Kannst du das an Beispielen zeigen?
[-steps de]
{q} Bitte Schritt für Schritt.
[+numbers de]
{q} Ohne Zahlen bitte.
[-numbers de]
{q} Nenn mir konkrete Zahlen.
[-tone de]
{q} Bitte förmlich und sachlich formulieren.
[+tone de]
{q} Bitte ganz locker, du musst nicht so förmlich sein.
[-directness de]
{q} Komm bitte gleich zur Sache.
[+questions de]
{q} Bitte keine Rückfragen.
[+hedging de]
{q} Ich will eine klare Antwort ohne Wenn und Aber.
[-directness +closing +length de]
{q} Nur die Antwort, sonst nichts.
[+length fr]
{q} Réponds brièvement.
{q} En deux phrases maximum, s'il te plaît.
En bref, {s}
{q} Moins de 50 mots svp
{q} Sois concis, je suis pressé.
[-length fr]
{q} Je voudrais une réponse très détaillée.
Explique-moi en détail {n}.
{q} N'oublie aucun détail.
[+lists +steps fr]
{q} Pas de listes à puces, s'il te plaît.
{q} Sans liste, en texte suivi.
{q} Je préfère des paragraphes plutôt que des puces.
[-lists fr]
{q} Sous forme de liste à puces.
[-tables fr]
{q} Présente ça dans un tableau.
[+headings fr]
{q} Sans titres ni sous-titres.
[+emphasis fr]
{q} Ne mets rien en gras.
[+emoji fr]
{q} Pas d'émojis.
[-examples fr]
{q} Donne-moi un exemple concret.
[+examples fr]
{q} Sans exemples.
[-steps fr]
{q} Étape par étape, s'il te plaît.
[-numbers fr]
{q} Avec des chiffres précis.
[-tone fr]
{q} Dans un registre soutenu et formel, je vous prie.
[-directness fr]
{q} Va droit au but.
[+questions fr]
{q} Ne me pose pas de questions en retour.
[+headings +emphasis +tables +lists fr]
{q} En texte brut, sans mise en forme.
[+length es]
{q} Responde en pocas palabras.
{q} Máximo 40 palabras, por favor.
En una o dos frases: {q}
{q} Sé breve, que tengo prisa.
[-length es]
{q} Explícamelo con todo detalle.
{q} Quiero una respuesta larga y completa.
[+lists +steps es]
{q} Sin listas, por favor.
{q} No uses viñetas, escribe en párrafos.
{q} sin puntos ni listas porfa
[-lists es]
{q} Hazme una lista con viñetas.
[-tables es]
{q} Ponlo en una tabla.
[+emphasis es]
{q} No pongas nada en negrita.
[+headings es]
{q} Sin títulos ni encabezados.
[+emoji es]
{q} Sin emojis, por favor.
[-examples es]
{q} Pon un ejemplo, por favor.
[-steps es]
{q} Paso a paso, por favor.
[+numbers es]
{q} No quiero cifras ni números.
[-tone es]
{q} Usa un tono formal, es para un informe.
[-directness es]
{q} Ve directo al grano.
[+questions es]
{q} No me hagas preguntas.
[+length it]
{q} Rispondi in breve.
{q} Al massimo due frasi, per favore.
[-length it]
{q} Vorrei una risposta molto dettagliata.
[+lists +steps it]
{q} Niente elenchi puntati, per favore.
[-lists it]
{q} Rispondi con un elenco puntato.
[-tables it]
{q} Mettilo in una tabella.
[+emoji it]
{q} Senza emoji.
[-examples it]
{q} Fammi un esempio.
[-steps it]
{q} Passo dopo passo, per favore.
[-tone it]
{q} Usi un tono formale, per cortesia.
[+length pt]
{q} Responda em poucas palavras.
{q} No máximo duas frases, por favor.
[-length pt]
{q} Quero uma resposta bem detalhada.
[+lists +steps pt]
{q} Sem listas nem marcadores, por favor.
[-lists pt]
{q} Responda em tópicos.
[-tables pt]
{q} Coloque numa tabela.
[+emoji pt]
{q} Sem emojis, por favor.
[-examples pt]
{q} Dê um exemplo.
[-steps pt]
{q} Passo a passo, por favor.
[-directness pt]
{q} Vá direto ao ponto.
`

type Fillers = { readonly questions: readonly string[]; readonly topics: readonly string[] }

/** What the wordings are about. Every question bears every wording without saying anything about form itself. */
export const FILLERS: Readonly<Record<string, Fillers>> = {
  en: {
    questions: [
      'How do solar panels work?',
      'What should I know before adopting a cat?',
      'How do I prepare for a job interview?',
      'What causes inflation?',
      'Which is better for a small flat, a washer-dryer or two machines?',
      'Why do we have leap years?',
      'How can I sleep better?',
      'What is the greenhouse effect?',
      'How do I start a vegetable garden?',
      'What are the benefits of learning a second language?',
      'What happened at the Congress of Vienna?',
      'Should I lease or buy a car?',
      'How does the stock market work?',
      'What makes a good photograph?',
      'How do I get rid of moths in my wardrobe?',
      'Can you compare Spanish and Portuguese cuisine?',
      'What is stoicism?',
      'How do I deal with a difficult colleague?',
      'What does a project manager do?',
      'How does anaesthesia work?',
      "What's the best way to save for a house?",
    ],
    topics: [
      'how mortgages work',
      'the difference between a virus and a bacterium',
      'the rules of tennis',
      'how bread rises',
      'the French electoral system',
      'how to taste wine',
      'plate tectonics',
    ],
  },
  de: {
    questions: [
      'Wie funktioniert eine Wärmepumpe?',
      'Warum schlafen wir?',
      'Wie bewerbe ich mich um eine Lehrstelle?',
      'Was ist der Unterschied zwischen Butter und Margarine?',
      'Wie halte ich Schnecken vom Salat fern?',
      'Was war der Dreißigjährige Krieg?',
      'Lohnt sich ein Balkonkraftwerk?',
    ],
    topics: ['das Bruttoinlandsprodukt', 'die Relativitätstheorie', 'den Zitronensäurezyklus'],
  },
  fr: {
    questions: [
      'Comment fonctionne un réfrigérateur ?',
      'Pourquoi les feuilles tombent-elles en automne ?',
      'Comment bien dormir en été ?',
      "Qu'est-ce que la laïcité ?",
      'Faut-il préférer le train ou la voiture ?',
    ],
    topics: ['le fonctionnement de la Bourse', 'la Révolution française'],
  },
  es: {
    questions: [
      '¿Cómo funciona un motor eléctrico?',
      '¿Por qué cambian las mareas?',
      '¿Cómo puedo dormir mejor?',
      '¿Qué fue la Guerra Civil española?',
      '¿Es mejor alquilar o comprar un piso?',
    ],
    topics: [],
  },
  it: {
    questions: [
      'Come funziona un pannello solare?',
      'Perché il mare è salato?',
      'Come si prepara un colloquio di lavoro?',
      "Che cos'è l'inflazione?",
    ],
    topics: [],
  },
  pt: {
    questions: [
      'Como funciona uma bateria?',
      'Por que o céu é azul?',
      'Como posso dormir melhor?',
      'O que foi a Revolução dos Cravos?',
    ],
    topics: [],
  },
}
