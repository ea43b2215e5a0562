"""Write the reference numbers that the parity tests hold Terakoya to.

    python tests/make_fixtures.py parity [NAME …]  random models (all, or these) -> tests/fixtures/parity/
    python tests/make_fixtures.py tokenizer        ids and offsets -> tests/fixtures/tokenizer/*/reference.jsonl
    python tests/make_fixtures.py byte-level DIR   GPT-2's vocab.json and merges.txt, cut -> tests/fixtures/tokenizer/{gpt2,roberta}
    python tests/make_fixtures.py bert-tiny DIR    the shipped model, from the f32 folder it came in -> assets/bert-tiny/

Everything is seeded and runs on one thread, so the same versions of torch and transformers (tests/requirements.txt)
write the same files again. What the files hold: tests/fixtures/*/README.md.
"""

import argparse
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from transformers import (AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForQuestionAnswering,
                          AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer, BertConfig,
                          DistilBertConfig, GPT2Config, RobertaConfig, XLMRobertaConfig,
                          get_linear_schedule_with_warmup)
from transformers.generation.logits_process import (LogitsProcessorList, RepetitionPenaltyLogitsProcessor,
                                                    TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()

FIXTURES = Path(__file__).parent / "fixtures"
BERT_TINY = Path(__file__).parent.parent / "assets" / "bert-tiny"
CONFIGS = {"bert": BertConfig, "roberta": RobertaConfig, "xlm-roberta": XLMRobertaConfig, "distilbert": DistilBertConfig,
           "gpt2": GPT2Config}
# Ids of padding, beginning and end.
BERT_IDS, ROBERTA_IDS, FIRST_WORD = (0, 2, 3), (1, 0, 2), 5
STEPS, WARMUP_STEPS = 10, 3
LEARNING_RATE, BETAS, EPSILON, WEIGHT_DECAY, MAX_GRAD_NORM = 1e-3, (0.9, 0.999), 1e-8, 0.01, 1.0
LABEL_SMOOTHING = 0.1
# Enough that common words are whole and rare ones are not.
BYTE_LEVEL_MERGES = 1000


@dataclass
class Case:
    """One random model and one batch for it."""

    name: str
    seed: int
    config: dict
    labels: list
    # One entry a row: lengths of the first and second text without special tokens; a second of 0 means a single text.
    lengths: list
    class_weights: list = field(default_factory=list)
    problem_type: str = "single_label_classification"
    model_type: str = "bert"
    special_ids: tuple = BERT_IDS
    # Rows whose padding stands on the left.
    left_padded: list = field(default_factory=list)
    auto_class: type = AutoModelForSequenceClassification


CASES = [
    Case(
        name="single",
        seed=11,
        config=dict(vocab_size=101, hidden_size=32, num_attention_heads=4, num_hidden_layers=2, intermediate_size=37,
                    max_position_embeddings=40, num_labels=3),
        labels=[2, 0],
        class_weights=[0.5, 1.0, 2.0],
        lengths=[(5, 0), (2, 0)],
    ),
    Case(
        name="odd-heads",
        seed=12,
        config=dict(vocab_size=83, hidden_size=30, num_attention_heads=5, num_hidden_layers=3, intermediate_size=44,
                    max_position_embeddings=24, num_labels=2, layer_norm_eps=1e-5),
        labels=[1, 0, 1],
        class_weights=[1.5, 0.75],
        lengths=[(4, 0), (7, 0), (5, 0)],
        left_padded=[0, 2],
    ),
    Case(
        name="pair",
        seed=13,
        config=dict(vocab_size=67, hidden_size=24, num_attention_heads=2, num_hidden_layers=2, intermediate_size=52,
                    max_position_embeddings=16, num_labels=4),
        labels=[3, 1, -100, 0],
        class_weights=[1.0, 0.25, 3.0, 1.75],
        lengths=[(3, 5), (2, 2), (4, 1), (1, 4)],
    ),
    Case(
        name="regression",
        seed=14,
        config=dict(vocab_size=61, hidden_size=24, num_attention_heads=3, num_hidden_layers=2, intermediate_size=40,
                    max_position_embeddings=20, num_labels=1),
        labels=[2.5, -0.75, 4.0],
        lengths=[(4, 6), (2, 3), (5, 1)],
        problem_type="regression",
    ),
    Case(
        name="multi-label",
        seed=15,
        config=dict(vocab_size=59, hidden_size=16, num_attention_heads=2, num_hidden_layers=2, intermediate_size=36,
                    max_position_embeddings=18, num_labels=5),
        labels=[[1, 0, 0, 1, 1], [0, 0, 0, 0, 0], [0, 1, 0, 0, 0]],
        lengths=[(6, 0), (3, 0), (8, 0)],
        problem_type="multi_label_classification",
    ),
    Case(
        name="roberta",
        seed=16,
        config=dict(vocab_size=71, hidden_size=24, num_attention_heads=4, num_hidden_layers=2, intermediate_size=50,
                    max_position_embeddings=19, type_vocab_size=1, num_labels=3, layer_norm_eps=1e-5),
        labels=[2, 0, 1],
        class_weights=[0.5, 2.0, 1.0],
        lengths=[(6, 0), (3, 0), (9, 0)],
        left_padded=[1],
        model_type="roberta",
        special_ids=ROBERTA_IDS,
    ),
    Case(
        name="xlm-roberta",
        seed=17,
        config=dict(vocab_size=53, hidden_size=16, num_attention_heads=2, num_hidden_layers=1, intermediate_size=28,
                    max_position_embeddings=17, type_vocab_size=1, num_labels=1, layer_norm_eps=1e-5),
        labels=[1.5, -2.0],
        lengths=[(3, 4), (2, 1)],
        problem_type="regression",
        model_type="xlm-roberta",
        special_ids=ROBERTA_IDS,
    ),
    Case(
        name="distilbert",
        seed=18,
        config=dict(vocab_size=73, dim=24, n_heads=3, n_layers=3, hidden_dim=46, max_position_embeddings=15, num_labels=4),
        labels=[3, 1, 0],
        class_weights=[1.0, 0.5, 2.0, 1.5],
        lengths=[(5, 3), (7, 0), (2, 2)],
        model_type="distilbert",
    ),
    Case(
        name="tokens",
        seed=19,
        config=dict(vocab_size=79, hidden_size=24, num_attention_heads=3, num_hidden_layers=2, intermediate_size=38,
                    max_position_embeddings=21, num_labels=5),
        labels=[[-100, 0, 3, -100, 4, -100], [-100, 1, -100, -100, -100, -100], [-100, 0, 1, 2, -100, -100]],
        lengths=[(4, 0), (2, 0), (3, 0)],
        problem_type=None,
        auto_class=AutoModelForTokenClassification,
    ),
    Case(
        name="roberta-tokens",
        seed=20,
        config=dict(vocab_size=57, hidden_size=16, num_attention_heads=4, num_hidden_layers=1, intermediate_size=30,
                    max_position_embeddings=14, type_vocab_size=1, num_labels=3, layer_norm_eps=1e-5),
        labels=[[-100, 2, 1, 0, 0, -100, -100], [-100, 1, -100, 0, 2, 1, -100]],
        lengths=[(4, 0), (5, 0)],
        problem_type=None,
        model_type="roberta",
        special_ids=ROBERTA_IDS,
        auto_class=AutoModelForTokenClassification,
    ),
    Case(
        name="distilbert-tokens",
        seed=21,
        config=dict(vocab_size=63, dim=18, n_heads=3, n_layers=2, hidden_dim=34, max_position_embeddings=13, num_labels=4),
        labels=[[-100, 3, 0, -100, -100, -100], [-100, 1, 2, 2, 0, -100]],
        lengths=[(2, 0), (4, 0)],
        problem_type=None,
        model_type="distilbert",
        auto_class=AutoModelForTokenClassification,
    ),
    Case(
        name="answers",
        seed=22,
        config=dict(vocab_size=69, hidden_size=20, num_attention_heads=5, num_hidden_layers=2, intermediate_size=42,
                    max_position_embeddings=23),
        labels=[[4, 6], [0, 0], [5, 5]],
        lengths=[(2, 5), (3, 2), (2, 3)],
        problem_type=None,
        auto_class=AutoModelForQuestionAnswering,
    ),
    Case(
        name="roberta-answers",
        seed=23,
        config=dict(vocab_size=55, hidden_size=16, num_attention_heads=2, num_hidden_layers=1, intermediate_size=26,
                    max_position_embeddings=16, type_vocab_size=1, layer_norm_eps=1e-5),
        labels=[[5, 7], [4, 5]],
        lengths=[(3, 4), (2, 3)],
        problem_type=None,
        model_type="roberta",
        special_ids=ROBERTA_IDS,
        auto_class=AutoModelForQuestionAnswering,
    ),
    Case(
        name="distilbert-answers",
        seed=24,
        config=dict(vocab_size=61, dim=16, n_heads=4, n_layers=2, hidden_dim=30, max_position_embeddings=14),
        labels=[[3, 4], [6, 8]],
        lengths=[(1, 4), (4, 4)],
        problem_type=None,
        model_type="distilbert",
        auto_class=AutoModelForQuestionAnswering,
    ),
    Case(
        name="bert-words",
        seed=25,
        config=dict(vocab_size=47, hidden_size=20, num_attention_heads=4, num_hidden_layers=2, intermediate_size=34,
                    max_position_embeddings=17),
        labels=[[-100, 9, -100, -100, 31, -100, -100], [-100, -100, 46, -100, -100, -100, -100],
                [-100, 0, -100, 17, 5, 22, -100]],
        lengths=[(4, 0), (2, 0), (5, 0)],
        problem_type=None,
        auto_class=AutoModelForMaskedLM,
    ),
    Case(
        name="roberta-words",
        seed=26,
        config=dict(vocab_size=43, hidden_size=16, num_attention_heads=2, num_hidden_layers=1, intermediate_size=28,
                    max_position_embeddings=13, type_vocab_size=1, layer_norm_eps=1e-5),
        labels=[[-100, 12, -100, -100, -100, -100], [-100, -100, 40, 6, -100, -100]],
        lengths=[(3, 0), (4, 0)],
        problem_type=None,
        model_type="roberta",
        special_ids=ROBERTA_IDS,
        auto_class=AutoModelForMaskedLM,
    ),
    Case(
        name="distilbert-words",
        seed=27,
        config=dict(vocab_size=41, dim=16, n_heads=4, n_layers=2, hidden_dim=26, max_position_embeddings=12),
        labels=[[-100, -100, 8, -100, -100, -100], [-100, 33, -100, -100, 40, -100]],
        lengths=[(2, 0), (4, 0)],
        problem_type=None,
        model_type="distilbert",
        auto_class=AutoModelForMaskedLM,
    ),
    Case(
        name="gpt2",
        seed=28,
        config=dict(vocab_size=53, n_embd=24, n_head=3, n_layer=3, n_positions=40, n_inner=50, layer_norm_epsilon=1e-4,
                    bos_token_id=0, eos_token_id=0),
        # The ids themselves.
        labels=None,
        lengths=[(6, 0), (3, 0), (9, 0)],
        problem_type=None,
        model_type="gpt2",
        special_ids=(0, 0, 0),
        auto_class=AutoModelForCausalLM,
    ),
]
# How the texts of generation.json are continued, and how probabilities are filtered, as transformers spells it.
PROMPTS, NEW_TOKENS = [[7, 30, 12], [51], [9, 9, 40, 22, 5, 17]], 24
FILTERS = [dict(temperature=0.7), dict(top_k=5), dict(top_p=0.6), dict(repetition_penalty=1.7),
           dict(temperature=1.3, top_k=9, top_p=0.8, repetition_penalty=1.2), dict(temperature=0.5, top_p=0.95)]


def loss_of(case, logits, batch):
    """Return the loss that transformers computes for the case's problem.

    Of an answer's beginning and end: but for padding, which transformers lets take part in the softmax.
    """
    labels = batch["labels"]
    if case.auto_class is AutoModelForCausalLM:
        return cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    if case.auto_class is AutoModelForQuestionAnswering:
        kept = logits.masked_fill(batch["attention_mask"].unsqueeze(-1) == 0, -1e9)
        return cross_entropy(kept.transpose(1, 2).flatten(0, 1), labels.flatten())
    if case.problem_type == "regression":
        return mse_loss(logits.squeeze(), labels.to(logits.dtype))
    if case.problem_type == "multi_label_classification":
        return binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
    return cross_entropy(logits.flatten(0, -2), labels.flatten())


def is_norm(name):
    """Return whether a parameter belongs to a layer normalisation, however the family spells it."""
    return "layernorm" in name.lower().replace("_", "") or any(part in name for part in ("ln_1.", "ln_2.", "ln_f."))


def is_idle(case, name):
    """Return whether a parameter's true gradient is zero: it adds the same to all that a softmax compares.

    That is the bias of attention's keys; where the tokens of a row are compared, also the head's bias and the encoder's last.
    """
    if case.auto_class is AutoModelForQuestionAnswering:
        last = case.config.get("num_hidden_layers", case.config.get("n_layers")) - 1
        if name.endswith(("qa_outputs.bias", f"layer.{last}.output.LayerNorm.bias", f"layer.{last}.output_layer_norm.bias")):
            return True
    return name.endswith(("key.bias", "k_lin.bias"))


def build_model(case):
    """Return the case's model, in train mode, every parameter random: a swapped or skipped one shows in the logits."""
    dropouts = ("hidden_dropout_prob", "attention_probs_dropout_prob")
    if case.model_type == "gpt2":
        dropouts = ("embd_pdrop", "attn_pdrop", "resid_pdrop")
    if case.model_type == "distilbert":
        dropouts = ("dropout", "attention_dropout", "seq_classif_dropout", "qa_dropout")
    config = CONFIGS[case.model_type](**case.config, **dict.fromkeys(dropouts, 0.0), pad_token_id=case.special_ids[0])
    if case.problem_type not in (None, "single_label_classification"):
        config.problem_type = case.problem_type
    model = case.auto_class.from_config(config, attn_implementation="eager")
    generator = torch.Generator().manual_seed(case.seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if is_norm(name) and name.endswith("weight"):
                parameter.copy_(1.0 + 0.15 * noise)
            else:
                parameter.copy_((0.15 if name.endswith("bias") else 0.25) * noise)
    return model.train()


def build_batch(case):
    """Return the batch as i64 tensors: input_ids, attention_mask, token_type_ids [batch, seq] and labels [batch]."""
    generator = torch.Generator().manual_seed(case.seed + 1000)
    pad, begin, end = case.special_ids
    two_types = case.model_type == "bert"
    rows = []
    for first, second in case.lengths:
        words = torch.randint(FIRST_WORD, case.config["vocab_size"], (first + second,), generator=generator).tolist()
        ids = [begin, *words[:first], end]
        types = [0] * len(ids)
        if second:
            ids += [*words[first:], end]
            types += [int(two_types)] * (second + 1)
        rows.append((ids, types))
    seq = max(len(ids) for ids, _ in rows)
    batch = {"input_ids": [], "attention_mask": [], "token_type_ids": []}
    for row, (ids, types) in enumerate(rows):
        for key, values, fill in (("input_ids", ids, pad), ("attention_mask", [1] * len(ids), 0),
                                  ("token_type_ids", types, 0)):
            padding = [fill] * (seq - len(ids))
            batch[key].append(padding + values if row in case.left_padded else values + padding)
    batch["labels"] = case.labels
    if case.labels is None:
        masks = zip(batch["input_ids"], batch["attention_mask"])
        batch["labels"] = [[id if kept else -100 for id, kept in zip(ids, mask)] for ids, mask in masks]
    return {name: torch.tensor(values) for name, values in batch.items()}


def forward(model, batch):
    """Return hidden states, pooler output (BERT's only) and logits of one pass."""
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {name: batch[name] for name in names[:2 if model.config.model_type in ("distilbert", "gpt2") else 3]}
    if getattr(model, "bert", None) is not None and model.bert.pooler is not None:
        body = model.bert(**inputs, output_hidden_states=True)
        return body.hidden_states, body.pooler_output, model.classifier(body.pooler_output)
    output = model(**inputs, output_hidden_states=True)
    if "logits" not in output:
        return output.hidden_states, None, torch.stack([output.start_logits, output.end_logits], dim=-1)
    return output.hidden_states, None, output.logits


def parameter_groups(model):
    """Split the parameters as the optimizer does: no weight decay on biases and LayerNorm."""
    decayed, plain = [], []
    for name, parameter in model.named_parameters():
        (plain if name.endswith("bias") or is_norm(name) else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]


def train(case, model, batch):
    """Take ten AdamW steps on the batch, in place, and return loss, learning rate and gradient norm of each."""
    optimizer = torch.optim.AdamW(parameter_groups(model), lr=LEARNING_RATE, betas=BETAS, eps=EPSILON)
    schedule = get_linear_schedule_with_warmup(optimizer, WARMUP_STEPS, STEPS)
    curve = []
    for step in range(STEPS):
        loss = loss_of(case, forward(model, batch)[2], batch)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRAD_NORM)
        curve.append({"step": step, "loss": loss.item(), "learning_rate": schedule.get_last_lr()[0],
                      "grad_norm": norm.item()})
        optimizer.step()
        schedule.step()
    return curve


def loss_variants(logits, labels, class_weights):
    """Return the losses that options change, with the options they were computed from; nothing without class weights."""
    if not class_weights:
        return {}
    weights = torch.tensor(class_weights, dtype=logits.dtype)
    return {
        "label_smoothing": LABEL_SMOOTHING,
        "class_weights": class_weights,
        "loss_label_smoothing": cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING).item(),
        "loss_class_weights": cross_entropy(logits, labels, weight=weights).item(),
        "loss_both": cross_entropy(logits, labels, weight=weights, label_smoothing=LABEL_SMOOTHING).item(),
    }


