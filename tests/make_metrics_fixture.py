"""Writes fixtures/metrics.json: random gold and predicted labels with what scikit-learn 1.9.1 makes of them.

Run: python tests/make_metrics_fixture.py
"""

import json
import random
from pathlib import Path

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
    path = Path(__file__).parent / "fixtures" / "metrics.json"
    path.write_text("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
