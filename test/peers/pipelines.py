"""Tokenizers with ▁ and with byte letters through random steps, and as transformers 5 saves them, with what they make of texts.

python pipelines.py OUT writes OUT/<number>/ (Hugging Face tokenizers 0.23) and OUT/llama-<number>/ (transformers 5.23's
LlamaTokenizer): tokenizer.json and cases.json, a list of [text, ids, text back].
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, models, trainers
from tokenizers import decoders as d
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p
from transformers import LlamaTokenizer

out = Path(sys.argv[1])
rnd = random.Random(11)
SOURCE = [f.read_text(errors="ignore") for f in Path(__file__).parent.glob("*.*")]
SOURCE += ["Ünïcödé naïve café 12345 ½ ² 一二三 日本語 🎉🎉 ﬁ İ ▁ x▁y don't we'LL the quick brown fox"] * 4
PIECES = [
    *"abcXYZ  \t\n\r'’.,!?<>|_-+=0123456789▁",
    *["'s", "'LL", "'ſ", "'\u212a", "\u0085", "\ufeff", "\u00a0", "\u2028", "é", "e\u0301", "½", "²", "٣", "一", "日本"],
    *["🎉", "👩‍👩‍👧", "ﬁ", "İ", "\u200b", " the", "the", "don't", "   ", "\n\n", "<s>", "</s>", "word", "Wort", " x▁", "thing"],
]
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
PATTERNS = [" ", "a", *map(Regex, [r"\d+", r"[\r\n]", r"\s+$", r"^\S", r"(?i:THE)|\.", ".e", "[一-龥ࠀ-一가-퟿]+"])]
NORMALIZERS = [
    None,
    n.Prepend("▁"),
    n.Sequence([n.Prepend("▁"), n.Replace(" ", "▁")]),
    n.NFC(),
    n.NFD(),
    n.Replace(Regex(r"\s+"), " "),
    n.Strip(),
    n.Sequence([n.NFKC(), n.Strip(left=True, right=False), n.Replace(Regex(" {2,}"), " ")]),
]
SPACES = [d.Replace("▁", " "), d.ByteFallback(), d.Fuse()]


def cut() -> p.PreTokenizer:
    return rnd.choice(
        [
            lambda: p.Metaspace(prepend_scheme=rnd.choice(["first", "never", "always"]), split=rnd.choice([True, False])),
            lambda: p.Split(rnd.choice(PATTERNS), rnd.choice(BEHAVIORS), rnd.choice([True, False])),
            lambda: p.Digits(rnd.choice([True, False])),
            lambda: p.Punctuation(rnd.choice(BEHAVIORS)),
            lambda: p.Split(Regex(WORDS), "isolated"),
            lambda: p.ByteLevel(add_prefix_space=rnd.choice([True, False]), use_regex=rnd.choice([True, False])),
        ]
    )()


def texts(count: int) -> list[str]:
    made = ["".join(rnd.choice(PIECES) for _ in range(rnd.randint(0, 25))) for _ in range(count)]
    return [*made, "", "▁", " ", "  a", "<s><s>", "</s><s>a", "a<s> b"]


def write(folder: Path, tokenizer: Tokenizer) -> None:
    cases = []
    for text in texts(100):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        cases.append([text, ids, tokenizer.decode(ids, skip_special_tokens=False)])
    (folder / "cases.json").write_text(json.dumps(cases))


def pipeline(number: int) -> None:
    steps = [cut() for _ in range(rnd.randint(1, 3))]
    if not any(isinstance(step, (p.Metaspace, p.ByteLevel)) for step in steps):
        steps.append(p.Metaspace())
    has_bytes = rnd.choice([True, False])
    tokenizer = Tokenizer(
        models.BPE(
            unk_token=rnd.choice([None, "<unk>"]),
            fuse_unk=rnd.choice([True, False]),
            byte_fallback=has_bytes,
            ignore_merges=rnd.choice([True, False, False]),
        )
    )
    normalizer = rnd.choice(NORMALIZERS)
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = p.Sequence(steps) if len(steps) > 1 else steps[0]
    tokenizer.decoder = rnd.choice(
        [
            d.ByteLevel(),
            d.Metaspace(prepend_scheme=rnd.choice(["first", "never", "always"])),
            d.Sequence([*SPACES, d.Strip(" ", 1, 0)]),
            d.Sequence(SPACES),
            d.Strip("a", 2, 0),
        ]
    )
    tokens = ["<unk>", "<s>", "</s>"]
    missing = rnd.choice([0, 0, 0.03])
    if has_bytes:
        tokens += [f"<0x{b:02X}>" for b in range(256) if rnd.random() >= missing]
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=tokens, limit_alphabet=rnd.choice([40, 1000]), show_progress=False
    )
    tokenizer.train_from_iterator(SOURCE, trainer)
    saved = json.loads(tokenizer.to_str())
    saved["added_tokens"] = saved["added_tokens"][:3]
    tokenizer = Tokenizer.from_str(json.dumps(saved))
    for word in ["word", "Wort", "thing"]:
        if rnd.random() < 0.6:
            tokenizer.add_tokens([AddedToken(word, normalized=rnd.choice([True, False]))])
    folder = out / str(number)
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    write(folder, tokenizer)


def llama(number: int, **options) -> None:
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256))]
    trained = Tokenizer(models.BPE(fuse_unk=True, byte_fallback=True))
    trained.pre_tokenizer = p.Metaspace(split=number % 2 == 0)
    trained.train_from_iterator(SOURCE, trainers.BpeTrainer(vocab_size=900, special_tokens=tokens, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    tokenizer = LlamaTokenizer(vocab=model["vocab"], merges=[tuple(m) for m in model["merges"]], **options)
    folder = out / f"llama-{number}"
    tokenizer.save_pretrained(folder)
    write(folder, tokenizer._tokenizer)


for number in range(40):
    pipeline(number)
for number, options in enumerate([{}, dict(legacy=True), dict(add_prefix_space=False), dict(add_prefix_space=True)]):
    llama(number, **options)