def compute(case, model, batch):
    """Return every reference tensor of the batch and the ten-step curve. The model is trained on the way."""
    tensors = dict(batch)
    hidden_states, pooler_output, logits = forward(model, batch)
    for layer, hidden in enumerate(hidden_states):
        tensors[f"hidden_states.{layer}"] = hidden
    if pooler_output is not None:
        tensors["pooler_output"] = pooler_output
    tensors["logits"] = logits
    loss = loss_of(case, logits, batch)
    loss.backward()
    for name, parameter in model.named_parameters():
        tensors[f"grad.{name}"] = parameter.grad.clone()
    curve = train(case, model, batch)
    for name, parameter in model.named_parameters():
        tensors[f"final.{name}"] = parameter
    return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}, loss.item(), curve


def rounding_noise(case, batch, tensors):
    """Return how far float32 lies from a float64 run of the same recipe: the floor under any tolerance.

    An idle parameter has a true gradient of zero, and Adam divides noise by noise: its final value means nothing.
    """
    exact, _, _ = compute(case, build_model(case).double(), batch)
    noise = {"grad": 0.0, "final": 0.0, "final_key_bias": 0.0, "forward": 0.0}
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            continue
        kind = name.split(".")[0]
        kind = "final_key_bias" if name.startswith("final") and is_idle(case, name) else kind
        kind = kind if kind in noise else "forward"
        noise[kind] = max(noise[kind], (tensor.double() - exact[name]).abs().max().item())
    return noise


