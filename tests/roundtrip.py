"""Check that transformers reads a folder Terakoya wrote, and computes the logits Terakoya printed.

    python tests/roundtrip.py MODEL PREDICTIONS.jsonl [--tolerance 1e-4] [--max-length N] [--mean MEAN.npy --cls CLS.npy]

MODEL is a folder, or the zip with one in it that the page saves. PREDICTIONS.jsonl is what `terakoya predict --model MODEL_DIR --data FILE --json --logits` prints: one object a line with
`text`, `text_pair` where there is one, `logits` (of tags: one list a word, or a piece where config.json says
`label_all_tokens`) and, of classifications, `label`. Each text is encoded alone and cut to the positions of
the model, or to --max-length. Of a masked language model the lines hold `masks`, whose words and probabilities are compared;
of a question answering one an `answer` and its `score`;
of a causal one they are those of `terakoya generate --json`, whose greedy `text` must be the same. Lines with `ids` are those of
`terakoya tokenize --json` with their `text`: AutoTokenizer must give the same. With --mean and --cls the lines hold only a `text`, and
the files are those of `terakoya embed --pooling mean` and `cls`: all texts are one batch here, padded. Exit 0: same; 1: keys are missing, or logits or labels differ; 2: usage; 77: skipped,
since torch or transformers is missing.
"""

import argparse
import json
import os
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
SKIPPED = 77


def positions(config):
    """Return how many tokens the model takes. RoBERTa starts counting behind its padding index."""
    offset = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta") else 0
    return config.max_position_embeddings - offset


def read_predictions(path, kinds):
    """Return the objects of the file. A line without text or one of `kinds` is a fault of the caller and says so."""
    predictions = []
    for number, line in enumerate(path.read_bytes().decode().split("\n"), start=1):
        if not line.strip():
            continue
        prediction = json.loads(line)
        keys = ["text"] + ["/".join(kinds)] * bool(kinds)
        missing = [key for key in keys if not any(kind in prediction for kind in key.split("/"))]
        if missing:
            sys.exit(f"{path}:{number}: no {', '.join(missing)}")
        predictions.append(prediction)
    if not predictions:
        sys.exit(f"{path}: no predictions")
    return predictions


def unpacked(model, beside):
    """Return the folder of the model: itself, or the one in its zip, which is unpacked into `beside`."""
    if model.is_dir():
        return model
    if not zipfile.is_zipfile(model):
        sys.exit(f"{model}: no folder, and no zip")
    with zipfile.ZipFile(model) as packed:
        packed.extractall(beside)
    folders = {path.parent for path in Path(beside).rglob("config.json")}
    if len(folders) != 1:
        sys.exit(f"{model}: {len(folders)} folders with a config.json")
    return folders.pop()


def load(folder):
    """Return model, tokenizer, and whether transformers found every weight; print what it did not."""
    from transformers import (AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForQuestionAnswering,
                              AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer)

    classes = {"ForTokenClassification": AutoModelForTokenClassification, "ForMaskedLM": AutoModelForMaskedLM,
               "ForQuestionAnswering": AutoModelForQuestionAnswering, "LMHeadModel": AutoModelForCausalLM}
    architecture = AutoConfig.from_pretrained(folder).architectures[0]
    found = [auto_class for end, auto_class in classes.items() if architecture.endswith(end)]
    auto_class = found[0] if found else AutoModelForSequenceClassification
    model, info = auto_class.from_pretrained(
        folder, dtype="float32", attn_implementation="eager", output_loading_info=True)
    complete = True
    for kind in ("missing_keys", "mismatched_keys", "unexpected_keys", "error_msgs"):
        if info.get(kind):
            print(f"{kind}: {sorted(info[kind])}")
            complete = complete and kind == "unexpected_keys"
    return model.eval(), AutoTokenizer.from_pretrained(folder), complete


