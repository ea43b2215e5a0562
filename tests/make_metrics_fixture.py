"""Writes fixtures/metrics.json: random gold and predicted labels with what scikit-learn 1.9.1 makes of them; and
fixtures/entities.json: random BIO tags with what seqeval 1.2.2 makes of them; and fixtures/answers.json: answers with what
SQuAD's official evaluation makes of them (the algorithm of evaluate-v1.1.py and evaluate-v2.0.py, in fractions of 1).

Run: python tests/make_metrics_fixture.py
"""

import collections
import json
import random
import re
import string
from pathlib import Path

from seqeval import metrics as seqeval
from seqeval.metrics.sequence_labeling import get_entities
from sklearn import metrics


def case(name, labels, gold, predicted):
    """`labels` are the model's, `predicted` are positions in it; gold labels may be others."""
    said = [labels[index] for index in predicted]
    every = labels + sorted(set(gold) - set(labels))
    precision, recall, f1, support = metrics.precision_recall_fscore_support(gold, said, labels=every, zero_division=0)
    return {
        "name": name,
        "labels": labels,
        "gold": gold,
        "predicted": predicted,
        "all_labels": every,
        "accuracy": metrics.accuracy_score(gold, said),
        "macro_f1": metrics.f1_score(gold, said, average="macro", zero_division=0),
        "weighted_f1": metrics.f1_score(gold, said, average="weighted", zero_division=0),
        "mcc": metrics.matthews_corrcoef(gold, said),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": [int(count) for count in support],
        "confusion_matrix": metrics.confusion_matrix(gold, said, labels=every).tolist(),
    }


def random_tags(rng, types, length):
    """Tags that often break the rules: an I- after O, at the start, or after another type."""
    every = ["O"] + [prefix + kind for kind in types for prefix in ("B-", "I-", "I-")]
    return rng.choices(every, [len(types)] + [1] * (len(every) - 1), k=length)


def similar_tags(rng, tags, types):
    """The tags with about one in four replaced."""
    return [rng.choice(random_tags(rng, types, 1)) if rng.random() < 0.25 else tag for tag in tags]


def entity_case(name, gold, predicted):
    """What seqeval says of one list of sentences."""
    report = seqeval.classification_report(gold, predicted, output_dict=True, zero_division=0)
    scores = lambda key: [float(report[key][score]) for score in ("precision", "recall", "f1-score")]
    averages = ("micro avg", "macro avg", "weighted avg")
    return {
        "name": name,
        "gold": [" ".join(tags) for tags in gold],
        "predicted": [" ".join(tags) for tags in predicted],
        "precision": float(seqeval.precision_score(gold, predicted, zero_division=0)),
        "recall": float(seqeval.recall_score(gold, predicted, zero_division=0)),
        "f1": float(seqeval.f1_score(gold, predicted, zero_division=0)),
        "types": [[kind, scores(kind), int(report[kind]["support"])] for kind in sorted(report) if kind not in averages],
        "macro_average": scores("macro avg"),
        "weighted_average": scores("weighted avg"),
        "entities": [[kind, number, start, end] for number, tags in enumerate(gold)
                     for kind, start, end in get_entities(tags)],
    }


def entity_cases():
    """Random sentences of one to four types, and the edges."""
    cases = []
    for seed, types in enumerate([["x"], ["x", "y"], ["PER", "LOC", "ORG"], ["人名", "地名", "a-b", "a"]] * 2):
        rng = random.Random(seed)
        gold = [random_tags(rng, types, rng.randint(1, 12)) for _ in range(8)]
        predicted = [similar_tags(rng, tags, types) for tags in gold]
        cases.append(entity_case(f"random {seed}, {len(types)} types", gold, predicted))
    cases.append(entity_case("a type that is only predicted", [["B-x", "O", "O"]], [["B-x", "I-y", "O"]]))
    cases.append(entity_case("a type that is never predicted", [["B-x", "B-y", "O"]], [["B-x", "O", "O"]]))
    cases.append(entity_case("nothing predicted", [["B-x", "I-x"], ["O"]], [["O", "O"], ["O"]]))
    cases.append(entity_case("nothing but what is wrong", [["O", "O"]], [["I-x", "I-x"]]))
    return cases


