from anthropic import Anthropic

from driver import each_question, serve

client = Anthropic()


def fields(scenario):
    own = {"model": scenario["model"], "max_tokens": scenario["maxTokens"]}
    return {**own, "system": scenario["system"]} if scenario.get("system") else own


def answer_of(message):
    text = "".join(block.text for block in message.content if block.type == "text")
    return {"text": text, "stop": message.stop_reason}


def talk(scenario, ask):
    messages = []

    def turn(question):
        messages.append({"role": "user", "content": question})
        message = ask(**fields(scenario), messages=messages)
        messages.append({"role": "assistant", "content": message.content})
        return answer_of(message)

    return each_question(scenario, turn)


def whole(scenario):
    return talk(scenario, client.messages.create)


def streamed(**body):
    with client.messages.stream(**body) as stream:
        return stream.get_final_message()


def tools(scenario):
    tool = scenario["tool"]
    own = [{"name": tool["name"], "description": tool["description"], "input_schema": tool["schema"]}]
    messages = [{"role": "user", "content": scenario["questions"][0]}]
    answers = []
    while True:
        message = client.messages.create(**fields(scenario), messages=messages, tools=own)
        answers.append(answer_of(message))
        calls = [block for block in message.content if block.type == "tool_use"]
        if not calls:
            return {"answers": answers}
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": tool["result"]} for call in calls
        ]
        messages += [
            {"role": "assistant", "content": message.content},
            {"role": "user", "content": results},
        ]


def thread(scenario):
    conversation = client.beta.messages.thread(**fields(scenario))
    return each_question(
        scenario,
        lambda question: answer_of(conversation.send({"role": "user", "content": question})),
    )


def abort(scenario):
    messages = [{"role": "user", "content": scenario["questions"][0]}]
    with client.messages.stream(**fields(scenario), messages=messages) as stream:
        for _ in stream.text_stream:
            break
    return {"answers": []}


serve(
    {
        "plain": whole,
        "turns": whole,
        "overloaded": whole,
        "unauthorized": whole,
        "stream": lambda scenario: talk(scenario, streamed),
        "tools": tools,
        "thread": thread,
        "abort": abort,
    }
)
