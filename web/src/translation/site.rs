//! Says what the page's own worker cannot do: fetch, unpack, keep, train in a tab.

use super::{Entry, entries};

/// What the browser app itself says.
pub const ENTRIES: &[Entry] = entries! {
    "what this browser kept cannot be read: {source}":
        "このブラウザに保存したものを読めません（{source}）。";
    "the model cuts words with the dictionary {name:?}, which this site does not have":
        "このモデルには辞書「{name}」が要りますが、このサイトにはありません。";
    "{name} was not read":
        "「{name}」を読み込めませんでした。";
    "this browser does not keep the result of that run any more":
        "その学習の結果は、このブラウザにはもうありません。";
    "this browser does not keep that run any more":
        "その学習は、このブラウザにはもうありません。";
    "another tab trains this run":
        "この学習は別のタブで進んでいます。";
    "stopped before it went on; what was kept of it stays":
        "続きを始める前に終えました。保存した周はそのまま残っています。";
    "there is no model yet":
        "まだモデルがありません。";
    "there is no fine-tuned model yet":
        "まだ学習したモデルがありません。";
    "training needs about {needed} MB, and a tab has {free} MB left: take a smaller batch, shorter texts or fewer layers":
        "学習には約 {needed} MB 要りますが、このタブの残りは {free} MB です。「{--batch-size}」か「{--max-length}」を小さくするか、教える層を減らしてください。";
    "{name} cannot be read as a zip: {source}":
        "「{name}」は zip として読めません。壊れているかもしれません。";
    "{name} holds no model: there is no config.json in it":
        "「{name}」にはモデルがありません。config.json が入っていません。";
    "{name}: {file} in it cannot be unpacked: {reason}":
        "「{name}」の中の {file} を展開できません（{reason!}）。";
    "it has not the {limit} bytes that it should have":
        "あるはずの {limit} バイトと長さが違います";
    "{name} would need {needed} MB unpacked; at most {most} MB can be opened here":
        "「{name}」は展開すると {needed} MB になります。ここで開けるのは {most} MB までです。";
    "{name} is larger than {megabytes} MB; the command line reads it":
        "「{name}」は {megabytes} MB を超えています。この大きさは、コマンドラインの terakoya なら読めます。";
    "{name} has no column that could be the text":
        "「{name}」には、文にできる列がありません。";
    "{address}: the connection failed after {done} of {total} bytes ({reason}); try again, it goes on from there":
        "{address} の読み込みが途切れました（{total} バイトのうち {done} バイト、{reason!}）。もう一度試すと続きから読みます。";
    "{address}: the connection failed ({reason}); try again":
        "{address} を読み込めませんでした（{reason!}）。もう一度試してください。",
        "{address}: the connection failed ({reason!}); try again";
    "the file ends early":
        "ファイルが途中で終わっています";
    "there is no body":
        "中身がありません";
    "{name:?} is not a file's name":
        "「{name}」はファイル名ではありません。";
    "{name} would have {bytes} bytes":
        "{name} が {bytes} バイトにもなります。";
    "{path}: {message} (QuotaExceededError)":
        "保存領域に空きがありません", "there is no room left";
    "{path}: there is no room left":
        "保存領域に空きがありません";
    "{path}: the file ends early":
        "{path} が途中で終わっています";
    "there is no room left":
        "保存領域に空きがありません";
    "the page asked for something that this worker does not know: {error}":
        "ページと計算部分の版が合いません。ページを読み込み直してください。（{error}）";
    "{address}: the server answers {status}":
        "{address} を読み込めません。サーバーの答えは {status} です。";
    "{address} is not a list of files: {reason}":
        "{address} はファイルの一覧ではありません。{reason!}";
    "{address}: the file is damaged or was changed (its SHA-256 is not the listed one)":
        "{address} が壊れているか、変わっています（SHA-256 が一覧と違います）。";
    "models.json names no model":
        "models.json にモデルがありません。";
    "the worker {script} did not start: {reason}":
        "計算部分（{script}）を始められません（{reason}）。";
    "a message could not be read":
        "知らせを読み取れませんでした";
};
