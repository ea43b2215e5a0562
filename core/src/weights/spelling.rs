//! Knows how checkpoints call what our modules call otherwise: a table for each family.

use crate::models::encoder::Encoder;

/// How the checkpoints of a family spell what our modules call otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spelling {
    /// The prefix of the encoder, which checkpoints of a bare encoder leave out.
    pub(super) base: &'static str,
    /// Beginnings of paths below `head.`, ours and theirs.
    head: &'static [(&'static str, &'static str)],
}

const BERT: Spelling = Spelling {
    base: "bert.",
    head: &[
        ("Classification.dense.", "bert.pooler.dense."),
        ("Classification.classifier.", "classifier."),
        ("Tokens.classifier.", "classifier."),
        ("Span.qa_outputs.", "qa_outputs."),
        ("MaskedLm.dense.", "cls.predictions.transform.dense."),
        ("MaskedLm.layer_norm.", "cls.predictions.transform.LayerNorm."),
        ("MaskedLm.bias", "cls.predictions.bias"),
    ],
};

const ROBERTA: Spelling = Spelling {
    base: "roberta.",
    head: &[
        ("Classification.dense.", "classifier.dense."),
        ("Classification.classifier.", "classifier.out_proj."),
        ("Tokens.classifier.", "classifier."),
        ("Span.qa_outputs.", "qa_outputs."),
        ("MaskedLm.", "lm_head."),
    ],
};

const DISTILBERT: Spelling = Spelling {
    base: "distilbert.",
    head: &[
        ("Classification.dense.", "pre_classifier."),
        ("Classification.classifier.", "classifier."),
        ("Tokens.classifier.", "classifier."),
        ("Span.qa_outputs.", "qa_outputs."),
        ("MaskedLm.dense.", "vocab_transform."),
        ("MaskedLm.layer_norm.", "vocab_layer_norm."),
        ("MaskedLm.bias", "vocab_projector.bias"),
    ],
};

const GPT2: Spelling = Spelling {
    base: "transformer.",
    head: &[],
};

/// Below `head.`, the layers whose outputs are the labels: they go when the labels change.
pub(super) const LABEL_LAYERS: [&str; 2] = ["Classification.classifier.", "Tokens.classifier."];

pub(super) fn spelling(encoder: &Encoder) -> &'static Spelling {
    match encoder {
        Encoder::Bert(_) => &BERT,
        Encoder::Roberta(_) => &ROBERTA,
        Encoder::DistilBert(_) => &DISTILBERT,
        Encoder::Gpt2(_) => &GPT2,
    }
}

impl Spelling {
    /// The name of a module's parameter in the checkpoint. The path is `encoder.FAMILY.…` or `head.…`.
    pub(super) fn checkpoint_name(&self, path: &[String]) -> String {
        if let Some(path) = head_path(path) {
            let renamed = self
                .head
                .iter()
                .find_map(|(ours, theirs)| Some(format!("{theirs}{}", path.strip_prefix(ours)?)));
            return renamed.unwrap_or(path);
        }
        let segments = path.iter().skip(2).map(|segment| match segment.as_str() {
            "self_" => "self",
            "layer_norm" => "LayerNorm",
            other => other,
        });
        let segments: Vec<&str> = segments.collect();
        format!("{}{}", self.base, segments.join("."))
    }
}

/// A path below `head.`, where it is one.
pub(super) fn head_path(path: &[String]) -> Option<String> {
    match path.split_first() {
        Some((first, rest)) if first == "head" => Some(rest.join(".")),
        _ => None,
    }
}

/// Another spelling of a name, still found in checkpoints: TensorFlow's, or that of a decoder with a bias of its own.
pub(super) fn legacy_name(name: &str) -> Option<String> {
    if let Some(stem @ ("cls.predictions." | "lm_head.")) = name.strip_suffix("bias") {
        return Some(format!("{stem}decoder.bias"));
    }
    let stem = name.strip_suffix("LayerNorm.weight");
    let gamma = stem.map(|stem| format!("{stem}LayerNorm.gamma"));
    gamma.or_else(|| {
        name.strip_suffix("LayerNorm.bias")
            .map(|stem| format!("{stem}LayerNorm.beta"))
    })
}

/// Whether a parameter is a linear layer's matrix, whose axes the checkpoint swaps.
pub(super) fn is_transposed(container: &str, path: &[String]) -> bool {
    container == "Struct:Linear" && path.last().is_some_and(|name| name == "weight")
}

/// The place in a module's tree while it is visited.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) path: Vec<String>,
    containers: Vec<String>,
}

impl Walk {
    pub(super) fn enter(&mut self, name: &str, container: &str) {
        self.path.push(name.to_owned());
        self.containers.push(container.to_owned());
    }

    pub(super) fn exit(&mut self) {
        self.path.pop();
        self.containers.pop();
    }

    pub(super) fn is_transposed(&self) -> bool {
        self.containers
            .last()
            .is_some_and(|container| is_transposed(container, &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_table() {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        for (ours, theirs) in [
            (
                "encoder.Bert.encoder.layer.0.attention.output.layer_norm.weight",
                "bert.encoder.layer.0.attention.output.LayerNorm.weight",
            ),
            (
                "encoder.Bert.encoder.layer.1.attention.self_.query.bias",
                "bert.encoder.layer.1.attention.self.query.bias",
            ),
            ("head.Classification.dense.weight", "bert.pooler.dense.weight"),
            ("head.Classification.classifier.bias", "classifier.bias"),
        ] {
            assert_eq!(BERT.checkpoint_name(&path(ours)), theirs);
        }
        let ours = path("encoder.DistilBert.transformer.layer.1.sa_layer_norm.weight");
        let theirs = "distilbert.transformer.layer.1.sa_layer_norm.weight";
        assert_eq!(DISTILBERT.checkpoint_name(&ours), theirs);
        let ours = path("head.Classification.classifier.weight");
        assert_eq!(ROBERTA.checkpoint_name(&ours), "classifier.out_proj.weight");
        assert_eq!(
            legacy_name("bert.embeddings.LayerNorm.weight").as_deref(),
            Some("bert.embeddings.LayerNorm.gamma")
        );
    }
}
