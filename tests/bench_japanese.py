"""Compare the speed of Japanese tokenization with fugashi and transformers: both in turn, on one core.

    python tests/bench_japanese.py BINARY [--rounds 5] [--texts FILE]

BINARY is the bench that `cargo bench --workspace --bench japanese --no-run` builds; with `--print NAME` it
prints one number: texts a second. FILE is a JSON array of texts or JSON lines; without it the committed sample serves.
Needs the packages of tests/requirements.txt.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time
import unicodedata

os.environ["HF_HUB_OFFLINE"] = "1"
FIXTURES = pathlib.Path(__file__).resolve().parent / "fixtures" / "japanese"


def read_texts(path):
    content = pathlib.Path(path).read_text(encoding="utf-8")
    return json.loads(content) if content.startswith("[") else [json.loads(line) for line in content.split("\n") if line]


def rate(function, texts):
    start = time.perf_counter()
    for text in texts:
        function(text)
    return len(texts) / (time.perf_counter() - start)


def references():
    import fugashi
    import ipadic
    import unidic_lite
    from transformers import BertJapaneseTokenizer

    def surfaces(folder):
        tagger = fugashi.GenericTagger(f'-d "{folder}" -r "{folder}/mecabrc"')
        return lambda text: [word.surface for word in tagger.parseToNodeList(text)]

    tokenizer = BertJapaneseTokenizer(
        str(FIXTURES / "tohoku-v3.txt"), word_tokenizer_type="mecab", mecab_kwargs={"mecab_dic": "unidic_lite"}
    )
    return {
        "words-unidic_lite": surfaces(unidic_lite.DICDIR),
        "words-ipadic": surfaces(ipadic.DICDIR),
        "ids-unidic_lite": tokenizer,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--texts", default=str(FIXTURES / "natural.jsonl"))
    arguments = parser.parse_args()
    # The analyser alone is given what it gets within the tokenizer: text in NFKC.
    texts = [unicodedata.normalize("NFKC", text) for text in read_texts(arguments.texts)]
    for name, reference in references().items():
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            theirs.append(rate(reference, texts))
            output = subprocess.run(
                [arguments.binary, "--print", name], input=json.dumps(texts), capture_output=True, text=True, check=True
            )
            ours.append(float(output.stdout))
        one, other = statistics.median(ours), statistics.median(theirs)
        print(f"{name}: {one:,.0f} texts/s, reference {other:,.0f}, ratio {one / other:.1f}")


if __name__ == "__main__":
    main()
