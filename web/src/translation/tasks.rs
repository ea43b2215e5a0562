//! Says which labels, texts, options and models do not fit each other, and why a training or a continuation ends.

use super::{Entry, entries};

/// What tasks, scores, training and continuations say.
pub const ENTRIES: &[Entry] = entries! {
    "there is no {what} number {number}: the model has {count}, counted from 0":
        "{what!} {number} はありません。このモデルの{what!}は、0 から数えて {count} 個です。";
    "layer": "層";
    "attention head": "注意ヘッド";
    "{file}, {place}: label {label:?} is not among those to learn: {known}; --labels FILE can list them all":
        "ラベル「{label}」の例文が{file!}だけにあり、教える分にありません。このラベルの例文を足すか、消すか、「確かめる割合」を小さくしてください。",
        "the label “{label}” has examples in the {file} only, and none to teach: add examples of it, delete these, or lower the share for testing";
    "training part": "教える分";
    "evaluation part": "確かめる分";
    "table": "表";
    "{file}, {place}: {found:?} is not a number":
        "{file!}の {place!}：「{found}」は数ではありません。";
    "{file}, {place}: the score {found} is too large: numbers up to {limit} are learned; divide the scores, or give --target-scale":
        "{file!}の {place!}：点数 {found} は大きすぎます。学べるのは {limit} までです。点数を割るか、「{--target-scale}」を使ってください。",
        "{file}, {place}: the score {found} is too large: numbers up to {limit} are learned; divide the scores, or use “{--target-scale}”";
    "{file}, {place}: the score {found} divided by --target-scale {scale} is too large: numbers up to {limit} are learned; raise the scale":
        "{file!}の {place!}：点数 {found} を「{--target-scale}」の {scale} で割ると大きすぎます。学べるのは {limit} までです。割る数を大きくしてください。",
        "{file}, {place}: the score {found} divided by “{--target-scale}” {scale} is too large: numbers up to {limit} are learned; raise the scale";
    "{file}: no example has a label":
        "{file!}に、ラベルの付いた例文がありません。";
    "{file}: no entity type occurs in it; --labels FILE can list the tags":
        "{file!}に、印の付いた名前が一つもありません。名前のある文を足してください。",
        "no name is marked in the {file}: add sentences with names";
    "--{option} counts for {own}, but the model is for {task}":
        "「{--option}」は{own!}の設定ですが、このモデルは{task!}のためのものです。",
        "“{--option}” counts for {own!}, but the model is for {task!}";
    "sequence-classification": "「分類（ラベルを一つ）」", "classification (one label)";
    "multi-label-classification": "「分類（ラベルをいくつでも）」", "classification (any labels)";
    "regression": "「点数」", "a score";
    "token-classification": "「名前を見つける」", "names in texts";
    "question-answering": "「質問に答える」", "answers to questions";
    "masked-lm": "「隠れた言葉を当てる」", "hidden words";
    "causal-lm": "「文章の続きを書く」", "the next words";
    "{label:?} is not a tag: write O, B-TYPE or I-TYPE":
        "「{label}」はタグではありません。O、B-種類、I-種類のどれかを書いてください。";
    "the list of labels has no O, the tag of what belongs to no entity":
        "ラベルに O（どの名前にも入らない語のタグ）がありません。";
    "{file}, {place}: the example has neither tagged words nor spans; token-classification learns from one word a line with its tag, or from JSON with \"text\" and \"entities\"":
        "{file!}の {place!}：この例文には名前の印がありません。名前の例は、一行に一語とタグを書いた表か、text と entities のある JSON から読みます。",
        "{file}, {place}: no names are marked in this example; names are learned from one word a line with its tag, or from JSON with \"text\" and \"entities\"";
    "{file}, {place}: the example is no question about a passage with its answers; question-answering learns from JSON as SQuAD's, or from records with question, context and answers":
        "{file!}の {place!}：この例文は、本文と質問と答えの組ではありません。SQuAD の形の JSON か、question、context、answers のある JSON から読むか、本文の中で答えを選んでください。",
        "{file}, {place}: the example is no question about a passage with its answers; read them from JSON as SQuAD's or with question, context and answers, or mark the answer in the passage";
    "{file}, {place} ({id:?}): the question has no \"answers\", which question-answering learns from and is scored by: a list in a JSON file, empty where the passage holds no answer":
        "{file!}の {place!}（{id}）：この質問には答えがありません。答えの並び（answers）を書くか、答えがない質問では空の並びにしてください。",
        "{file}, {place} (“{id}”): the question has no answers; list them, or give an empty list where the passage holds none";
    "{file}, {place}: the question has no \"answers\", which question-answering learns from and is scored by: a list in a JSON file, empty where the passage holds no answer":
        "{file!}の {place!}：この質問には答えがありません。本文の中で答えを選ぶか、この例文を消してください。",
        "{file}, {place}: the question has no answers; mark one in the passage, or delete the example";
    "a {model_type} model cannot learn {task}: it sees what stands behind a word; take a causal model such as gpt2":
        "{model_type} のモデルに{task!}は教えられません。言葉の後ろまで見えてしまうからです。gpt2 のような、前だけを読むモデルを使ってください。",
        "a {model_type} model cannot learn {task!}: it sees what stands behind a word; take a causal model such as gpt2";
    "a {model_type} model cannot learn {task}: it sees only what stands before a word; take an encoder such as bert":
        "{model_type} のモデルに{task!}は教えられません。言葉の前しか見えないからです。bert のような、前後を読むモデルを使ってください。",
        "a {model_type} model cannot learn {task!}: it sees only what stands before a word; take an encoder such as bert";
    "what a {task} model says is not explained":
        "{task!}モデルの答えは、理由を調べられません。",
        "what a model for {task!} says is not explained";
    "a causal-lm model continues texts: use generate":
        "このモデルは文章の続きを書くものです。「続きを書く」をお使いください。",
        "this model continues texts: press “Continue”";
    "masked-lm hides words behind a mask token, and the model's tokenizer has no {token:?} in its vocabulary":
        "言葉を隠すには印（マスク）が要りますが、このモデルのトークナイザーの語彙に {token} がありません。",
        "words are hidden behind a mask token, and the model's tokenizer has no “{token}” in its vocabulary";
    "masked-lm hides words behind a mask token, and the model's tokenizer has no mask_token: its files say null, or name none and the vocabulary has neither [MASK] nor <mask>":
        "言葉を隠すには印（マスク）が要りますが、このモデルのトークナイザーには mask_token の指定がなく、語彙にも [MASK] や <mask> がありません。",
        "words are hidden behind a mask token, and the model's tokenizer has no mask_token: its files say null, or name none and the vocabulary has neither [MASK] nor <mask>";
    "text {line} has no {mask} within its first {tokens} tokens: write {mask} where a word is to be guessed":
        "{line} 番目の文のはじめの {tokens} トークンに {mask} がありません。当てたい言葉の場所に {mask} と書いてください。";
    "text {line} has no {mask}: write {mask} where a word is to be guessed":
        "{line} 番目の文に {mask} がありません。当てたい言葉の場所に {mask} と書いてください。";
    "{file}: its texts hold nothing to learn from: no two tokens":
        "{file!}の文が短すぎて、学べるものがありません（二トークン以上要ります）。";
    "question {line} ({question:?}) has {tokens} tokens, but at most {room} leave room for its passage in the {max_length} of --max-length: raise it (the model reads {longest}) or shorten the question":
        "{line} 番目の質問（{question}）は {tokens} トークンあります。一度に読む {max_length} トークンに本文の入る余地が残るのは {room} トークンまでです。「{--max-length}」を大きくする（このモデルは {longest} まで）か、質問を短くしてください。",
        "question {line} (“{question}”) has {tokens} tokens, but at most {room} leave room for its passage in the {max_length} that are read at once: raise “{--max-length}” (the model reads {longest}) or shorten the question";
    "{file}: question {line} ({question:?}) has {tokens} tokens, but at most {room} leave room for its passage in the {max_length} of --max-length: raise it (the model reads {longest}) or shorten the question":
        "{file!}の {line} 番目の質問（{question}）は {tokens} トークンあります。一度に読む {max_length} トークンに本文の入る余地が残るのは {room} トークンまでです。「{--max-length}」を大きくする（このモデルは {longest} まで）か、質問を短くしてください。",
        "{file}: question {line} (“{question}”) has {tokens} tokens, but at most {room} leave room for its passage in the {max_length} that are read at once: raise “{--max-length}” (the model reads {longest}) or shorten the question";
    "question {line} ({question:?}) has {tokens} tokens, but at most {room} leave room for its passage in the {longest} that the model reads: shorten it":
        "{line} 番目の質問（{question}）は {tokens} トークンあります。このモデルが一度に読むのは {longest} トークンで、本文の入る余地が残るのは {room} トークンまでです。質問を短くしてください。";
    "{file}: question {line} ({question:?}) has {tokens} tokens, but at most {room} leave room for its passage in the {longest} that the model reads: shorten it":
        "{file!}の {line} 番目の質問（{question}）は {tokens} トークンあります。このモデルが一度に読むのは {longest} トークンで、本文の入る余地が残るのは {room} トークンまでです。質問を短くしてください。";
    "question {line} needs its passage: --context, --data with both, or on stdin a tab and the passage behind it":
        "{line} 番目の質問に本文がありません。答えを探す本文も入れてください。",
        "question {line} needs its passage: enter the text that it is about";
    "{file}, {place}: the example has no label; name the column with --label-column":
        "{file!}の {place!}：例文にラベルがありません。",
        "{file}, {place}: the example has no label";
    "{file}: every example has the label {label:?}; classification needs at least two":
        "{file!}のラベルが、すべて「{label}」です。分類を教えるには二種類以上のラベルが要ります。";
    "{file}: there are no examples":
        "{file!}に例文がありません。";
    "--class-weights gives every label of the training data the weight 0":
        "「{--class-weights}」で、学習に使うすべてのラベルの重みが 0 になっています。",
        "“{--class-weights}” gives every label of the training data the weight 0";
    "--class-weights names {label:?}, which is not a label; known: {known}":
        "「{--class-weights}」にある「{label}」というラベルはありません。あるラベル：{known}",
        "“{--class-weights}” names “{label}”, which is not a label; known: {known}";
    "--threshold names {label:?}, which is not a label; known: {known}":
        "「{--threshold}」にある「{label}」というラベルはありません。あるラベル：{known}",
        "“{--threshold}” names “{label}”, which is not a label; known: {known}";
    "the model's head for {task} does not fit config.json, whose labels number {labels}: tensor {tensor} has shape {found} instead of {expected}":
        "{task!}のための最後の層が config.json に合いません。config.json のラベルは {labels} 種類ですが、{tensor} の形は {expected} ではなく {found} です。",
        "the model's last layer for {task!} does not fit config.json, whose labels number {labels}: tensor {tensor} has shape {found} instead of {expected}";
    "config.json says the model is a {class}, whose head is not read here: only {task} is known of its family; it can be embedded, and trained for that":
        "config.json によるとこのモデルは {class} ですが、その最後の層は読めません。この種類で使えるのは{task!}だけです。そのために教え直すことはできます。",
        "config.json says the model is a {class}, whose last layer is not read here: only {task!} is known of its family; it can be taught that";
    "the model has no trained head for {task} (missing: {missing}); fine-tune it first":
        "このモデルは{task!}をまだ教わっていません（ない重み：{missing}）。先に教えてください。",
        "the model was not taught {task!} yet (missing: {missing}); teach it first";
    "no examples to score":
        "採点する例文がありません。";
    "{gold} gold labels but {predicted} predictions":
        "正解は {gold} 個、判定は {predicted} 個で、数が合いません。";
    "label number {index} of a model with {labels} labels":
        "ラベルが {labels} 種類のモデルに、番号 {index} のラベルはありません。";
    "{found} different labels, at most {limit} can be scored; is the label column the right one?":
        "ラベルが {found} 種類あります。採点できるのは {limit} 種類までです。ラベルの列は合っていますか。";
    "--{option} is {value}: {reason}":
        "「{--option}」に「{value}」は使えません。{reason!}",
        "“{--option}” cannot be “{value}”: it {reason!}";
    "must be between 1 and 16,777,216":
        "1 以上 16,777,216 以下の整数にしてください。", "must be a whole number between 1 and 16,777,216";
    "must be a whole number, 0 or more": "0 以上の整数にしてください。";
    "must be a whole number from 0 to 18,446,744,073,709,551,615": "0 以上 18,446,744,073,709,551,615 以下の整数にしてください。";
    "must be at least 1": "1 以上の整数にしてください。", "must be a whole number, at least 1";
    "must be above 0, at most 1": "0 より大きく 1 以下にしてください。";
    "must be from 0.001 to 1000": "0.001 以上 1000 以下にしてください。";
    "must be at least 3": "3 以上の整数にしてください。", "must be a whole number, at least 3";
    "must be below the {window} tokens of a window (--max-length): windows share fewer tokens than they have":
        "「{--max-length}」の {window} より小さくしてください。",
        "must be below “{--max-length}”, {window}: windows share fewer tokens than they have";
    "must be 0, or between 3 and 16,777,216": "0 か、3 以上 16,777,216 以下の整数にしてください。";
    "must be a number above 0": "0 より大きい数にしてください。";
    "must be a number, 0 or more": "0 以上の数にしてください。";
    "must be a number": "数にしてください。";
    "must be at least 0 and below 1": "0 以上 1 未満の数にしてください。";
    "needs evaluation data to be chosen on, and there is none": "確かめる分の例文から選びますが、確かめる分がありません。";
    "counts for {names} only, not for {task}": "{task!}にはない設定です。", "counts for another task, not for {task!}";
    "the task has no such metric": "この課題にその指標はありません。", "is no metric of this task";
    "the model reads fewer tokens at once": "モデルが一度に読めるトークン数を超えています。", "is more than the model reads at once";
    "causal-lm says words with the embedding table and has no head of its own: say all or top:K":
        "文章の続きを書くモデルには独立した出口がありません。「上の層」か「ぜんぶ」を選んでください。",
        "has to be the upper layers or everything, since this model has no head of its own";
    "class weights {text:?}: say none, balanced or LABEL=WEIGHT,…":
        "ラベルの重み「{text}」は使えません。";
    "class weights name {label:?} twice":
        "ラベルの重みに「{label}」が二度あります。";
    "threshold {text:?}: say auto, per-label, a number from 0 to 1 or LABEL=NUMBER,…":
        "基準「{text}」は使えません。auto、per-label、0 から 1 までの数、または「ラベル=数,…」を入れてください。";
    "threshold names {label:?} twice":
        "基準に「{label}」が二度あります。";
    "threshold of {label:?} is {value}: say a number from 0 to 1":
        "「{label}」の基準「{value}」は使えません。0 から 1 までの数を入れてください。";
    "--train-layers top:{asked}: the model has {layers} layers":
        "「{--top-layers}」が {asked} になっていますが、このモデルは {layers} 層です。",
        "“{--top-layers}” is {asked}, but the model has {layers} layers";
    "the loss is {loss} at step {step}: lower --learning-rate":
        "{step} 歩目で損失が {loss} になりました。「{--learning-rate}」を小さくしてください。",
        "the loss is {loss} at step {step}: lower “{--learning-rate}”";
    "the weights are no numbers any more after step {step}: lower --learning-rate":
        "{step} 歩目のあと、重みが数でなくなりました。「{--learning-rate}」を小さくしてください。",
        "the weights are no numbers any more after step {step}: lower “{--learning-rate}”";
    "stopped before the first step":
        "最初の一歩の前に終わりました。";
    "checkpoint file {file}: {source}":
        "途中経過のファイル {file} を扱えません（{source!}）。";
    "the checkpoint was made with other {what}; start again with --overwrite":
        "途中経過は、いまとは違う{what!}で作られたものです。はじめから学習し直してください。",
        "the checkpoint was made with other {what}; start a new training";
    "the checkpoint was made with {kept}; go on with that, or start again with --overwrite":
        "途中経過は「{kept}」で作られたものです。同じ設定で続けるか、はじめから学習し直してください。",
        "has to be {kept}, as the checkpoint was made, or start a new training";
    "data, labels, words or model": "例文・ラベル・語彙・モデル";
    "the checkpoint's {file} is damaged":
        "途中経過のファイル {file} が壊れています。はじめから学習し直してください。";
    "training needs about {needed} MB but {free} MB are free: lower --batch-size, --eval-batch-size, --max-length or --block-size, or train fewer layers with --train-layers top:K or head":
        "学習には約 {needed} MB 要りますが、空きは {free} MB です。「{--batch-size}」か「{--max-length}」を小さくするか、教える層を減らしてください。",
        "training needs about {needed} MB but {free} MB are free: lower “{--batch-size}” or “{--max-length}”, or train fewer layers";
    "{tensor} would take {needed} MB in one piece, and the GPU takes at most {limit} MB: lower --batch-size, --eval-batch-size, --max-length or --block-size, or run with --device cpu":
        "{tensor!}に一つで {needed} MB 要りますが、この GPU が一度に扱えるのは {limit} MB までです。「{--batch-size}」か「{--max-length}」を小さくするか、CPU で計算してください。",
        "{tensor} would take {needed} MB in one piece, and this GPU takes at most {limit} MB: lower “{--batch-size}” or “{--max-length}”, or compute on the CPU";
    "the attention of a batch": "一組の文の注意";
    "a layer of a batch": "一組の文の一層";
    "the logits of a batch": "一組の文の語ごとの点数";
    "the prompt has {tokens} tokens, but the model reads at most {limit}: shorten it":
        "書き出しが {tokens} トークンあります。モデルが読めるのは {limit} トークンまでなので、短くしてください。";
    "the prompt is empty, and the model has no token that begins a text":
        "書き出しが空です。このモデルには文のはじまりの印がないので、何か書いてください。";
    "a {model_type} model cannot continue a text; generate needs a causal-lm model such as gpt2":
        "{model_type} のモデルは文章の続きを書けません。gpt2 のような、続きを書くモデルを開いてください。",
        "a {model_type} model cannot continue a text; open one that can, such as gpt2";
    "the model's outputs are not numbers: its weights are damaged":
        "モデルの出力が数になりません。重みが壊れています。";
    "a picture needs at least two vectors, there are {found}":
        "地図を描くには文が二つ以上要ります（いまは {found}）。",
        "a map needs at least two texts, there are {found}";
    "vector {vector} holds a value that is not finite":
        "モデルの出力が数になりません（文の番号 {vector}）。重みが壊れています。";
};