def check(case, tensors):
    """Fail when the fixture could not show a mistake: a parameter without gradient, or a mask without padding."""
    assert tensors["attention_mask"].min() == 0, "no padding"
    for name, tensor in tensors.items():
        if name.startswith("grad."):
            dead = tensor.abs().max().item() < 1e-5
            assert dead == is_idle(case, name), f"{case.name}: {name}"


def write_parity(root, names):
    """Write the folders of fixtures/parity, or those named."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for case in CASES:
        if names and case.name not in names:
            continue
        folder = root / case.name
        shutil.rmtree(folder, ignore_errors=True)
        model, batch = build_model(case), build_batch(case)
        model.save_pretrained(folder)
        tensors, loss, curve = compute(case, model, batch)
        check(case, tensors)
        save_file(tensors, folder / "reference.safetensors", metadata={"format": "pt"})
        reference = {
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "loss": loss,
            **loss_variants(tensors["logits"], tensors["labels"], case.class_weights),
            "recipe": {"optimizer": "AdamW", "learning_rate": LEARNING_RATE, "betas": BETAS, "epsilon": EPSILON,
                       "weight_decay": WEIGHT_DECAY, "no_decay": ["bias", "LayerNorm"],
                       "max_grad_norm": MAX_GRAD_NORM, "schedule": "linear", "warmup_steps": WARMUP_STEPS,
                       "steps": STEPS},
            "curve": curve,
            "rounding_noise": rounding_noise(case, batch, tensors),
        }
        (folder / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
        reread(case, folder, loss)
        if case.auto_class is AutoModelForCausalLM:
            write_generation(case, folder)


def filtered(logits, before, options):
    """Return the probabilities that transformers' logits processors leave, in the order generate applies them."""
    processors = LogitsProcessorList()
    if "repetition_penalty" in options:
        processors.append(RepetitionPenaltyLogitsProcessor(options["repetition_penalty"]))
    if "temperature" in options:
        processors.append(TemperatureLogitsWarper(options["temperature"]))
    if "top_k" in options:
        processors.append(TopKLogitsWarper(options["top_k"]))
    if "top_p" in options:
        processors.append(TopPLogitsWarper(options["top_p"]))
    return processors(torch.tensor([before]), torch.tensor([logits])).softmax(-1)[0].tolist()


