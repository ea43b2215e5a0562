"""Fine-tunes with transformers what Terakoya is compared with; tests/compare_accuracy.py runs it. Prints one JSON object a seed.

    python tests/reference_tasks.py TASK --model DIR --train FILE --eval FILE [--seeds 1 2 3]

TASK is one of Terakoya's. The files are those that Terakoya reads too: JSON lines with `text` or `sentence1` and `sentence2`,
and `label`, `labels` (a list of names) or `score`; words with their tags behind a tab, label on the first piece; a JSON
array with `text` and `entities` (`span` in characters, `type`), label on every piece; SQuAD's form, windows with `--stride`.

The recipe is that of tests/bench_pytorch.py: CPU, float32, the config's dropout, torch's AdamW (decay 0.01, none on bias and
LayerNorm), linear schedule without warm-up, gradients clipped to a global norm of 1, each epoch in another order; the epoch
with the best evaluation counts. `--top K` freezes embeddings and all but the upper K layers.
"""

import argparse
import json
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from scipy.stats import pearsonr, spearmanr
from seqeval.metrics import f1_score as entity_f1
from seqeval.metrics.sequence_labeling import get_entities
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef
from transformers import (AutoModelForQuestionAnswering, AutoModelForSequenceClassification,
                          AutoModelForTokenClassification, AutoTokenizer)

from bench_pytorch import optimizer_and_schedule
from make_metrics_fixture import answer_f1, normalize_answer

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()

EVAL_BATCH, IGNORED = 64, -100
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def batches(rows, size):
    return [rows[at:at + size] for at in range(0, len(rows), size)]


def collated(tokenizer, rows, keys):
    """Pad the rows on the right; return a dict of tensors of the keys that the rows have."""
    longest = max(len(row["input_ids"]) for row in rows)
    fill = {"input_ids": tokenizer.pad_token_id, "labels": IGNORED}

    def padded(row, key):
        return row[key] + [fill.get(key, 0)] * (longest - len(row[key])) if isinstance(row[key], list) else row[key]

    return {key: torch.stack([row[key] for row in rows]) if torch.is_tensor(rows[0][key])
            else torch.tensor([padded(row, key) for row in rows]) for key in keys if key in rows[0]}


def outputs(model, tokenizer, rows):
    """Yield each row with the model's outputs for it, in batches of like length."""
    rows = sorted(rows, key=lambda row: len(row["input_ids"]))
    for chosen in batches(rows, EVAL_BATCH):
        with torch.inference_mode():
            found = model(**collated(tokenizer, chosen, INPUTS))
        for number, row in enumerate(chosen):
            yield row, {key: value[number] for key, value in found.items()}


class Texts:
    """A label, several or a score for a text or a pair."""

    auto_class = AutoModelForSequenceClassification

    def __init__(self, arguments, tokenizer, train, dev):
        self.task, self.tokenizer, self.arguments = arguments.task, tokenizer, arguments
        named = [label for row in train for label in row.get("labels", [row.get("label")])]
        self.labels = [] if self.task == "regression" else sorted(set(named))
        self.train_rows, self.eval_rows = ([self.row(example) for example in part] for part in (train, dev))

    @staticmethod
    def read(path):
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def model_options(self):
        problem = {"regression": "regression", "multi-label-classification": "multi_label_classification"}
        return {"num_labels": max(1, len(self.labels)), "problem_type": problem.get(self.task, "single_label_classification")}

    def row(self, example):
        texts = [example["text"]] if "text" in example else [example["sentence1"], example["sentence2"]]
        encoding = self.tokenizer(*texts, truncation=True, max_length=self.arguments.max_length)
        if self.task == "regression":
            gold = torch.tensor(example["score"] / self.arguments.target_scale)
        elif self.task == "multi-label-classification":
            gold = torch.tensor([float(label in example["labels"]) for label in self.labels])
        else:
            gold = torch.tensor(self.labels.index(example["label"]))
        return {**encoding, "labels": gold}

    def score(self, model):
        found = list(outputs(model, self.tokenizer, self.eval_rows))
        gold = torch.stack([row["labels"] for row, _ in found]).numpy()
        logits = torch.stack([output["logits"] for _, output in found])
        if self.task == "regression":
            said = logits.squeeze(1).numpy()
            return {"spearman": spearmanr(gold, said)[0], "pearson": pearsonr(gold, said)[0]}
        if self.task == "multi-label-classification":
            probabilities = torch.sigmoid(logits).numpy()
            auto = max(f1_score(gold, probabilities >= step / 100, average="micro", zero_division=0) for step in range(5, 61))
            return {"micro_f1": auto, "micro_f1_at_half": f1_score(gold, probabilities >= 0.5, average="micro", zero_division=0)}
        said = logits.argmax(-1).numpy()
        return {"mcc": matthews_corrcoef(gold, said), "accuracy": accuracy_score(gold, said),
                "macro_f1": f1_score(gold, said, average="macro", zero_division=0)}


