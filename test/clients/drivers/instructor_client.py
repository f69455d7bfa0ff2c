import instructor
from anthropic import Anthropic
from pydantic import BaseModel

from driver import serve


class Answer(BaseModel):
    answer: str


def created(mode):
    def run(scenario):
        client = instructor.from_anthropic(Anthropic(), mode=mode)
        answer = client.create(
            model=scenario["model"],
            max_tokens=scenario["maxTokens"],
            messages=[{"role": "user", "content": scenario["questions"][0]}],
            response_model=Answer,
        )
        return {"answers": [{"text": answer.answer, "stop": None}]}

    return run


def stream(scenario):
    client = instructor.from_anthropic(Anthropic(), mode=instructor.Mode.ANTHROPIC_TOOLS)
    parts = client.create_partial(
        model=scenario["model"],
        max_tokens=scenario["maxTokens"],
        messages=[{"role": "user", "content": scenario["questions"][0]}],
        response_model=Answer,
    )
    return {"answers": [{"text": list(parts)[-1].answer, "stop": None}]}


serve(
    {
        "output": created(instructor.Mode.ANTHROPIC_TOOLS),
        "json": created(instructor.Mode.ANTHROPIC_JSON),
        "overloaded": created(instructor.Mode.ANTHROPIC_TOOLS),
        "unauthorized": created(instructor.Mode.ANTHROPIC_TOOLS),
        "stream": stream,
    }
)