def write_generation(case, folder):
    """Write how transformers continues prompts greedily, without and with a penalty, and what its filters leave."""
    model = case.auto_class.from_pretrained(folder, attn_implementation="eager").eval()
    greedy = []
    for prompt in PROMPTS:
        for penalty in (1.0, 1.3):
            ids = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                                 do_sample=False, max_new_tokens=NEW_TOKENS, repetition_penalty=penalty, pad_token_id=0)
            greedy.append({"prompt": prompt, "repetition_penalty": penalty, "continuation": ids[0, len(prompt):].tolist()})
    generator = torch.Generator().manual_seed(case.seed)
    filters = []
    for options in FILTERS:
        logits = (3.0 * torch.randn(case.config["vocab_size"], generator=generator)).tolist()
        before = torch.randint(case.config["vocab_size"], (8,), generator=generator).tolist()
        filters.append({"options": options, "before": before, "logits": logits,
                        "probabilities": filtered(logits, before, options)})
    content = {"transformers": transformers.__version__, "eos_token_id": 0, "max_new_tokens": NEW_TOKENS,
               "greedy": greedy, "filters": filters}
    (folder / "generation.json").write_text(json.dumps(content, indent=1) + "\n")


def reread(case, folder, loss):
    """Load a written folder as a user would and fail when it does not give the numbers beside it."""
    tensors = load_file(folder / "reference.safetensors")
    model = case.auto_class.from_pretrained(folder, attn_implementation="eager")
    with torch.no_grad():
        logits = forward(model, tensors)[2]
    torch.testing.assert_close(logits, tensors["logits"], rtol=0, atol=1e-6)
    assert abs(loss_of(case, logits, tensors).item() - loss) < 1e-6 * max(1.0, loss)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder.name}: loss {loss:.6f}, {len(tensors)} tensors, {size} bytes")


