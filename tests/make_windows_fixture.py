"""Writes fixtures/windows: a dozen passages of XQuAD in English, the windows that transformers cuts them into beside their
questions with bert-tiny's tokenizer, where the answer stands in each, and what SQuAD's official evaluation (the algorithm of
evaluate-v1.1.py, in fractions of 1) makes of answers that are made up.

Run: python tests/make_windows_fixture.py ../shared/datasets/xquad-en/xquad.en.json
"""

import collections
import json
import random
import re
import string
import sys
from pathlib import Path

from transformers import AutoTokenizer

HERE = Path(__file__).parent
FOLDER = HERE / "fixtures" / "windows"
MAX_LENGTH, STRIDE = 64, 16
PASSAGES = 12
# Characters of a passage: long enough for several windows, short enough for a fixture.
SHORTEST, LONGEST = 350, 900


def chosen(articles):
    """One passage an article as long as there are, those with characters beyond ASCII first; two questions each."""
    fitting = [[paragraph for paragraph in article["paragraphs"] if SHORTEST <= len(paragraph["context"]) <= LONGEST]
               for article in articles]
    firsts = [min(paragraphs, key=lambda paragraph: paragraph["context"].isascii()) for paragraphs in fitting if paragraphs]
    rest = [paragraph for paragraphs in fitting for paragraph in paragraphs if paragraph not in firsts]
    picked = (firsts + rest)[:PASSAGES]
    return [{"context": paragraph["context"], "qas": paragraph["qas"][:2]} for paragraph in picked]


def place(offsets, sequence, answer):
    """The tokens of an answer in a window as transformers' run_qa.py finds them; (0, 0), [CLS], where it is not whole."""
    start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
    tokens = [at for at, which in enumerate(sequence) if which == 1]
    first, last = tokens[0], tokens[-1]
    if offsets[first][0] > start or offsets[last][1] < end:
        return [0, 0]
    while first < len(offsets) and offsets[first][0] <= start:
        first += 1
    while offsets[last][1] >= end:
        last -= 1
    return [first - 1, last + 1]


def windows(tokenizer, question, context, answer):
    """The passage's tokens and characters, and of each window its first token, the one after its last, and the answer's."""
    encoded = tokenizer(question, context, truncation="only_second", max_length=MAX_LENGTH, stride=STRIDE,
                        return_overflowing_tokens=True, return_offsets_mapping=True)
    plain = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)
    asked = tokenizer(question, add_special_tokens=False)["input_ids"]
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    found = []
    for number, ids in enumerate(encoded["input_ids"]):
        sequence, offsets = encoded.sequence_ids(number), encoded["offset_mapping"][number]
        inside = [offset for offset, which in zip(offsets, sequence) if which == 1]
        first = plain["offset_mapping"].index(inside[0])
        last = first + len(inside)
        # So that a window is told by two numbers.
        assert plain["offset_mapping"][first:last] == inside
        assert ids == [cls] + asked + [sep] + plain["input_ids"][first:last] + [sep]
        found.append([first, last] + place(offsets, sequence, answer))
    assert found[-1][1] == len(plain["input_ids"])
    return {"question": asked, "passage": plain["input_ids"],
            "offsets": [number for offset in plain["offset_mapping"] for number in offset], "windows": found}


def normalize_answer(text):
    """Lower-cased, without punctuation, articles and extra white space."""
    kept = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def f1_score(said, gold):
    """Over words, each counted as often as it is on both sides."""
    said, gold = normalize_answer(said).split(), normalize_answer(gold).split()
    same = sum((collections.Counter(said) & collections.Counter(gold)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(said), same / len(gold)
    return 2 * precision * recall / (precision + recall)


def made_up(rng, answer, context):
    """An answer that is right, nearly right or wrong."""
    words = context.split()
    at = rng.randrange(len(words))
    return rng.choice([
        answer,
        f"the {answer.upper()}.",
        " ".join(answer.split()[:-1]) or answer,
        f"{answer} {words[at]}",
        " ".join(words[at:at + 3]),
        "",
    ])


def main():
    articles = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["data"]
    paragraphs = chosen(articles)
    tokenizer = AutoTokenizer.from_pretrained(HERE.parent / "assets" / "bert-tiny")
    rng = random.Random(0)
    questions, exact, f1 = [], 0.0, 0.0
    for paragraph in paragraphs:
        for question in paragraph["qas"]:
            [answer] = question["answers"]
            said = made_up(rng, answer["text"], paragraph["context"])
            exact += float(normalize_answer(said) == normalize_answer(answer["text"]))
            f1 += f1_score(said, answer["text"])
            cut = windows(tokenizer, question["question"], paragraph["context"], answer)
            questions.append({"id": question["id"], "said": said, **cut})
    # The passage's tokens stand with its first question.
    last = None
    for question in questions:
        if question["passage"] == last:
            del question["passage"], question["offsets"]
        else:
            last = question["passage"]
    reference = {"max_length": MAX_LENGTH, "stride": STRIDE, "exact_match": exact / len(questions),
                 "f1": f1 / len(questions), "questions": questions}
    FOLDER.mkdir(exist_ok=True)
    squad = {"version": "1.1", "data": [{"title": "xquad", "paragraphs": paragraphs}]}
    for name, value in (("squad.json", squad), ("reference.json", reference)):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        (FOLDER / name).write_text(re.sub(r'(\{"(?:id|context)")', r"\n\1", text) + "\n", encoding="utf-8")
        print(name, (FOLDER / name).stat().st_size, "bytes")
    print(len(paragraphs), "passages,", len(questions), "questions,", sum(len(q["windows"]) for q in questions), "windows")


main()
