import asyncio

import litellm

from driver import each_question, serve

litellm.suppress_debug_info = True


def fields(scenario):
    return {"model": f"anthropic/{scenario['model']}", "max_tokens": scenario["maxTokens"]}


def beginning(scenario):
    system = scenario.get("system")
    return [{"role": "system", "content": system}] if system else []


def answer_of(response):
    choice = response.choices[0]
    return {"text": choice.message.content or "", "stop": choice.finish_reason}


def talk(scenario, ask):
    messages = beginning(scenario)

    def turn(question):
        messages.append({"role": "user", "content": question})
        response = ask(**fields(scenario), messages=messages)
        messages.append(response.choices[0].message)
        return answer_of(response)

    return each_question(scenario, turn)


def whole(scenario):
    return talk(scenario, litellm.completion)


def streamed(**body):
    chunks = list(litellm.completion(**body, stream=True))
    return litellm.stream_chunk_builder(chunks)


def tools(scenario):
    tool = scenario["tool"]
    function = {"name": tool["name"], "description": tool["description"], "parameters": tool["schema"]}
    messages = beginning(scenario) + [{"role": "user", "content": scenario["questions"][0]}]
    answers = []
    while True:
        response = litellm.completion(
            **fields(scenario), messages=messages, tools=[{"type": "function", "function": function}]
        )
        answers.append(answer_of(response))
        message = response.choices[0].message
        if not message.tool_calls:
            return {"answers": answers}
        messages.append(message)
        for call in message.tool_calls:
            messages.append({"role": "tool", "tool_call_id": call.id, "content": tool["result"]})


def abort(scenario):
    """As a server that runs litellm does when its own caller goes away: the task is cancelled."""
    messages = [{"role": "user", "content": scenario["questions"][0]}]

    async def read(has_begun):
        response = await litellm.acompletion(**fields(scenario), messages=messages, stream=True)
        async for chunk in response:
            if chunk.choices[0].delta.content:
                has_begun.set()

    async def cancelled():
        has_begun = asyncio.Event()
        task = asyncio.create_task(read(has_begun))
        await has_begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(cancelled())
    return {"answers": []}


serve(
    {
        "plain": whole,
        "turns": whole,
        "overloaded": whole,
        "unauthorized": whole,
        "stream": lambda scenario: talk(scenario, streamed),
        "tools": tools,
        "abort": abort,
    }
)