def escaped(character):
    """Return an invisible character as JSON escapes, so that an editor can neither hide nor mangle it."""
    if character.isprintable():
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def read_cases(path):
    """Read JSON lines, split at the newline only: U+2028 and U+0085 are part of the texts."""
    return [json.loads(line) for line in path.read_bytes().decode().split("\n") if line]


def encode(tokenizer, case):
    """Return the case with what the fast tokenizer makes of it. Without a max_length nothing is cut.

    Called as a batch of one, the way data sets are mapped: called alone, transformers drops an empty second text.
    """
    limit, pair = case["max_length"], case["text_pair"]
    encoding = tokenizer([case["text"]], None if pair is None else [pair], max_length=limit, return_token_type_ids=True,
                         return_offsets_mapping=True, truncation="longest_first" if limit is not None else False)
    return case | {"ids": encoding["input_ids"][0], "type_ids": encoding["token_type_ids"][0],
                   "offsets": encoding["offset_mapping"][0]}


def write_tokenizer(root):
    """Write reference.jsonl for each tokenizer of fixtures/tokenizer and for the shipped bert-tiny."""
    cases = read_cases(root / "cases.jsonl")
    for name in ("uncased", "cased", "keep-accents", "bert-tiny", "gpt2", "roberta"):
        tokenizer = AutoTokenizer.from_pretrained(BERT_TINY if name == "bert-tiny" else root / name)
        rows = [encode(tokenizer, case) for case in cases]
        (root / name).mkdir(exist_ok=True)
        lines = ["".join(map(escaped, json.dumps(row, ensure_ascii=False))) + "\n" for row in rows]
        (root / name / "reference.jsonl").write_bytes("".join(lines).encode())
        assert read_cases(root / name / "reference.jsonl") == json.loads(json.dumps(rows))
        ids = [i for row in rows for i in row["ids"]]
        print(f"{name}: {len(rows)} texts, {len(ids)} tokens, {ids.count(tokenizer.unk_token_id)} unknown, "
              f"{len(set(ids))} of {len(tokenizer)} entries used")


