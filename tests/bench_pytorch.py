"""Measure PyTorch on the jobs Terakoya is compared with. Prints one JSON object; progress goes to stderr.

Whole jobs, a model folder and a data file (`job`), and single steps of random weights (`shape`):

    python tests/bench_pytorch.py job --model DIR --train emotion-en/train.txt --eval emotion-en/val.txt \\
        --delimiter ';' --text-column text --label-column label_name --batch-size 32 --learning-rate 3e-4
    python tests/bench_pytorch.py job --model DIR --train jrte/pn.tsv --eval jrte/pn.tsv --text-column 3 \\
        --label-column 2 --train-filter 5=train --eval-filter 5=dev --batch-size 16 --learning-rate 5e-5
    python tests/bench_pytorch.py shape --shape base --seq 128 --batch-size 8
    python tests/bench_pytorch.py shape --shape tiny --task masked-lm

The recipe: CPU, float32, two threads, eval batch 64, transformers with its default (sdpa) attention, dropout 0.1,
torch's AdamW (decay 0.01, none on bias and LayerNorm), linear schedule without warm-up, gradients clipped to a global
norm of 1.
- job: `train_samples_per_second` counts every example of every epoch over the time from raw texts to the last step:
  tokenization, padding of each batch to its longest row, forward, backward, optimizer; shuffled, not bucketed by length
  unless `--bucket`. `eval_samples_per_second` is one pass over the eval rows in file order, tokenization included.
  Loading the model is in neither. Read the first run after a build or a download as warm-up.
- shape: every row full, mask all ones, two classes; a step is forward, backward, clipping and AdamW, the median of
  `--steps` after two that do not count; inference is the same batch forwards only, under `torch.inference_mode`. Of
  masked-lm 15 % of the tokens are asked for; causal-lm is a GPT-2 of the shape's width and layers.
Nothing else should run on the machine. Compare at equal batch size, length and number of threads.
"""

import argparse
import csv
import json
import os
import random
import resource
import statistics
import sys
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForMaskedLM,
                          BertForSequenceClassification, GPT2Config, GPT2LMHeadModel, get_linear_schedule_with_warmup)

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()

# vocabulary, hidden size, layers, heads, intermediate size
SHAPES = {
    "tiny": (30_522, 128, 2, 2, 512),
    "e5-small": (32_000, 384, 12, 12, 1536),
    "base": (30_522, 768, 12, 12, 3072),
}
EVAL_BATCH, BUCKET_BATCHES, WARM_UP = 64, 50, 2


def read_rows(path, delimiter, text_column, label_column, chosen):
    """Return (text, label) of each row. A column is a 1-based number, or a name of the header in the first line."""
    with open(path, encoding="utf-8", newline="") as file:
        quoting = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE
        rows = list(csv.reader(file, delimiter=delimiter, quoting=quoting))
    named = not (text_column.isdigit() and label_column.isdigit())
    header = rows.pop(0) if named else []
    index = lambda column: int(column) - 1 if column.isdigit() else header.index(column)
    if chosen:
        column, value = chosen.split("=", 1)
        rows = [row for row in rows if row[index(column)] == value]
    return [(row[index(text_column)], row[index(label_column)]) for row in rows]


def optimizer_and_schedule(model, learning_rate, steps):
    decayed, plain = [], []
    for name, parameter in model.named_parameters():
        (plain if name.endswith("bias") or "LayerNorm" in name else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=learning_rate)
    return optimizer, get_linear_schedule_with_warmup(optimizer, 0, steps)


def training_step(model, batch, optimizer, schedule):
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    return loss.item()


def batches(count, size, lengths, bucket):
    """Return the batches of an epoch as shuffled lists of row numbers; with `bucket`, rows of like length share a batch."""
    order = random.sample(range(count), count)
    if bucket:
        window = size * BUCKET_BATCHES
        windows = [order[at:at + window] for at in range(0, count, window)]
        order = [row for rows in windows for row in sorted(rows, key=lengths.__getitem__)]
    cut = [order[at:at + size] for at in range(0, count, size)]
    return random.sample(cut, len(cut)) if bucket else cut


