"""Fine-tunes with Terakoya and with transformers on the same files and prints the table of README.md.

    cargo build --release -p terakoya
    python tests/compare_accuracy.py ../shared OUT [cola sst2 goemotions wnut17 stsb jsts jnli ner jsquad] [--side SIDE] [--table]

Both sides read the same rows, written to OUT/NAME, for the same number of steps with the same options; the epoch with the
best evaluation counts; `--side` leaves the other side out. bert-tiny on English data: all layers, the mean of three seeds; e5-small-ja-en on Japanese data: the
upper three layers, one seed. Each finished run is a line of OUT/results.jsonl and not repeated; `--table` only prints.
"""

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).absolute().parent
SIDES = ("terakoya", "transformers")
TINY = {"model": "bert-tiny", "seeds": [1, 2, 3], "epochs": 3, "batch_size": 32, "learning_rate": 3e-4, "top": 0, "max_length": 128}
E5 = {"model": "e5-small-ja-en", "seeds": [1], "epochs": 3, "batch_size": 16, "learning_rate": 2e-4, "top": 3, "max_length": 128}
# Task, metric of the best epoch, most training and evaluation examples, and what differs from the above.
JOBS = {
    # Its 516 evaluation rows leave the seeds 0.02 apart, so that rows are held out of the training file instead.
    "cola": ("sequence-classification", "mcc", 6551, 2000, TINY | {"epochs": 10}),
    "sst2": ("sequence-classification", "accuracy", 4000, 872, TINY),
    "goemotions": ("multi-label-classification", "micro_f1", 8000, 1000, TINY | {"epochs": 10, "learning_rate": 5e-4, "threshold": "auto"}),
    "wnut17": ("token-classification", "f1", 3393, 1009, TINY),
    "stsb": ("regression", "pearson", 4249, 1500, TINY | {"target_scale": 5}),
    "jsts": ("regression", "pearson", 3000, 1000, E5 | {"target_scale": 5}),
    "jnli": ("sequence-classification", "accuracy", 1947, 487, E5),
    "ner": ("token-classification", "f1", 2000, 500, E5),
    "jsquad": ("question-answering", "character_f1", 2000, 500, E5 | {"max_length": 256}),
}


def drawn(rows, counts):
    """Return two parts of the rows, in an order that depends on nothing but their number."""
    random.Random(0).shuffle(rows)
    return rows[:counts[0]], rows[counts[0]:sum(counts)]


def tab_separated(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def text_rows(name, data):
    """Return the training and the evaluation rows of a set of texts as dicts."""
    train, dev = ([], [])
    labelled = lambda file: [{"text": row[0].strip(), "label": row[1]} for row in tab_separated(data / name / file)]
    if name == "cola":
        train = labelled("train.tsv")
    elif name == "sst2":
        train, dev = (labelled(file)[1:] for file in ("train.tsv", "dev.tsv"))
    elif name == "goemotions":
        names = (data / name / "labels.txt").read_text().split()
        train, dev = ([{"text": row[0], "labels": [names[int(label)] for label in row[1].split(",")]}
                       for row in tab_separated(data / name / file)] for file in ("train.tsv", "dev.tsv"))
    elif name == "stsb":
        train, dev = ([{"sentence1": row[7], "sentence2": row[8], "score": float(row[9])}
                       for row in tab_separated(data / name / file)] for file in ("train.tsv", "dev.tsv"))
    elif name == "jsts":
        train = [{"sentence1": row["sentence1"], "sentence2": row["sentence2"], "score": row["label"]}
                 for row in lines(data / "jglue/jsts-v1.3/train-v1.3.json")]
    else:
        train = [{key: row[key] for key in ("sentence1", "sentence2", "label")}
                 for row in lines(data / "jglue/jnli-v1.3/valid-v1.3.json")]
    return train, dev


def squad(pairs):
    return {"version": "1.1", "data": [{"title": "", "paragraphs": [{"context": context, "qas": [question]}]}
                                       for context, question in pairs]}


def write_files(name, data, folder):
    """Write the rows that both sides read; return the two files."""
    counts = JOBS[name][2:4]
    folder.mkdir(parents=True, exist_ok=True)
    suffix = {"wnut17": "conll", "ner": "json", "jsquad": "json"}.get(name, "jsonl")
    files = [folder / f"{part}.{suffix}" for part in ("train", "eval")]
    if name == "wnut17":
        for source, file in zip(("wnut17train.conll", "emerging.dev.conll"), files):
            text = (data / name / source).read_text(encoding="utf-8")
            file.write_text("\n".join(line if line.strip() else "" for line in text.split("\n")), encoding="utf-8")
    elif name == "ner":
        rows = json.loads((data / "ner-wikipedia-ja/ner.json").read_text(encoding="utf-8"))
        for file, part in zip(files, drawn(rows, counts)):
            file.write_text(json.dumps(part, ensure_ascii=False), encoding="utf-8")
    elif name == "jsquad":
        articles = json.loads((data / "jglue/jsquad-v1.3/valid-v1.3.json").read_text(encoding="utf-8"))["data"]
        pairs = [(paragraph["context"], question) for article in articles
                 for paragraph in article["paragraphs"] for question in paragraph["qas"]]
        for file, part in zip(files, drawn(pairs, counts)):
            file.write_text(json.dumps(squad(part), ensure_ascii=False), encoding="utf-8")
    else:
        train, dev = text_rows(name, data)
        parts = (drawn(train, (counts[0], 0))[0], drawn(dev, (counts[1], 0))[0]) if dev else drawn(train, counts)
        for file, part in zip(files, parts):
            file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part), encoding="utf-8")
    return files