def normalize_answer(text):
    """Lower text and remove punctuation, articles and extra whitespace."""
    text = "".join(character for character in text.lower() if character not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def answer_f1(gold, predicted, version):
    """F1 of two lists of tokens. Version 2 gives 1 where both are empty and 0 where one is."""
    if version == 2 and (not gold or not predicted):
        return float(gold == predicted)
    same = sum((collections.Counter(gold) & collections.Counter(predicted)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(predicted), same / len(gold)
    return 2 * precision * recall / (precision + recall)


def answer_case(name, gold, predicted):
    """What the scripts say; version 2's rules where a question has no answer. Characters: ours, for want of spaces."""
    version = 2 if any(not answers for answers in gold) else 1
    scores = []
    for answers, said in zip(gold, predicted):
        if version == 2:
            answers = [answer for answer in answers if normalize_answer(answer)] or [""]
        said = normalize_answer(said)
        answers = [normalize_answer(answer) for answer in answers]
        scores.append((
            max(float(said == answer) for answer in answers),
            max(answer_f1(answer.split(), said.split(), version) for answer in answers),
            max(answer_f1(list(answer.replace(" ", "")), list(said.replace(" ", "")), version) for answer in answers),
        ))
    mean = lambda rows, index: sum(row[index] for row in rows) / len(rows)
    part = lambda rows: [mean(rows, 0), mean(rows, 1), len(rows)] if version == 2 and rows else None
    return {
        "name": name,
        "gold": gold,
        "predicted": predicted,
        "normalized": [normalize_answer(said) for said in predicted],
        "exact_match": mean(scores, 0),
        "f1": mean(scores, 1),
        "character_f1": mean(scores, 2),
        "answerable": part([row for row, answers in zip(scores, gold) if answers]),
        "unanswerable": part([row for row, answers in zip(scores, gold) if not answers]),
    }


def answer_cases():
    """Random answers of a few words, spelled in many ways, and the edges."""
    rng = random.Random(7)
    words = ["the", "a", "An", "THE", "cat's", "cat", "sat", "on", "a-mat", "mat.", "(1899)", "1899", "naïve", "ÉCOLE",
             "école", "東京", "東京都", "、", "theory", "1,000", "\u3000", "\t", "a's", "x_the_y"]
    phrase = lambda: " ".join(rng.choices(words, k=rng.randint(1, 5)))
    near = lambda text: " ".join(word for word in text.split(" ") if rng.random() < 0.7)
    gold = [[phrase() for _ in range(rng.randint(1, 3))] for _ in range(40)]
    near_gold = [near(rng.choice(answers)) for answers in gold]
    some = [answers if rng.random() < 0.6 else [] for answers in gold]
    said = [answer if rng.random() < 0.7 else "" for answer in near_gold]
    return [
        answer_case("random phrases", gold, [phrase() for _ in gold]),
        answer_case("phrases like the gold ones", gold, near_gold),
        answer_case("some without an answer", some, said),
        answer_case("Japanese without spaces", [["東京都千代田区", "千代田区"], ["１８９９年"]], ["東京都 千代田", "「1899年」"]),
        answer_case("nothing but what is removed", [["The"], ["a"], ["."]], ["the", "", "an !"]),
        answer_case("none has an answer", [[], []], ["", "x"]),
    ]


def write(name, cases):
    """Write cases, one a line, as a file of fixtures/."""
    path = Path(__file__).parent / "fixtures" / name
    path.write_text("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n")


def main():
    rng = random.Random(20)
    pick = lambda labels, weights, count: rng.choices(labels, weights, k=count)
    two, three, six = ["neg", "pos"], ["-1", "0", "1"], ["anger", "fear", "joy", "love", "sadness", "surprise"]
    cases = [
        case("two classes", two, pick(two, [3, 1], 23), pick([0, 1], [2, 1], 23)),
        case("three classes, one never predicted", three, pick(three, [5, 2, 1], 31), pick([0, 2], [3, 1], 31)),
        case("six classes, one neither gold nor predicted", six, pick(six[:5], [1, 2, 5, 1, 4], 40), pick(range(5), [1] * 5, 40)),
        case("gold labels the model cannot say", two, pick(two + ["neutral", "mixed"], [4, 4, 2, 1], 29), pick([0, 1], [1, 1], 29)),
        case("no gold label the model can say", two, pick(["a", "b"], [1, 2], 7), pick([0, 1], [1, 1], 7)),
        case("all right", three, ["0", "1", "-1", "0"], [1, 2, 0, 1]),
        case("always the same prediction", three, pick(three, [1, 1, 1], 12), [1] * 12),
        case("one class only", two, ["pos"] * 5, [1] * 5),
        case("one example, wrong", two, ["pos"], [0]),
    ]
    write("metrics.json", cases)
    write("entities.json", entity_cases())
    write("answers.json", answer_cases())


if __name__ == "__main__":
    main()