def tagged_tokens(model, encoding):
    """Return the positions of the tokens that get a tag: those with characters, or the first of each word."""
    spans, found, before = encoding["offset_mapping"][0].tolist(), [], None
    for position, word in enumerate(encoding.word_ids(0)):
        new = getattr(model.config, "label_all_tokens", False) or word != before
        if word is not None and new and spans[position][0] < spans[position][1]:
            found.append(position)
        before = word
    return found


def compare_masks(model, tokenizer, predictions, max_length):
    """Return the largest difference of a probability and the number of other words."""
    import torch

    largest, others = 0.0, 0
    for prediction in predictions:
        encoding = tokenizer([prediction["text"]], truncation=True, max_length=max_length, return_tensors="pt")
        with torch.no_grad():
            logits = model(**encoding).logits[0]
        expected = logits[encoding["input_ids"][0] == tokenizer.mask_token_id].softmax(-1)
        if len(expected) != len(prediction["masks"]):
            sys.exit(f"{len(prediction['masks'])} masks, not {len(expected)}: {prediction['text']!r}")
        for row, mask in zip(expected, prediction["masks"]):
            top = row.topk(len(mask))
            for candidate, score, word in zip(mask, top.values.tolist(), top.indices.tolist()):
                largest = max(largest, abs(candidate["score"] - score))
                spelled = tokenizer.decode([word]).strip() or tokenizer.convert_ids_to_tokens(word)
                others += candidate["token"] not in (spelled, tokenizer.convert_ids_to_tokens(word))
    return largest, others


def compare_answers(model, tokenizer, predictions, max_length):
    """Return the largest difference of a score, which is shared among the twenty best answers, and the number of other answers."""
    import torch

    largest, others = 0.0, 0
    for prediction in predictions:
        windows = tokenizer(prediction["text"], prediction["text_pair"], truncation="only_second", padding=True,
                            max_length=min(max_length, model.config.max_seq_length), stride=model.config.doc_stride,
                            return_overflowing_tokens=True, return_offsets_mapping=True, return_tensors="pt")
        with torch.no_grad():
            output = model(**{key: windows[key] for key in tokenizer.model_input_names if key in windows})
        scores = {}
        for window, spans in enumerate(windows["offset_mapping"].tolist()):
            sequences = windows.sequence_ids(window)
            tokens = [at for at, span in enumerate(spans) if sequences[at] == 1 and span[0] < span[1]]
            for at, first in enumerate(tokens):
                for last in tokens[at:at + model.config.max_answer_length]:
                    place = (spans[first][0], spans[last][1])
                    score = (output.start_logits[window, first] + output.end_logits[window, last]).item()
                    scores[place] = max(score, scores.get(place, score))
        best = sorted(scores.items(), key=lambda scored: -scored[1])[:20]
        share = torch.tensor([score for _, score in best]).softmax(0)[0].item()
        largest = max(largest, abs(share - prediction["score"]))
        others += best[0][0] != (prediction["start"], prediction["end"])
    return largest, others


def compare_texts(model, tokenizer, predictions):
    """Return 0, as there are no numbers, and the number of texts that transformers continues otherwise."""
    others = 0
    for prediction in predictions:
        encoding = tokenizer(prediction["prompt"], add_special_tokens=False, return_tensors="pt")
        ids = model.generate(**encoding, do_sample=False, max_new_tokens=prediction["tokens"], pad_token_id=0)
        text = tokenizer.decode(ids[0, encoding["input_ids"].shape[1]:])
        others += text != prediction["text"]
        if text != prediction["text"]:
            print(f"{text!r}, not {prediction['text']!r}")
    return 0.0, others


def compare_ids(tokenizer, predictions):
    """Return 0, as there are no numbers, and the number of texts that AutoTokenizer cuts otherwise."""
    others = 0
    for prediction in predictions:
        ids = tokenizer(prediction["text"])["input_ids"]
        others += ids != prediction["ids"]
        if ids != prediction["ids"]:
            print(f"{prediction['text']!r}: {ids}, not {prediction['ids']}")
    return 0.0, others