class Tags:
    """Words or texts with BIO tags."""

    auto_class = AutoModelForTokenClassification

    def __init__(self, arguments, tokenizer, train, dev):
        self.tokenizer, self.max_length, self.dev = tokenizer, arguments.max_length, dev
        kinds = sorted({kind for row in train for kind in self.kinds(row)})
        self.labels = ["O"] + [prefix + kind for kind in kinds for prefix in ("B-", "I-")]
        self.train_rows, self.eval_rows = ([{**self.row(example), "number": number} for number, example in enumerate(part)]
                                           for part in (train, dev))

    def model_options(self):
        return {"num_labels": len(self.labels)}

    def score(self, model):
        found = sorted(outputs(model, self.tokenizer, self.eval_rows), key=lambda pair: pair[0]["number"])
        return self.metrics([[self.labels[number] for number in output["logits"].argmax(-1).tolist()] for _, output in found])


class Words(Tags):
    """One word a line."""

    @staticmethod
    def read(path):
        examples, words = [], []
        for line in path.read_text(encoding="utf-8").split("\n") + [""]:
            if line.strip():
                words.append(line.split("\t"))
            elif words:
                examples.append(([word for word, _ in words], [tag for _, tag in words]))
                words = []
        return examples

    @staticmethod
    def kinds(example):
        return {tag[2:] for tag in example[1] if tag != "O"}

    def row(self, example):
        words, tags = example
        encoding = self.tokenizer(words, is_split_into_words=True, truncation=True, max_length=self.max_length)
        labels, before = [], None
        for word in encoding.word_ids():
            first = word is not None and word != before
            known = first and tags[word] in self.labels
            labels.append(self.labels.index(tags[word]) if known else IGNORED)
            before = word
        return {**encoding, "labels": labels, "words": encoding.word_ids()}

    def metrics(self, said):
        gold, predicted = [], []
        for (_, tags), row, tokens in zip(self.dev, self.eval_rows, said):
            of_words = ["O"] * len(tags)
            # Backwards, so that the first piece of a word stays.
            for word, tag in reversed(list(zip(row["words"], tokens))):
                if word is not None:
                    of_words[word] = tag
            gold.append(tags)
            predicted.append(of_words)
        return {"f1": entity_f1(gold, predicted)}


class Spans(Tags):
    """Texts with spans of characters."""

    @staticmethod
    def read(path):
        return [(row["text"], [(*entity["span"], entity["type"]) for entity in row["entities"]])
                for row in json.loads(path.read_text(encoding="utf-8"))]

    @staticmethod
    def kinds(example):
        return {kind for _, _, kind in example[1]}

    def row(self, example):
        text, spans = example
        encoding = self.tokenizer(text, truncation=True, max_length=self.max_length, return_offsets_mapping=True)
        labels, before = [], None
        for word, (start, end) in zip(encoding.word_ids(), encoding["offset_mapping"]):
            if word is None or start == end:
                labels.append(IGNORED)
                continue
            shared = lambda span: min(end, span[1]) - max(start, span[0])
            span = max(spans, key=shared, default=None)
            span = span if span and shared(span) > 0 else None
            tag = "O" if span is None else ("I-" if span == before else "B-") + span[2]
            labels.append(self.labels.index(tag))
            before = span
        return {**encoding, "labels": labels}

    def metrics(self, said):
        right = found = known = 0
        for (text, spans), row, tokens in zip(self.dev, self.eval_rows, said):
            places = [(place, tag) for place, tag, label in zip(row["offset_mapping"], tokens, row["labels"])
                      if label != IGNORED and text[place[0]:place[1]].strip()]
            predicted = set()
            for kind, first, last in get_entities([tag for _, tag in places]):
                start, end = places[first][0][0], places[last][0][1]
                part = text[start:end]
                predicted.add((start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip()), kind))
            right += len(predicted & set(spans))
            found, known = found + len(predicted), known + len(spans)
        return {"f1": 2 * right / max(1, found + known)}


