/** Second messages of a conversation that ask for the answer in another style, and others: what recognises the former learns from. Written for this project. */

export const STYLE_SEEDS = `
can you shorten this|make it shorter|that is too long, please cut it|keep it to two sentences|too much text|shorter version please
I need more detail|a bit longer please|go into more depth|please elaborate, that was too brief
use bullet points|turn this into a list|list format please|bullets instead of paragraphs
no bullet points please|write it as flowing text|as plain paragraphs, no lists
add headings|without headings please|remove the headers
put the key words in bold|no bold text please
make it a table|can you put this in a table|no table, just text
make it more formal|this sounds too casual|more professional please
make it sound more friendly|this is too stiff, relax|say it like a friend would|less formal
skip the introduction|no preamble, just answer|get to the point|just tell me the answer directly
with an example please|leave out the examples
stop saying maybe, be definite|fewer caveats please|tell me how sure you are
don't ask me questions back|ask me something at the end
without emojis|add some emojis
too many figures, leave them out|with some numbers please
leave out the last line offering help|as step by step instructions|number the steps|not as steps please
rewrite it more simply and shorter|the same again but more casual|reformat that|could you write that differently, less wordy
`

export const OTHER_SEEDS = `
what about Italy|and in winter|what if I am allergic to nuts|and for beginners|how much does that cost|is that safe for children
that is not correct|no, the other one|you misunderstood, I meant the river|that was in 1969, not 1970|this does not work|your second point is wrong
thanks, that helps|great, thank you|ok|I see|sounds good
why is that|how does that work|what do you mean by the third point|can you explain the second step|who invented it|where can I buy one
when was the long war|which list should I sign|what is the shortest way to the station|how many steps are there|is there a table for two|what is a bold move
write me a short poem about it|draft an email to my boss|translate it into German|give me a list of good restaurants nearby
are you sure|is that true|do you have a source for that|what else should I know|tell me more about the second option
the example is wrong|the table has a mistake|the number in row two is off|you left out the last step|one heading is missing
does it matter how tall I am|can it be smaller|is a bigger one better|is there a cheaper version
I have two dogs and a cat|I live in a small flat|my answer would be seven|I tried that already
next question: how do plants grow|something else: who won in 1998|new topic, how do I fix a tap
carry on|go on|and then|what happens next|how long will it last|can I use a casual shirt for that
`
