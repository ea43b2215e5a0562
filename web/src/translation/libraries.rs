//! Says what the library says that reads JSON, as far as damaged files bring it up.

use super::{Entry, entries};

/// Messages of serde_json, with and without the position.
pub const ENTRIES: &[Entry] = entries! {
    "{reason} at line {line} column {column}":
        "{reason!}（{line} 行目の {column} バイト目）", "{reason!} at line {line} column {column}";
    "EOF while parsing {what}": "途中で終わっています。";
    "expected value": "値があるはずの場所に、ほかのものがあります。";
    "expected `:`": "「:」がありません。";
    "expected `,` or `}`": "「,」か「}」がありません。";
    "expected `,` or `]`": "「,」か「]」がありません。";
    "expected ident": "true、false、null のつづりが違います。";
    "key must be a string": "名前を引用符（\"）で囲んでください。";
    "trailing comma": "最後の「,」が余分です。";
    "trailing characters": "終わった後に余分な文字があります。";
    "invalid number": "数の書き方が違います。";
    "invalid escape": "「\\」の使い方が違います。";
    "control character (\\u0000-\\u001F) found while parsing a string": "文字列の中に改行などの制御文字があります。";
    "recursion limit exceeded": "入れ子が深すぎます。";
    "missing field `{field}`": "「{field}」がありません。";
    "duplicate field `{field}`": "「{field}」が二つあります。";
    "invalid type: {found}, expected {expected}": "{expected!}のはずの場所に {found} があります。";
    "a string": "文字列";
    "a sequence": "並び";
};