def write_byte_level(source, root):
    """Write the beginning of the vocabulary and merges in `source` as GPT-2's files and, renumbered, as RoBERTa's."""
    merges = (source / "merges.txt").read_text(encoding="utf-8").split("\n")[: 1 + BYTE_LEVEL_MERGES]
    tokens = sorted(json.loads((source / "vocab.json").read_text(encoding="utf-8")).items(), key=lambda token: token[1])
    tokens = [token for token, _ in tokens[: 256 + BYTE_LEVEL_MERGES]]
    assert tokens[-1] == merges[-1].replace(" ", ""), "a token stands where its merge does"
    vocabularies = {
        "gpt2": ("GPT2Tokenizer", tokens + ["<|endoftext|>"]),
        "roberta": ("RobertaTokenizer", ["<s>", "<pad>", "</s>", "<unk>"] + tokens + ["<mask>"]),
    }
    for name, (tokenizer_class, vocabulary) in vocabularies.items():
        folder = root / name
        folder.mkdir(exist_ok=True)
        ids = {token: number for number, token in enumerate(vocabulary)}
        (folder / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
        (folder / "merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8")
        config = {"tokenizer_class": tokenizer_class}
        (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n", encoding="utf-8")
        shutil.copyfile(source / "LICENSE", folder / "LICENSE")


def write_bert_tiny(source):
    """Copy the model folder `source` to assets/bert-tiny with every float tensor rounded to the nearest f16."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, BERT_TINY / name)
    tensors = load_file(source / "model.safetensors")
    halves = {name: tensor.half() for name, tensor in tensors.items()}
    assert all(half.isfinite().all() for half in halves.values()), "a weight does not fit f16"
    save_file(halves, BERT_TINY / "model.safetensors", metadata={"format": "pt"})
    error = max((tensors[name] - half.float()).abs().max().item() for name, half in halves.items())
    print(f"bert-tiny: {len(halves)} tensors, largest rounding {error:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("parity").add_argument("names", nargs="*")
    commands.add_parser("tokenizer")
    commands.add_parser("byte-level").add_argument("source", type=Path)
    commands.add_parser("bert-tiny").add_argument("source", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "parity":
        write_parity(FIXTURES / "parity", arguments.names)
    elif arguments.what == "tokenizer":
        write_tokenizer(FIXTURES / "tokenizer")
    elif arguments.what == "byte-level":
        write_byte_level(arguments.source, FIXTURES / "tokenizer")
    else:
        write_bert_tiny(arguments.source)


if __name__ == "__main__":
    main()
