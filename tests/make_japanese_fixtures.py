"""Make the references of Japanese tokenization, and check all there is against them.

    python tests/make_japanese_fixtures.py sample DATASETS   writes tests/fixtures/japanese again
    python tests/make_japanese_fixtures.py full DATASETS     references for every text, then `cargo test` against them

DATASETS is a folder with jglue, jcola, aozora, jrte and ner-wikipedia-ja. The sample takes only texts that may be
redistributed. References are the ids of transformers' BertJapaneseTokenizer and of sentencepiece (versions in
tests/requirements.txt), hashed: the first 16 hexadecimal digits of the SHA-256 of the ids joined by commas.
"""

import argparse
import glob
import hashlib
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "fixtures" / "japanese"
SEED = 20240607
SAMPLE_NATURAL, SAMPLE_ADVERSARIAL, FULL_ADVERSARIAL = 3000, 2000, 10000


def redistributable(datasets):
    """Texts of jsts, jnli, jsquad, jcola and aozora."""
    for path in sorted(glob.glob(f"{datasets}/jglue/js*/*") + glob.glob(f"{datasets}/jglue/jnli*/*")):
        yield from jglue_texts(path)
    for path in sorted(glob.glob(f"{datasets}/jcola/*.tsv")):
        for line in lines(path):
            yield from line.split("\t")[4:]
    for path in sorted(glob.glob(f"{datasets}/aozora/*.txt")):
        yield from lines(path)


def every_text(datasets):
    """Texts of all Japanese data sets."""
    yield from redistributable(datasets)
    for path in sorted(glob.glob(f"{datasets}/jglue/jcommonsenseqa*/*")):
        yield from jglue_texts(path)
    for line in lines(f"{datasets}/jrte/pn.tsv"):
        yield line.split("\t")[2]
    with open(f"{datasets}/ner-wikipedia-ja/ner.json", encoding="utf-8") as file:
        yield from (entry["text"] for entry in json.load(file))


def jglue_texts(path):
    if "jsquad" in path:
        with open(path, encoding="utf-8") as file:
            articles = json.load(file)["data"]
        for article in articles:
            yield article["title"]
            for paragraph in article["paragraphs"]:
                yield paragraph["context"]
                yield from (question["question"] for question in paragraph["qas"])
    else:
        for line in lines(path):
            yield from (value for value in json.loads(line).values() if isinstance(value, str))


def lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        yield from (line.rstrip("\n") for line in file)


def unique(texts):
    return [text for text in dict.fromkeys(texts) if text]


def characters(*ranges):
    return [chr(code) for first, last in ranges for code in range(first, last + 1)]


def adversarial(count, natural):
    """Strings of what breaks tokenizers: normalization, marks, controls, NULs, runs, special tokens, rare planes."""
    rng = random.Random(SEED)
    pools = [
        characters((0x20, 0x7E)),
        characters((0, 0x1F), (0x7F, 0x85), (0x2000, 0x200F), (0x2028, 0x202F)) + list("\u3000\ufeff\xad\u205f\u1680"),
        characters((0x3041, 0x3096)),
        characters((0x30A1, 0x30FE)),
        characters((0xFF01, 0xFFEE)),
        [chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(400)],
        characters((0x300, 0x36F), (0x3099, 0x309A), (0xFE00, 0xFE0F)) + ["\u20e3"],
        list("😀😁👨👩👧🇯🇵👍🏽❤️🏴𠮷\U0002f800\U000e0067") + ["👨\u200d👩\u200d👧", "🇯🇵"],
        list("㌔㍻㈱①②Ⅷ½㎏ﬁﬂﬀſẞßİıΣςσ℡™㋿ﷺﷻ㍿㌀ǅΐᾳŉ"),
        characters((0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2)) + list("가각힣ㄱ"),
        list("αβγабвгאבגابةกขฃเดท"),
        ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[mask]", "[SEP", "SEP]", "##", "##a", "[", "]", "<s>", "</s>", "▁"],
        list("0129１２億万千.,%$"),
        list("\ufffd\uffff\ufffe\ue000\uf8ff\ud7ff\0\U0010ffff\U000f0000"),
        characters((0xA0, 0x24F)),
        list("abcABZａＺ"),
    ]

    def piece():
        kind = rng.random()
        if kind < 0.25:
            text = rng.choice(natural)
            start = rng.randrange(len(text))
            return text[start : start + rng.randrange(1, 20)]
        if kind < 0.35:
            return rng.choice(rng.choice(pools)) * rng.choice([1, 2, 5, 22, 23, 24, 25, 26, 27, 30, 99, 100, 101, 102, 130])
        if kind < 0.42:
            return " " * rng.randrange(1, 5)
        if kind < 0.5:
            code = lambda: rng.choice([rng.randrange(0, 0xD800), rng.randrange(0xE000, 0x110000)])
            return "".join(chr(code()) for _ in range(rng.randrange(1, 8)))
        pool = rng.choice(pools)
        return "".join(rng.choice(pool) for _ in range(rng.randrange(1, 12)))

    texts = ["", " ", "  ", "\u3000", "\0", "a\0b", "\u0301", "\u3099", "か\u3099", "ｶ\uff9e", "\uff9e", "\uffa1\uffc2"]
    while len(texts) < count:
        texts.append("".join(piece() for _ in range(rng.randrange(1, 7))))
    return texts


