//! Calls the options of a training and of a continuation by the names of their fields, and says what their values must be.

use crate::language::Language;

/// The options that have a field, by their keys.
const NAMES: [(&str, &str, &str); 28] = [
    ("train_layers", "どこに教えるか", "What learns"),
    ("top_layers", "上の層の数", "Upper layers"),
    ("epochs", "周回数", "Epochs"),
    ("learning_rate", "学習率", "Learning rate"),
    ("batch_size", "一歩の文数", "Batch size"),
    ("max_length", "最大の長さ", "Longest text"),
    ("dropout", "ドロップアウト", "Dropout"),
    ("warmup_ratio", "助走の割合", "Warm-up"),
    ("weight_decay", "重み減衰", "Weight decay"),
    ("label_smoothing", "ラベル平滑化", "Label smoothing"),
    ("early_stopping_patience", "早期終了までの周", "Early stopping"),
    ("class_weights", "ラベルの重み", "Class weights"),
    ("best_metric", "最良の決め方", "Best by"),
    ("threshold", "基準", "Threshold"),
    ("target_scale", "点数を割る数", "Score scale"),
    ("viterbi", "並びをそろえる", "Sequences that fit"),
    ("label_pieces", "種類を教える断片", "Pieces that learn"),
    ("stride", "窓の重なり", "Overlap of windows"),
    ("max_answer_length", "答えの最大の長さ", "Longest answer"),
    ("mlm_probability", "隠す割合", "Share hidden"),
    ("whole_word_masking", "語ごと隠す", "Whole words"),
    ("block_size", "一度に読む長さ", "Tokens at once"),
    ("max_new_tokens", "書く長さ", "Length"),
    ("temperature", "温度", "Temperature"),
    ("top_k", "候補の数（top-k）", "Top-k"),
    ("top_p", "候補の確率（top-p）", "Top-p"),
    ("repetition_penalty", "くり返しを避ける", "Against repetition"),
    ("seed", "乱数の種", "Seed"),
];

/// The name of an option's field, by its key; nothing where it has none.
pub fn option_name(key: &str, language: Language) -> Option<&'static str> {
    let (_, japanese, english) = NAMES.iter().find(|(known, ..)| *known == key)?;
    Some(match language {
        Language::Japanese => japanese,
        Language::English => english,
    })
}