def train(model, tokenizer, rows, labels, arguments):
    """Fine-tune on the rows and return the seconds it took."""
    start = time.perf_counter()
    encodings = tokenizer([text for text, _ in rows], truncation=True, max_length=arguments.max_length)["input_ids"]
    targets = torch.tensor([labels[label] for _, label in rows])
    lengths = [len(ids) for ids in encodings]
    steps = arguments.epochs * -(-len(rows) // arguments.batch_size)
    optimizer, schedule = optimizer_and_schedule(model, arguments.learning_rate, steps)
    model.train()
    step = 0
    for _ in range(arguments.epochs):
        for chosen in batches(len(rows), arguments.batch_size, lengths, arguments.bucket):
            batch = tokenizer.pad({"input_ids": [encodings[row] for row in chosen]}, return_tensors="pt")
            loss = training_step(model, batch | {"labels": targets[chosen]}, optimizer, schedule)
            step += 1
            if step % 50 == 0 or step == steps:
                print(f"step {step}/{steps} loss {loss:.4f} {time.perf_counter() - start:.1f} s", file=sys.stderr)
    return time.perf_counter() - start


def evaluate(model, tokenizer, rows, labels, max_length):
    """Return seconds, accuracy and macro F1 (over the labels of the training data) on the rows."""
    start = time.perf_counter()
    model.eval()
    predicted = []
    with torch.inference_mode():
        for at in range(0, len(rows), EVAL_BATCH):
            texts = [text for text, _ in rows[at:at + EVAL_BATCH]]
            batch = tokenizer(texts, truncation=True, max_length=max_length, padding=True,
                              return_tensors="pt")
            predicted += model(**batch).logits.argmax(-1).tolist()
    seconds = time.perf_counter() - start
    gold = [labels.get(label, -1) for _, label in rows]
    scores = []
    for label in labels.values():
        hits = sum(p == g == label for p, g in zip(predicted, gold))
        scores.append(2 * hits / max(1, predicted.count(label) + gold.count(label)))
    accuracy = sum(p == g for p, g in zip(predicted, gold)) / len(rows)
    return seconds, accuracy, statistics.mean(scores)


def run_job(arguments):
    columns = (arguments.delimiter, arguments.text_column, arguments.label_column)
    train_rows = read_rows(arguments.train, *columns, arguments.train_filter)[:arguments.max_train_samples]
    eval_rows = read_rows(arguments.eval, *columns, arguments.eval_filter)[:arguments.max_eval_samples]
    labels = {label: number for number, label in enumerate(sorted({label for _, label in train_rows}))}
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = AutoModelForSequenceClassification.from_pretrained(arguments.model, num_labels=len(labels), dtype="float32")
    seconds = train(model, tokenizer, train_rows, labels, arguments)
    eval_seconds, accuracy, macro_f1 = evaluate(model, tokenizer, eval_rows, labels, arguments.max_length)
    return {
        "job": arguments.model.name, "data": arguments.train.name, "epochs": arguments.epochs,
        "batch_size": arguments.batch_size, "bucket": arguments.bucket, "train_samples": len(train_rows),
        "train_seconds": seconds, "train_samples_per_second": arguments.epochs * len(train_rows) / seconds,
        "eval_samples": len(eval_rows), "eval_samples_per_second": len(eval_rows) / eval_seconds,
        "accuracy": accuracy, "macro_f1": macro_f1,
    }


def timed(repeats, action):
    """Return the seconds of each repeat after the ones that warm up."""
    seconds = []
    for _ in range(WARM_UP + repeats):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return seconds[WARM_UP:]


def model_of(task, shape):
    vocabulary, hidden, layers, heads, intermediate = SHAPES[shape]
    if task == "causal-lm":
        return GPT2LMHeadModel(GPT2Config(vocab_size=vocabulary, n_embd=hidden, n_layer=layers, n_head=heads))
    bert = BertForMaskedLM if task == "masked-lm" else BertForSequenceClassification
    return bert(BertConfig(vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers,
                           num_attention_heads=heads, intermediate_size=intermediate))


def labels_of(task, input_ids):
    """Return what the task asks for: of masked-lm 15 % of the tokens, and of the others nothing (-100)."""
    if task == "masked-lm":
        asked = torch.zeros(input_ids.shape[1], dtype=torch.bool)
        asked[:6 * (input_ids.shape[1] * 15 // 100):6] = True
        return input_ids.masked_fill(~asked, -100)
    return input_ids if task == "causal-lm" else torch.randint(0, 2, (len(input_ids),))


def run_shape(arguments):
    model = model_of(arguments.task, arguments.shape)
    size = (arguments.batch_size, arguments.seq)
    input_ids = torch.randint(1, SHAPES[arguments.shape][0], size)
    batch = {"input_ids": input_ids, "attention_mask": torch.ones(size, dtype=torch.long)}
    labels = labels_of(arguments.task, input_ids)
    optimizer, schedule = optimizer_and_schedule(model, 2e-5, WARM_UP + arguments.steps)
    model.train()
    training = timed(arguments.steps, lambda: training_step(model, batch | {"labels": labels}, optimizer, schedule))
    model.eval()
    with torch.inference_mode():
        inference = timed(arguments.steps, lambda: model(**batch))
    return {
        "shape": arguments.shape, "task": arguments.task, "seq": arguments.seq, "batch_size": arguments.batch_size, "steps": arguments.steps,
        "train_step_milliseconds": 1000 * statistics.median(training),
        "train_samples_per_second": arguments.batch_size / statistics.median(training),
        "inference_sentences_per_second": arguments.batch_size / statistics.median(inference),
    }


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=42)
    commands = parser.add_subparsers(dest="what", required=True)
    job = commands.add_parser("job")
    for flag in ("--model", "--train", "--eval"):
        job.add_argument(flag, type=Path, required=True)
    job.add_argument("--delimiter", default="\t")
    job.add_argument("--text-column", required=True)
    job.add_argument("--label-column", required=True)
    job.add_argument("--train-filter", metavar="COLUMN=VALUE")
    job.add_argument("--eval-filter", metavar="COLUMN=VALUE")
    job.add_argument("--epochs", type=int, default=3)
    job.add_argument("--batch-size", type=int, default=32)
    job.add_argument("--learning-rate", type=float, default=2e-5)
    job.add_argument("--max-length", type=int, default=128)
    job.add_argument("--max-train-samples", type=int)
    job.add_argument("--max-eval-samples", type=int)
    job.add_argument("--bucket", action="store_true", help="batch rows of like length together")
    shape = commands.add_parser("shape")
    shape.add_argument("--shape", choices=SHAPES, required=True)
    shape.add_argument("--task", choices=("sequence-classification", "masked-lm", "causal-lm"),
                       default="sequence-classification")
    shape.add_argument("--seq", type=int, default=128)
    shape.add_argument("--batch-size", type=int, default=8)
    shape.add_argument("--steps", type=int, default=10)
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    random.seed(arguments.seed)
    result = run_job(arguments) if arguments.what == "job" else run_shape(arguments)
    result |= {"threads": arguments.threads, "torch": torch.__version__, "transformers": transformers.__version__,
               # Linux counts ru_maxrss in KiB.
               "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in result.items()}))


if __name__ == "__main__":
    main()