class Answers:
    """Questions about passages."""

    auto_class = AutoModelForQuestionAnswering

    @staticmethod
    def read(path):
        return [(question["question"], paragraph["context"], question["answers"])
                for article in json.loads(path.read_text(encoding="utf-8"))["data"]
                for paragraph in article["paragraphs"] for question in paragraph["qas"]]

    def __init__(self, arguments, tokenizer, train, dev):
        self.tokenizer, self.dev, self.arguments = tokenizer, dev, arguments
        self.train_rows, self.eval_rows = ([row for number, example in enumerate(part) for row in self.windows(number, example)]
                                           for part in (train, dev))

    def model_options(self):
        return {}

    def windows(self, number, example):
        question, context, answers = example
        encoding = self.tokenizer(question, context, truncation="only_second", max_length=self.arguments.max_length,
                                  stride=self.arguments.stride, return_overflowing_tokens=True, return_offsets_mapping=True)
        start = answers[0]["answer_start"]
        end = start + len(answers[0]["text"])
        for window in range(len(encoding["input_ids"])):
            spans = [place if sequence == 1 and place[0] < place[1] else None
                     for place, sequence in zip(encoding["offset_mapping"][window], encoding.sequence_ids(window))]
            tokens = [token for token, place in enumerate(spans) if place]
            inside = tokens and spans[tokens[0]][0] <= start and spans[tokens[-1]][1] >= end
            first = max(token for token in tokens if spans[token][0] <= start) if inside else 0
            last = min(token for token in tokens if spans[token][1] >= end) if inside else 0
            yield {**{key: encoding[key][window] for key in INPUTS if key in encoding}, "spans": spans,
                   "example": number, "start_positions": first, "end_positions": last}

    def score(self, model):
        best = [(float("-inf"), "")] * len(self.dev)
        for row, output in outputs(model, self.tokenizer, self.eval_rows):
            starts, ends = output["start_logits"].tolist(), output["end_logits"].tolist()
            tokens = [token for token, place in enumerate(row["spans"]) if place]
            for at, first in enumerate(tokens):
                for last in tokens[at:at + self.arguments.max_answer_length]:
                    if starts[first] + ends[last] > best[row["example"]][0]:
                        text = self.dev[row["example"]][1][row["spans"][first][0]:row["spans"][last][1]]
                        best[row["example"]] = (starts[first] + ends[last], text.strip())
        exact, characters = [], []
        for (_, _, answers), (_, said) in zip(self.dev, best):
            said, gold = normalize_answer(said), [normalize_answer(answer["text"]) for answer in answers]
            letters = lambda text: list(text.replace(" ", ""))
            exact.append(max(float(said == answer) for answer in gold))
            characters.append(max(answer_f1(letters(answer), letters(said), 1) for answer in gold))
        return {"character_f1": sum(characters) / len(exact), "exact_match": sum(exact) / len(exact)}


def freeze(model, top):
    """Stop the gradients of the embeddings and of all but the upper layers."""
    layers = model.base_model.encoder.layer
    for part in [model.base_model.embeddings, *layers[:len(layers) - top]]:
        part.requires_grad_(False)


def kind(arguments):
    if arguments.task == "token-classification":
        return Spans if arguments.train.suffix == ".json" else Words
    return Answers if arguments.task == "question-answering" else Texts


def run(arguments, seed):
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    task_class = kind(arguments)
    task = task_class(arguments, tokenizer, task_class.read(arguments.train), task_class.read(arguments.eval))
    model = task.auto_class.from_pretrained(arguments.model, dtype="float32", **task.model_options())
    if arguments.top:
        freeze(model, arguments.top)
    rows = task.train_rows
    steps = arguments.epochs * -(-len(rows) // arguments.batch_size)
    optimizer, schedule = optimizer_and_schedule(model, arguments.learning_rate, steps)
    best = {}
    for _ in range(arguments.epochs):
        model.train()
        for numbers in batches(torch.randperm(len(rows)).tolist(), arguments.batch_size):
            keys = (*INPUTS, "labels", "start_positions", "end_positions")
            loss = model(**collated(tokenizer, [rows[number] for number in numbers], keys)).loss
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        model.eval()
        found = task.score(model)
        first = arguments.best_metric
        best = found if not best or found[first] > best[first] else best
    return {name: float(value) for name, value in best.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task")
    for name in ("--model", "--train", "--eval"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--best-metric", required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--target-scale", type=float, default=1.0)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--stride", type=int, default=32)
    parser.add_argument("--max-answer-length", type=int, default=30)
    parser.add_argument("--top", type=int, default=0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for seed in arguments.seeds:
        print(json.dumps(run(arguments, seed)), flush=True)


if __name__ == "__main__":
    main()
