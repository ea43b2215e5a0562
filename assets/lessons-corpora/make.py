"""Draws the samples of this folder from the corpora they belong to. Run: python assets/lessons-corpora/make.py ../shared/datasets"""

import csv
import json
import random
import sys
from pathlib import Path

HERE = Path(__file__).parent
KINDS = {"人名": "人名", "地名": "地名", "法人名": "組織名", "政治的組織名": "組織名", "その他の組織名": "組織名"}


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def drawn(rows, count):
    return random.Random(0).sample(rows, count)


def write_pairs(name, column, rows):
    with open(HERE / name, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sentence1", "sentence2", column])
        writer.writerows([row["sentence1"], row["sentence2"], row["label"]] for row in rows)


def entities(row):
    """The names of a sentence that are of three kinds; a few hundred sentences teach a small model no eight."""
    return [{"span": entity["span"], "type": KINDS[entity["type"]]} for entity in row["entities"] if entity["type"] in KINDS]


def questions(articles, count):
    """One question each of as many passages, in SQuAD's form."""
    paragraphs = drawn([paragraph for article in articles for paragraph in article["paragraphs"]], count)
    keys = ("id", "question", "answers")
    parts = [{"context": paragraph["context"], "qas": [{key: paragraph["qas"][0][key] for key in keys}]} for paragraph in paragraphs]
    return {"version": "1.1", "data": [{"title": "JSQuAD", "paragraphs": parts}]}


def main():
    data = Path(sys.argv[1])
    write_pairs("similarity.csv", "score", drawn(lines(data / "jglue/jsts-v1.3/train-v1.3.json"), 600))
    pairs = lines(data / "jglue/jnli-v1.3/valid-v1.3.json")
    of_label = lambda label: drawn([pair for pair in pairs if pair["label"] == label], 200)
    write_pairs("inference.csv", "label", drawn(sum(map(of_label, ("entailment", "contradiction", "neutral")), []), 600))
    names = drawn(json.loads((data / "ner-wikipedia-ja/ner.json").read_text(encoding="utf-8")), 800)
    rows = [json.dumps({"text": row["text"], "entities": entities(row)}, ensure_ascii=False) for row in names]
    (HERE / "names.json").write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    articles = json.loads((data / "jglue/jsquad-v1.3/valid-v1.3.json").read_text(encoding="utf-8"))["data"]
    text = json.dumps(questions(articles, 300), ensure_ascii=False)
    (HERE / "answers.json").write_text(text.replace('{"context"', '\n{"context"') + "\n", encoding="utf-8")
    works = (data / "aozora/niimi.txt").read_text(encoding="utf-8").split("\f")
    kept, size = [], 0
    for work in works:
        work = "\n".join(line for line in work.strip().split("\n") if line.strip())
        if work and size + len(work) < 50_000:
            kept.append(work)
            size += len(work)
    (HERE / "style.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
