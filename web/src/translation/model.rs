//! Says what is wrong with a model's files: its settings, its weights, its tokenizer, its dictionary; and with the device.

use super::{Entry, entries};

/// What opening a model and computing with it say.
pub const ENTRIES: &[Entry] = entries! {
    "the model folder has no {file}":
        "モデルに {file} がありません。", "the model has no {file}";
    "{file} is in PyTorch's pickle format, which can run code when read; convert it once with transformers: {class}.from_pretrained(FOLDER).save_pretrained(NEW_FOLDER, safe_serialization=True)":
        "{file} は、読むとプログラムが動くことのある PyTorch の pickle 形式なので開けません。transformers で一度変換してください：{class}.from_pretrained(FOLDER).save_pretrained(NEW_FOLDER, safe_serialization=True)";
    "{file} is not valid JSON of the expected form: {source}":
        "{file} が正しい形の JSON ではありません。{source!}";
    "config.json: {key} is {value}: {reason}":
        "config.json の {key} が {value} になっています。{reason!}";
    "must be between 1 and {MOST_LAYERS}": "1 以上 {MOST_LAYERS} 以下の整数にしてください。";
    "must divide {width_key} {width}": "{width_key}（{width}）を割り切る数にしてください。";
    "must be above 0 and below 1": "0 より大きく 1 未満にしてください。";
    "must be below vocab_size": "vocab_size より小さくしてください。";
    "must be a number from 0 to 1": "0 から 1 までの数にしてください。";
    "must be an object that has a number from 0 to 1 for each label": "ラベルごとに 0 から 1 までの数を一つ書いてください。";
    "must name labels of id2label, which {other:?} is not": "「{other}」は id2label のラベルではありません。";
    "must have a number for the label {label:?} too": "ラベル「{label}」の数がありません。";
    "must be true or false": "true か false にしてください。";
    "must be an id: positions are counted from it": "位置を数えはじめる番号が要ります。";
    "must leave room behind pad_token_id, from which positions are counted": "pad_token_id から位置を数えるので、その後ろに余地が要ります。";
    "only absolute positions are known": "読めるのは absolute だけです。";
    "only learned positions are known": "読めるのは学習された位置だけです。";
    "only true is known: words are said by the table that reads them": "読めるのは true だけです。";
    "only {known} is known": "読めるのは {known} だけです。";
    "an earlier id has that label too": "そのラベルはもっと小さい番号にもあります。";
    "ids must count from 0 without gaps and labels must be strings": "番号は 0 から抜けなく、ラベルは文字列にしてください。";
    "the tokenizer gives token type {types} to {what}": "トークナイザーが{what!}に種類 {types} を付けるため、足りません。";
    "pairs": "文の組";
    "texts": "文";
    "config.json: model_type {model_type:?} is unknown; known: {known}":
        "config.json の model_type「{model_type}」は、開けない種類のモデルです。開けるもの：{known}";
    "config.json has no model_type, and its architectures name no known class; known model types: {known}":
        "config.json に model_type がなく、architectures からもモデルの種類が分かりません。開けるもの：{known}";
    "{file} is not a whole gzip file: {source}":
        "{file} は gzip として最後まで読めません。壊れています。", "{file} is not a whole gzip file";
    "{file} unpacks to a file larger than {limit} bytes, which no tokenizer is":
        "{file} を展開すると {limit} バイトを超えます。トークナイザーのファイルではありません。";
    "the tokenizer has {tokenizer} entries but config.json says vocab_size {config}: they belong to different models":
        "トークナイザーの語彙は {tokenizer} 個ですが、config.json の vocab_size は {config} です。別々のモデルのファイルが混ざっています。";
    "{tensor} needs {bytes} bytes in one buffer, but the device binds at most {limit}; run with --device cpu":
        "{tensor!}には一度に {bytes} バイト要りますが、この装置で扱えるのは {limit} バイトまでです。「計算に使う装置」で CPU を選んでください。",
        "{tensor} needs {bytes} bytes in one buffer, but the device binds at most {limit}; choose the CPU to compute on";
    "the word embedding table": "語の埋め込みの表";
    "{file} is not a whole safetensors file: {source}":
        "{file} は safetensors として最後まで読めません。壊れています（{source!}）。";
    "the checkpoint has no tensor {tensor} (expected shape {expected})":
        "モデルに重み {tensor} がありません（形は {expected} のはずです）。";
    "tensor {tensor} has shape {found}, but config.json asks for {expected}":
        "重み {tensor} の形は {found} ですが、config.json では {expected} のはずです。";
    "tensor {tensor} holds {dtype}; weights must be f32, f16 or bf16":
        "重み {tensor} は {dtype} です。読めるのは f32、f16、bf16 です。";
    "tensor {tensor} holds a value that is not finite":
        "重み {tensor} に数でない値があります。モデルが壊れています。";
    "{file}: the entry {METADATA_KEY} of its metadata does not describe quantised tensors: {source}":
        "{file} の {METADATA_KEY} は、量子化した重みの説明になっていません。{source!}";
    "{file} is quantised in version {version} of the format; this program reads version {VERSION}":
        "{file} は量子化の第 {version} 版で書かれています。このページが読めるのは第 {VERSION} 版です。";
    "tensor {tensor} is quantised as {format:?}; known: q4_32, q8_32":
        "重み {tensor} は「{format}」で量子化されています。読めるのは q4_32 と q8_32 です。";
    "tensor {tensor} has the impossible shape {shape}":
        "重み {tensor} の形 {shape} はありえません。モデルが壊れています。";
    "the quantised tensor's part {part} must be {expected}, but the file holds {found}":
        "量子化した重みの部分 {part} は {expected} のはずですが、ファイルでは {found} です。";
    "two tensors would be called {name} in the quantised file":
        "量子化したファイルの中で、二つの重みが同じ名前 {name} になります。";
    "writing {WEIGHTS}: {source}":
        "{WEIGHTS} を書けません（{source}）。";
    "no tokenizer among the files {found}: expected tokenizer.json, vocab.txt, spiece.model, or vocab.json with merges.txt":
        "トークナイザーのファイルがありません。tokenizer.json、vocab.txt、spiece.model、または vocab.json と merges.txt が要ります。いまあるもの：{found}";
    "{file} is missing from the tokenizer's files":
        "トークナイザーのファイル {file} がありません。";
    "{file}: byte {byte} is not valid UTF-8":
        "{file} の先頭から {byte} バイトのところが UTF-8 ではありません。";
    "{file} is not valid JSON: {source}":
        "{file} は JSON として読めません。{source!}";
    "{file}: {key} is {value}, expected {expected}":
        "{file} の {key} が {value} になっています。使えるのは次のものです：{expected}";
    "the tokenizer defined by {file} failed to {step}: {source}":
        "{file} のトークナイザーが動きません（{step}：{source}）。";
    "{file}: the vocabulary is empty":
        "{file} の語彙が空です。";
    "{file}, line {line}: the token {token:?} is already on line {first_line}":
        "{file} の {line} 行目：トークン「{token}」は {first_line} 行目にもあります。";
    "{file} has more entries than a 32-bit id can number":
        "{file} の語彙が多すぎます。";
    "the {role} token {token:?} is not among the {entries} entries of the vocabulary":
        "印のトークン「{token}」（{role}）が、{entries} 個の語彙の中にありません。";
    "the tokenizer needs MeCab's dictionary {name:?}, which is not there":
        "このモデルには MeCab の辞書「{name}」が要りますが、ありません。";
    "max_length {max_length} leaves no room: {special_tokens} special tokens are added":
        "長さの上限 {max_length} では文が入りません。モデルのための印だけで {special_tokens} トークン要ります。";
    "only the second text may be shortened, but there is no second text":
        "二つ目の文だけを短くする設定ですが、二つ目の文がありません。";
    "{excess} tokens too many for max_length {max_length}, but the text to shorten has only {length}":
        "長さの上限 {max_length} を {excess} トークン超えていますが、短くできる文は {length} トークンしかありません。";
    "stride {stride} must be smaller than the {room} tokens a window has for the text":
        "「{--stride}」の {stride} は、一つの窓に入る {room} トークンより小さくしてください。",
        "“{--stride}” is {stride}, but must be smaller than the {room} tokens a window has for the text";
    "windows over a pair need a strategy that names the text to cut, not longest-first":
        "文の組を窓に分けるには、どちらの文を切るかを決めておく必要があります。";
    "{file} is truncated: {what} needs {needed} bytes at byte {at}, the file has {length}":
        "辞書のファイル {file} が途中で切れています（{length} バイト）。";
    "{file} is not a dictionary packed by terakoya":
        "{file} は terakoya の辞書ではありません。";
    "{file} is not a dictionary with sorted surfaces":
        "辞書のファイル {file} が壊れています（見出し語の順が違います）。";
    "{file} is big-endian; compile the dictionary on a little-endian machine":
        "辞書のファイル {file} のバイト順が違います。";
    "{file} has version {found}, expected {expected}":
        "辞書のファイル {file} は第 {found} 版ですが、読めるのは第 {expected} 版です。";
    "{file} is in the charset {charset:?}; compile the dictionary in UTF-8":
        "辞書のファイル {file} の文字コードは「{charset}」ですが、UTF-8 でなければ読めません。";
    "{file} is missing from the dictionary":
        "辞書のファイル {file} がありません。";
    "{file} is damaged: {what} is {found}, the limit is {limit}":
        "辞書のファイル {file} が壊れています。";
    "{file} is damaged: its checksum is {found}, its header says {expected}":
        "辞書のファイル {file} が壊れています（検査の値は {found}、正しくは {expected}）。";
    "{file} cannot be unpacked: {source}":
        "辞書のファイル {file} を展開できません。壊れています。";
    "no GPU adapter was found: {reason}; run with --device cpu":
        "GPU が見つかりません（{reason}）。「計算に使う装置」で CPU を選んでください。",
        "no GPU adapter was found: {reason}; choose the CPU to compute on";
    "the device failed while {during}: {reason}":
        "計算に使う装置が途中で止まりました（{reason}）。";
};
