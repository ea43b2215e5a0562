"""Check that transformers reads a folder Terakoya wrote, and computes the logits Terakoya printed.

    python tests/roundtrip.py MODEL_DIR PREDICTIONS.jsonl [--tolerance 1e-4] [--max-length N]

PREDICTIONS.jsonl is what `terakoya predict --model MODEL_DIR --data FILE --json --logits` prints: one object a line with
`text`, `text_pair` where there is one, `logits` (of tags: one list a word, or a piece where config.json says
`label_all_tokens`) and, of classifications, `label`. Each text is encoded alone and cut to the positions of
the model, or to --max-length. Exit 0: same; 1: keys are missing, or logits or labels differ; 2: usage; 77: skipped,
since torch or transformers is missing.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
SKIPPED = 77


def positions(config):
    """Return how many tokens the model takes. RoBERTa starts counting behind its padding index."""
    offset = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta") else 0
    return config.max_position_embeddings - offset


def read_predictions(path):
    """Return the objects of the file. A line without text or logits is a fault of the caller and says so."""
    predictions = []
    for number, line in enumerate(path.read_bytes().decode().split("\n"), start=1):
        if not line.strip():
            continue
        prediction = json.loads(line)
        missing = [key for key in ("text", "logits") if key not in prediction]
        if missing:
            sys.exit(f"{path}:{number}: no {', '.join(missing)}")
        predictions.append(prediction)
    if not predictions:
        sys.exit(f"{path}: no predictions")
    return predictions


def load(folder):
    """Return model, tokenizer, and whether transformers found every weight; print what it did not."""
    from transformers import (AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification,
                              AutoTokenizer)

    of_tokens = AutoConfig.from_pretrained(folder).architectures[0].endswith("ForTokenClassification")
    auto_class = AutoModelForTokenClassification if of_tokens else AutoModelForSequenceClassification
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
    arguments = parser.parse_args()
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        print(f"skipped: {error}")
        return SKIPPED
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    if not arguments.model.is_dir():
        sys.exit(f"{arguments.model}: no such folder")
    predictions = read_predictions(arguments.predictions)
    model, tokenizer, complete = load(arguments.model)
    limit = min(positions(model.config), arguments.max_length or positions(model.config))
    largest, other_labels = compare(model, tokenizer, predictions, limit)
    print(f"{len(predictions)} predictions, largest difference {largest:.2e}, {other_labels} other labels")
    return 0 if complete and largest <= arguments.tolerance and not other_labels else 1


if __name__ == "__main__":
    sys.exit(main())
