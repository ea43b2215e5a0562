//! Says what is wrong with a data file or with the examples of a table.

use super::{Entry, entries};

/// What reading a file says.
pub const ENTRIES: &[Entry] = entries! {
    "{name}: byte {byte} (line {line}) is not UTF-8; save the file as UTF-8: {source}":
        "「{name}」の {line} 行目（先頭から {byte} バイト）が UTF-8 ではありません（Shift_JIS などでしょうか）。文字コードに UTF-8 を選んで保存し直してください。Excel では「CSV UTF-8（コンマ区切り）」です。",
        "{name}: byte {byte} (line {line}) is not UTF-8; save the file as UTF-8, in Excel as “CSV UTF-8”";
    "{name} is a file of Excel or another office program, or a zip; save the table as \"CSV UTF-8\" and take that file":
        "「{name}」は Excel などのファイルなので、そのままでは読めません。Excel の「名前を付けて保存」で「CSV UTF-8（コンマ区切り）」を選び、できたファイルを使ってください。";
    "{name}: no rows":
        "「{name}」には例文がありません。";
    "{name}: line {line}: wrong number of columns: expected {expected} as in the {first}, found {found}":
        "「{name}」の {line} 行目：列の数が合いません。{first!}は {expected} 列ですが、この行は {found} 列です。";
    "header":
        "見出し";
    "first row":
        "最初の行";
    "{name}: line {line} opens a quoted field that never ends (--quote none takes quotes literally)":
        "「{name}」の {line} 行目：引用符（\"）が閉じていません。閉じるか、引用符もただの文字になる TSV で保存してください。",
        "{name}: line {line} opens a quoted field that never ends; end it, or save the table as TSV, which takes quotes literally";
    "{name}: the row at line {line} has text after a closing quote; inside a quoted field a quote is written \"\" (--quote none takes quotes literally)":
        "「{name}」の {line} 行目：閉じた引用符の後に文字が続いています。引用符の中で引用符を書くときは \"\" と重ねるか、引用符もただの文字になる TSV で保存してください。",
        "{name}: the row at line {line} has text after a closing quote; inside a quoted field a quote is written \"\"; or save the table as TSV, which takes quotes literally";
    "{name}: line {line}, column {column}: {reason}":
        "「{name}」の {line} 行目（{column} バイト目）：JSON として読めません。{reason!}";
    "a \\u escape from D800 to DFFF is half of a character, and the other half is not beside it":
        "\\uD800 から \\uDFFF は文字の半分で、もう半分が隣にありません。";
    "{name}: {place} has no value in {field:?}":
        "「{name}」の {place!}：「{field}」がありません。";
    "{name}: {place}: {field:?} is {found}, expected text":
        "「{name}」の {place!}：「{field}」は文字列のはずですが、{found!}になっています。";
    "an array":
        "配列";
    "an object":
        "オブジェクト";
    "an object with named fields":
        "名前の付いた値の組";
    "an array of objects with named fields":
        "名前の付いた値の組の並び";
    "NaN and Infinity are not JSON; write a number, or leave the record out":
        "NaN や Infinity は JSON の数ではありません。数を書くか、その件を除いてください。";
    "{name}: {place}: {field:?} is an object, expected a list of entities in [ ]":
        "「{name}」の {place!}：「{field}」がオブジェクトになっています。名前は [ ] の並びで書いてください。";
    "{name}: {place} has an empty label":
        "「{name}」の {place!}：ラベルが空です。";
    "{name}: {place}: {found:?} is not a number":
        "「{name}」の {place!}：「{found}」は数ではありません。";
    "{name}: {place}: {found:?} is not a tag: write O, B-TYPE or I-TYPE":
        "「{name}」の {place!}：「{found}」はタグではありません。O、B-種類、I-種類のどれかを書いてください。";
    "{name}: {place} has a word that is empty or only white space":
        "「{name}」の {place!}：空か、空白だけの語があります。";
    "{name}: {place}: {field:?} is no list of tags, one for each of the {words} words":
        "「{name}」の {place!}：「{field}」に、{words} 語のタグが一つずつ並んでいません。";
    "{name}: {place}: {field:?} has numbers for tags: --labels takes a file with the tags, one a line":
        "「{name}」の {place!}：「{field}」のタグが番号です。番号順に名前（B-種類など）を一行に一つ書いた labels.txt も選んでください。",
        "{name}: {place}: “{field}” has numbers for tags; bring their names as labels.txt, one a line";
    "{name}: {place}: {label:?} is neither one of the {count} labels that were given nor the number of one":
        "「{name!}」の {place!}：「{label}」は、一覧にある {count} 個のラベルのどれでもなく、その番号でもありません。";
    "{name}: {place}: {found:?} is no list of labels: write their names or numbers, as in [\"a\", \"b\"], not a yes or no for each label":
        "「{name}」の {place!}：「{found}」はラベルの並びではありません。ラベルごとの「はい・いいえ」ではなく、当てはまるラベルの名前か番号を [\"a\", \"b\"] のように書いてください。";
    "{name}: line {line} is blank; a list of labels has one label a line":
        "「{name}」の {line} 行目が空です。ラベルの一覧は、一行に一つ書いてください。";
    "{name}: line {line}: the label {label:?} stands in line {first} already":
        "「{name}」の {line} 行目：ラベル「{label}」は {first} 行目にもあります。";
    "{name}: {place}: entity {item} lies outside the text":
        "「{name}」の {place!}：名前 {item} の範囲が文の外に出ています。";
    "{name}: {place}: entity {item} ends where it begins, or before":
        "「{name}」の {place!}：名前 {item} の終わりが、はじめの文字より後ろにありません。";
    "{name}: {place}: entity {item} quotes something else than stands there":
        "「{name}」の {place!}：名前 {item} が、文のその場所にある文字と違います。";
    "{name}: {place}: entity {item} lies over another":
        "「{name}」の {place!}：名前 {item} がほかの名前と重なっています。";
    "{name}: {place}: entity {item} needs a span of two numbers and a type, or start, end and label":
        "「{name}」の {place!}：名前 {item} には、二つの数の span と type、または start・end・label が要ります。";
    "{name}: {place}: {field:?} is no list of answers, each with its text and answer_start":
        "「{name}」の {place!}：「{field}」が答えの並び（それぞれ text と answer_start）ではありません。";
    "{name}: {place}: {field:?} has {text_count} text, but {start_count} answer_start":
        "「{name}」の {place!}：「{field}」の text（{text_count}）と answer_start（{start_count}）の数が違います。";
    "{name} is not of SQuAD's form: data, paragraphs, context and qas: {source}":
        "「{name}」は SQuAD の形（data、paragraphs、context、qas）ではありません。{source!}",
        "{name} is not of SQuAD's form, with data, paragraphs, context and qas: {source}";
    "{name}: {place} ({id:?}): the answer {answer:?} should start at character {start}, where there is {found:?}":
        "「{name}」の {place!}（{id}）：答え「{answer}」は {start} 文字目（最初を 0 と数えます）から始まるはずですが、そこには「{found}」とあります。",
        "{name}: {place} (“{id}”): the answer “{answer}” should start at character {start}, counted from 0, where there is “{found}”";
    "{name}: {place} ({id:?}) has an answer without text; where a passage holds no answer, the list of answers is empty":
        "「{name}」の {place!}（{id}）：答えの文字がありません。答えのない質問では、答えの並びを空にしてください。",
        "{name}: {place} (“{id}”) has an answer without text; where a passage holds no answer, the list of answers is empty";
    "{name}: {place} ({id:?}) is said to have no answer (is_impossible), but has {answer:?}":
        "「{name}」の {place!}（{id}）：答えがない（is_impossible）はずなのに、答え「{answer}」があります。",
        "{name}: {place} (“{id}”) is said to have no answer (is_impossible), but has “{answer}”";
    "{name}: {place} has the id {id:?}, which {first} has too":
        "「{name}」の {place!}の id「{id}」は、{first!}と同じです。",
        "{name}: {place} has the id “{id}”, which {first} has too";
    "{name}: no field {asked:?}; questions in SQuAD's form are picked by title, context, id, question or is_impossible":
        "「{name}」に「{asked}」はありません。SQuAD の形の質問は title、context、id、question、is_impossible のどれかで選べます。",
        "{name}: no field “{asked}”; questions in SQuAD's form are picked by title, context, id, question or is_impossible";
    "{name}: {filter} picks no rows here: plain text has no columns":
        "「{name}」から「{filter}」の行を選べません。ただの文には列がありません。";
    "{name} has SQuAD's form, but no question in it":
        "「{name}」は SQuAD の形ですが、質問が一つもありません。";
    "{name} holds questions about passages in SQuAD's form, which only question-answering learns from":
        "「{name}」は SQuAD の形の、本文についての質問です。使えるのは「質問に答える」だけです。",
        "{name} holds questions about passages in SQuAD's form, from which only answers to questions are learned";
    "{name} holds words with their tags, which only token-classification learns from":
        "「{name}」は一行に一語とタグを書いたファイルです。使えるのは「名前を見つける」だけです。",
        "{name} holds words with their tags, from which only names in texts are learned";
    "{name}: which column is the text? Choose with --text-column, --pair-column and --label-column, by number or by a name in the first row; the first row is {row}":
        "「{name}」のどの列が文なのか分かりません。下の「列を選ぶ」で選んでください。",
        "{name}: which column is the text? Choose the columns below";
    "{name}: none of {rows} rows has {filter}; the column holds {values}":
        "「{name}」の {rows} 行のうち、「{filter}」のものはありません。その列にある値：{values}";
    "{name}: no column {asked:?}; the first row is {row}":
        "「{name}」に列「{asked}」はありません。最初の行：{row}";
    "{name}: column {column} is chosen as {first} and as {second}":
        "「{name}」の {column} 列目が二つの役目（{first!}と{second!}）に使われています。";
    "text":
        "文";
    "text pair":
        "二つ目の文";
    "label":
        "ラベル";
    "line {number}":
        "{number} 行目";
    "record {number}":
        "{number} 件目";
    "question {number}":
        "{number} 番目の質問";
};