def mecab(dictionary, **settings):
    return {
        "tokenizer_class": "BertJapaneseTokenizer",
        "word_tokenizer_type": "mecab",
        "subword_tokenizer_type": "wordpiece",
        "do_lower_case": False,
        "mecab_kwargs": {"mecab_dic": dictionary},
    } | settings


def basic(**settings):
    return {
        "tokenizer_class": "BertJapaneseTokenizer",
        "word_tokenizer_type": "basic",
        "subword_tokenizer_type": "wordpiece",
        "do_lower_case": False,
    } | settings


CASES = {
    "unidic-wordpiece": ("tohoku-v3.txt", mecab("unidic_lite")),
    "unidic-wordpiece-lower": ("tohoku-v3.txt", mecab("unidic_lite", do_lower_case=True)),
    "ipadic-wordpiece": ("tohoku-v3.txt", mecab("ipadic")),
    "unidic-character": ("tohoku-v3.txt", mecab("unidic_lite", subword_tokenizer_type="character")),
    "ipadic-character-lower": (
        "tohoku-v3.txt",
        mecab("ipadic", subword_tokenizer_type="character", do_lower_case=True),
    ),
    "basic-wordpiece": ("tohoku-v3.txt", basic()),
    "basic-wordpiece-lower": ("tohoku-v3.txt", basic(do_lower_case=True)),
    "basic-character": ("deberta-char.txt", basic(subword_tokenizer_type="character")),
    "given-wordpiece": ("tohoku-v3.txt", basic(do_word_tokenize=False)),
    "given-character": ("tohoku-v3.txt", basic(do_word_tokenize=False, subword_tokenizer_type="character")),
    "sentencepiece": ("spiece.model", {"tokenizer_class": "T5Tokenizer"}),
    "sentencepiece-lower": ("spiece.model", {"tokenizer_class": "T5Tokenizer", "do_lower_case": True}),
}


def encoder(vocabulary, config):
    """The reference as a function from text to ids."""
    if vocabulary == "spiece.model":
        import sentencepiece

        model = sentencepiece.SentencePieceProcessor(model_file=str(FIXTURES / vocabulary))
        lower = config.get("do_lower_case", False)
        return lambda text: model.encode(text.lower() if lower else text) + [model.eos_id()]
    from transformers import BertJapaneseTokenizer

    settings = {key: value for key, value in config.items() if key != "tokenizer_class"}
    tokenizer = BertJapaneseTokenizer(str(FIXTURES / vocabulary), **settings)
    return lambda text: tokenizer(text)["input_ids"]


def write(folder, texts):
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in texts.items():
        write_lines(folder / f"{name}.jsonl", (json.dumps(text, ensure_ascii=True) for text in part))
    cases = []
    for case, (vocabulary, config) in CASES.items():
        encode = encoder(vocabulary, config)
        start = time.time()
        hashes = {name: [digest(encode(text)) for text in part] for name, part in texts.items()}
        for name, part in hashes.items():
            write_lines(folder / f"{case}.{name}.txt", part)
        cases.append({"name": case, "vocabulary": vocabulary, "tokenizer_config": config})
        print(f"{case}: {sum(map(len, texts.values()))} texts in {time.time() - start:.1f} s", flush=True)
    (folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n", encoding="utf-8")


def digest(ids):
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:16]


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["sample", "full"])
    parser.add_argument("datasets")
    arguments = parser.parse_args()
    if arguments.part == "sample":
        natural = random.Random(SEED).sample(unique(redistributable(arguments.datasets)), SAMPLE_NATURAL)
        write(FIXTURES, {"natural": natural, "adversarial": adversarial(SAMPLE_ADVERSARIAL, natural)})
        return
    natural = unique(every_text(arguments.datasets))
    texts = {"natural": natural, "adversarial": adversarial(FULL_ADVERSARIAL, natural)}
    print({name: len(part) for name, part in texts.items()}, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        write(pathlib.Path(folder), texts)
        environment = os.environ | {"TERAKOYA_JAPANESE_REFERENCES": folder}
        command = ["cargo", "test", "--release", "--workspace", "--test", "japanese", "--", "--nocapture"]
        raise SystemExit(subprocess.run(command, cwd=ROOT, env=environment).returncode)


if __name__ == "__main__":
    main()