def compare_vectors(folder, texts, files):
    """Print the largest difference of a number in the vectors of each pooling's file; return the largest of all."""
    import numpy
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder, dtype="float32", attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoding = tokenizer(texts, truncation=True, max_length=positions(model.config), padding=True, return_tensors="pt")
    mask = encoding["attention_mask"].unsqueeze(-1)
    if mask.all():
        sys.exit("no text is shorter than another: nothing is padded")
    with torch.no_grad():
        states = model(**encoding).last_hidden_state
    expected = {"mean": (states * mask).sum(1) / mask.sum(1), "cls": states[:, 0]}
    largest = 0.0
    for pooling, path in files.items():
        found = torch.from_numpy(numpy.load(path))
        if found.shape != expected[pooling].shape:
            sys.exit(f"{path}: {tuple(found.shape)}, not {tuple(expected[pooling].shape)}")
        difference = (found - expected[pooling]).abs().max().item()
        print(f"{pooling}: largest difference {difference:.2e}")
        largest = max(largest, difference if difference == difference else float("inf"))
    return largest


def compare(model, tokenizer, predictions, max_length):
    """Return the largest absolute difference of a logit and the number of other labels."""
    import torch

    largest, other_labels = 0.0, 0
    for prediction in predictions:
        pair = prediction.get("text_pair")
        # A batch of one: called with bare texts, transformers drops an empty second one.
        encoding = tokenizer([prediction["text"]], None if pair is None else [pair], truncation="longest_first",
                             max_length=max_length, return_tensors="pt", return_offsets_mapping=tokenizer.is_fast)
        with torch.no_grad():
            expected = model(**{key: value for key, value in encoding.items() if key != "offset_mapping"}).logits[0]
        if expected.dim() == 2:
            expected = expected[tagged_tokens(model, encoding)]
        found = torch.tensor(prediction["logits"])
        if found.shape != expected.shape:
            sys.exit(f"{len(found)} logits for {len(expected)} labels: {prediction['text']!r}")
        difference = (found - expected).abs().max().item()
        # A logit that is not a number is infinitely far from one that is.
        largest = max(largest, difference if difference == difference else float("inf"))
        if "label" in prediction:
            other_labels += model.config.id2label[expected.argmax().item()] != prediction["label"]
    return largest, other_labels


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--max-length", type=int)
    for pooling in ("mean", "cls"):
        parser.add_argument(f"--{pooling}", type=Path)
    arguments = parser.parse_args()
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        print(f"skipped: {error}")
        return SKIPPED
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    vectors = {pooling: path for pooling in ("mean", "cls") if (path := getattr(arguments, pooling))}
    kinds = [] if vectors else ["logits", "masks", "prompt", "ids", "answer"]
    predictions = read_predictions(arguments.predictions, kinds)
    if vectors:
        largest = compare_vectors(arguments.model, [prediction["text"] for prediction in predictions], vectors)
        return 0 if largest <= arguments.tolerance else 1
    with tempfile.TemporaryDirectory() as beside:
        model, tokenizer, complete = load(unpacked(arguments.model, beside))
    limit = min(positions(model.config), arguments.max_length or positions(model.config))
    if "masks" in predictions[0]:
        largest, other_labels = compare_masks(model, tokenizer, predictions, limit)
    elif "answer" in predictions[0]:
        largest, other_labels = compare_answers(model, tokenizer, predictions, limit)
    elif "ids" in predictions[0]:
        largest, other_labels = compare_ids(tokenizer, predictions)
    elif "prompt" in predictions[0]:
        largest, other_labels = compare_texts(model, tokenizer, predictions)
    else:
        largest, other_labels = compare(model, tokenizer, predictions, limit)
    print(f"{len(predictions)} predictions, largest difference {largest:.2e}, {other_labels} other labels")
    return 0 if complete and largest <= arguments.tolerance and not other_labels else 1


if __name__ == "__main__":
    sys.exit(main())