def flags(options):
    return [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", str(value))]


def transformers(job, model, files, seed, threads):
    task, metric, _, _, options = job
    options = {key: value for key, value in options.items() if key not in ("model", "seeds", "threshold")}
    command = [sys.executable, HERE / "reference_tasks.py", task, "--model", model, "--train", files[0], "--eval", files[1],
               "--best-metric", metric, "--seeds", str(seed), "--threads", str(threads), *flags(options)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def terakoya(job, model, files, seed, output):
    task, metric, _, _, options = job
    options = {key: value for key, value in options.items() if key not in ("model", "seeds", "top")}
    options["train_layers"] = f"top:{job[4]['top']}" if job[4]["top"] else "all"
    program = HERE.parent / "target/release/terakoya"
    command = [program, "train", "--task", task, "--model", model, "--train", files[0], "--eval", files[1], "--seed", str(seed),
               "--best-metric", metric.replace("_", "-"), "--output", output, "--overwrite", "--device", "cpu", "--json",
               "--length-bucketing", "false", *flags(options)]
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    evaluate = [program, "evaluate", "--model", output, "--data", files[1], "--json", "--device", "cpu", "--max-length",
                str(options["max_length"])]
    report = json.loads(subprocess.run(evaluate, check=True, stdout=subprocess.PIPE).stdout)
    return {key: value for key, value in report.items() if isinstance(value, float)}


def table(results):
    print("| data | model | examples | metric | transformers | Terakoya | difference |\n|---|---|---|---|---|---|---|")
    for name, (_, metric, _, _, options) in JOBS.items():
        sides = {side: [result["scores"][metric] for result in results if (result["job"], result["side"]) == (name, side)]
                 for side in SIDES}
        if not all(sides.values()):
            continue
        counts = next(result["examples"] for result in results if result["job"] == name)
        show = lambda scores: f"{statistics.mean(scores):.3f}" + (f" ({min(scores):.3f}–{max(scores):.3f})" if len(scores) > 1 else "")
        difference = statistics.mean(sides["terakoya"]) - statistics.mean(sides["transformers"])
        print(f"| {name} | {options['model']} | {counts[0]:,} / {counts[1]:,} | {metric} | {show(sides['transformers'])} | "
              f"{show(sides['terakoya'])} | {difference:+.3f} |")


def count(path):
    """Examples of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return text.count("\n")
    if path.suffix == ".conll":
        return sum(1 for part in text.split("\n\n") if part.strip())
    value = json.loads(text)
    return len(value) if isinstance(value, list) else len(value["data"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("jobs", nargs="*", default=list(JOBS))
    parser.add_argument("--threads", type=int, default=2, help="of transformers; on a busy machine two are slower than one")
    parser.add_argument("--side", choices=SIDES, action="append", help="both if not given")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    log = arguments.out / "results.jsonl"
    results = lines(log) if log.exists() else []
    done = {(result["job"], result["side"], result["seed"]) for result in results}
    for name in [] if arguments.table else arguments.jobs:
        job = JOBS[name]
        model = arguments.shared / "models" / job[4]["model"]
        files = write_files(name, arguments.shared / "datasets", arguments.out / name)
        for seed in job[4]["seeds"]:
            for side in arguments.side or SIDES:
                if (name, side, seed) in done:
                    continue
                output = arguments.out / name / "model"
                if side == "terakoya":
                    scores = terakoya(job, model, files, seed, output)
                else:
                    scores = transformers(job, model, files, seed, arguments.threads)
                result = {"job": name, "side": side, "seed": seed, "examples": [count(file) for file in files], "scores": scores}
                results.append(result)
                with open(log, "a", encoding="utf-8") as file:
                    file.write(json.dumps(result) + "\n")
                print(json.dumps(result), file=sys.stderr, flush=True)
    table(results)


if __name__ == "__main__":
    main()
