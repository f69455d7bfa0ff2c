"""Writes pipelines.json: what Hugging Face tokenizers 0.23.3 makes of texts through steps as transformers 4 and 5 write them.

Two small vocabularies, trained on the text below, are shared by all pipelines: `marked` (▁ for a space, single bytes as tokens)
and `letters` (GPT-2's letter for each byte). A case is [text, ids, text back].
"""

import json
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers

TEXT = """the quick brown fox jumps over the lazy dog; don't stop, we'll see. I'M here, you've 12 and 345 and 6789.
the cat writes: def f(x): return x == 1 or y != 2  # two spaces, naïve café, the answer is the thing that the dog wants
\tand then the end. then the other thing, the quick one, answers the question of the day."""
MARKED, FIRST = "▁", {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
TEXTS = [
    *["", " ", "the", " the", "  the  quick ", "the quick dog", "a\n\n  the", "\tthe\r\n", "12 345 6789", "٣½²12"],
    *["don't I'M we'LL 'ſ", "x▁y", "▁the", "naïve cafe\u0301", "日本 🎉👩‍👧", "\ufeffthe\u00a0quick\u0085", "a.b, (c)!!"],
    *["<s>the", "the<s> quick</s><s>", "</s></s>", "a <s> b", "thing", "the thing and thing", "word wordthe Word"],
]


def split(pattern: dict, behavior: str, invert: bool = False) -> dict:
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def sequence(*steps: dict) -> dict:
    return {"type": "Sequence", "pretokenizers": list(steps)}


def byte_level(prefix: bool, regex: bool) -> dict:
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


PREPEND = {
    "type": "Sequence",
    "normalizers": [
        {"type": "Prepend", "prepend": MARKED},
        {"type": "Replace", "pattern": {"String": " "}, "content": MARKED},
    ],
}
STRIPPED = {
    "type": "Sequence",
    "decoders": [
        {"type": "Replace", "pattern": {"String": MARKED}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ],
}
UNSTRIPPED = {"type": "Sequence", "decoders": STRIPPED["decoders"][:3]}
LETTERS = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s+"

PIPELINES = {
    "transformers 5, Llama": ("marked", None, FIRST, STRIPPED, {}),
    "transformers 5, Llama without a prefix": ("marked", None, {**FIRST, "prepend_scheme": "never"}, UNSTRIPPED, {}),
    "transformers 4, Llama": ("marked", PREPEND, None, STRIPPED, {"unk_token": "<unk>"}),
    "transformers 4.38, Llama": (
        "marked",
        None,
        {"type": "Metaspace", "replacement": MARKED, "add_prefix_space": True, "prepend_scheme": "first", "split": False},
        STRIPPED,
        {},
    ),
    "always, split": (
        "marked",
        None,
        {"type": "Metaspace", "replacement": MARKED, "str_rep": MARKED, "prepend_scheme": "always", "split": True},
        {"type": "Metaspace", "replacement": MARKED, "prepend_scheme": "always", "split": True},
        {},
    ),
    "never, split": (
        "marked",
        None,
        {"type": "Metaspace", "replacement": MARKED, "prepend_scheme": "never"},
        {"type": "Metaspace", "replacement": MARKED, "prepend_scheme": "never"},
        {},
    ),
    "first, behind a split": (
        "marked",
        None,
        sequence(split({"Regex": r"\d+|[\r\n]"}, "MergedWithPrevious"), {**FIRST, "split": True}),
        STRIPPED,
        {},
    ),
    "no bytes, unknown fused": ("marked", PREPEND, None, STRIPPED, {"unk_token": "<unk>", "byte_fallback": False}),
    "no bytes, unknown each": (
        "marked",
        None,
        FIRST,
        UNSTRIPPED,
        {"unk_token": "<unk>", "byte_fallback": False, "fuse_unk": False},
    ),
    "no bytes, nothing for unknown": ("marked", None, FIRST, STRIPPED, {"byte_fallback": False}),
    "whole words first": ("marked", None, {**FIRST, "split": True}, STRIPPED, {"ignore_merges": True}),
    "NFKC and fewer spaces": (
        "marked",
        {
            "type": "Sequence",
            "normalizers": [
                {"type": "NFKC"},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
                {"type": "Prepend", "prepend": MARKED},
                {"type": "Replace", "pattern": {"String": " "}, "content": MARKED},
            ],
        },
        None,
        STRIPPED,
        {},
    ),
    "GPT-2": ("letters", None, byte_level(False, True), LETTERS, {}),
    "GPT-2 with a prefix": ("letters", None, byte_level(True, True), LETTERS, {}),
    "single digits": (
        "letters",
        None,
        sequence({"type": "Digits", "individual_digits": True}, byte_level(False, True)),
        LETTERS,
        {},
    ),
    "Llama 3": ("letters", None, sequence(split({"Regex": WORDS}, "Isolated"), byte_level(False, False)), LETTERS, {"ignore_merges": True}),
    "DeepSeek": (
        "letters",
        {"type": "Sequence", "normalizers": []},
        sequence(
            split({"Regex": r"\p{N}{1,3}"}, "Isolated"),
            split({"Regex": "[一-龥぀-ゟ゠-ヿ]+"}, "Isolated"),
            split({"Regex": DEEPSEEK}, "Isolated"),
            byte_level(False, False),
        ),
        LETTERS,
        {},
    ),
    "Falcon": (
        "letters",
        {"type": "NFC"},
        sequence(
            {"type": "Punctuation", "behavior": "Contiguous"},
            byte_level(False, True),
            {"type": "Digits", "individual_digits": False},
            split({"Regex": "[0-9][0-9][0-9]"}, "Isolated"),
        ),
        LETTERS,
        {},
    ),
    "lines": (
        "letters",
        None,
        sequence(split({"Regex": r"\s+$|^\S"}, "Isolated"), split({"Regex": "a."}, "MergedWithNext"), byte_level(False, False)),
        LETTERS,
        {},
    ),
    "matches only": (
        "letters",
        None,
        sequence(split({"Regex": r"\S+|\s+"}, "Removed", True), split({"String": "e"}, "Contiguous"), byte_level(False, False)),
        LETTERS,
        {},
    ),
}


def trained(kind: str) -> dict:
    tokenizer = Tokenizer(models.BPE())
    alphabet = pre_tokenizers.ByteLevel.alphabet() if kind == "letters" else []
    tokenizer.pre_tokenizer = (
        pre_tokenizers.ByteLevel(add_prefix_space=False) if kind == "letters" else pre_tokenizers.Metaspace()
    )
    tokens = ["<unk>", "<s>", "</s>"]
    if kind == "marked":
        tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=460, special_tokens=tokens, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    return json.loads(tokenizer.to_str())["model"]


def main() -> None:
    vocabularies = {kind: trained(kind) for kind in ("marked", "letters")}
    pipelines = []
    for name, (kind, normalizer, pre_tokenizer, decoder, model) in PIPELINES.items():
        flags = {"fuse_unk": kind == "marked", "byte_fallback": kind == "marked", "unk_token": None, **model}
        file = json.loads(Tokenizer(models.BPE()).to_str())
        file |= {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "decoder": decoder}
        file["model"] = {**vocabularies[kind], **flags}
        tokenizer = Tokenizer.from_str(json.dumps(file))
        tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
        tokenizer.add_tokens([AddedToken("thing", normalized=False), AddedToken("word", normalized=True)])
        saved = json.loads(tokenizer.to_str())
        cases = []
        for text in TEXTS:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            cases.append([text, ids, tokenizer.decode(ids, skip_special_tokens=False)])
        del saved["model"]["vocab"], saved["model"]["merges"]
        pipelines.append({"name": name, "vocabulary": kind, "file": saved, "cases": cases})
    words = {kind: {"vocab": v["vocab"], "merges": v["merges"]} for kind, v in vocabularies.items()}
    lines = ",\n".join(json.dumps(p, ensure_ascii=False) for p in pipelines)
    text = f'{{"vocabularies":{json.dumps(words, ensure_ascii=False)},\n"pipelines":[\n{lines}\n]}}\n'
    Path(__file__).with_name("pipelines.json").write_text(text)


main()
