//! Says everything the user reads, in Japanese and in English: fixed texts here, sentences with values in `sentences`.
//!
//! Each text is one line with both languages, so none can lack a translation.

mod files;
mod options;
mod sentences;

use super::browser;
pub use crate::language::Language;

impl Language {
    /// What the user chose the last time, else what the browser is set to.
    pub fn recalled() -> Self {
        let chosen = browser::recall("language").and_then(|tag| Self::of(&tag));
        chosen.unwrap_or_else(|| match browser::language().starts_with("ja") {
            true => Self::Japanese,
            false => Self::English,
        })
    }

    /// Remembers the choice.
    pub fn remember(self) {
        browser::remember("language", self.tag());
    }

    /// Tells the document its language, which decides hyphens, fonts and voices.
    pub fn apply(self) {
        browser::set_root_attribute("lang", Some(self.tag()));
    }
}

/// The texts in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// The language.
    pub language: Language,
}

impl Words {
    /// The texts in `language`.
    pub fn new(language: Language) -> Self {
        Self { language }
    }

    /// One of two.
    pub(super) fn pick<T>(self, japanese: T, english: T) -> T {
        match self.language {
            Language::Japanese => japanese,
            Language::English => english,
        }
    }
}

/// Makes a method of each line; its doc is its English text.
macro_rules! texts {
    ($($name:ident: $japanese:literal, $english:literal;)*) => {
        impl Words {
            $(
                #[doc = $english]
                pub fn $name(self) -> &'static str {
                    self.pick($japanese, $english)
                }
            )*
        }
    };
}

// Below the macro, which it uses.
mod tasks;

// The frame.
texts! {
    skip: "本文へ", "Skip to the content";
    steps_label: "四つの手順", "The four steps";
    language_label: "表示する言語", "Language of the page";
    theme_label: "明るさ", "Brightness";
    device_label: "計算に使う装置", "Device to compute on";
    close: "閉じる", "Close";
    privacy: "入力した文もモデルも、この端末の中だけで処理します。どこにも送りません。",
        "Texts and models stay on this device. Nothing is sent anywhere.";
    comma: "、", ", ";
    colon: "：", ": ";
    pages_label: "ページ送り", "Pages";
    previous_page: "前へ", "Previous";
    next_page: "次へ", "Next";
    save: "保存", "Save";
    add: "追加", "Add";
    undo: "元に戻す", "Undo";
    open: "開く", "Open";
    delete: "削除", "Delete";
    really_delete: "本当に削除する", "Really delete";
}

// The model.
texts! {
    model_label: "モデル", "Model";
    new_version: "新しい版があります。", "There is a new version.";
    use_new_version: "切り替える", "Use it";
    starting: "準備しています…", "Getting ready…";
    loading_model: "モデルを読み込んでいます", "Loading the model";
    try_again: "もう一度試す", "Try again";
    tuned_model: "調整済み", "fine-tuned";
    worker_given_up: "計算部分が何度も止まりました。ほかのタブを閉じてから、もう一度お試しください。",
        "The computing part stopped several times. Close other tabs, then try again.";
    run_lost: "計算部分が止まりました。", "the computing part stopped.";
}

// Try.
texts! {
    try_title: "試す", "Try";
    try_label: "文", "Text";
    pair_label: "二つ目の文", "Second text";
    add_pair: "＋ 二つ目の文", "＋ second text";
    remove_pair: "二つ目の文を外す", "Remove the second text";
    examples: "例", "Examples";
    tokens_title: "モデルに見える文", "What the model sees";
    special_token: "モデルのための印", "a mark for the model";
    unknown_token: "語彙にない文字です", "not in the vocabulary";
    label_scores: "ラベルごとの確率", "Probability of each label";
    no_head: "このモデルはまだ分類を教わっていません。下の「教える」へどうぞ。",
        "This model has not been taught to classify yet. Go to “Teach” below.";
    truncated: "長すぎる部分は切り捨てました", "the end was cut off";
    before_training: "学習前", "Before training";
    after_training: "学習後", "After training";
    why: "なぜ？", "Why?";
    hide_why: "理由を閉じる", "Hide the reasons";
    why_waiting: "理由を調べています…", "Looking for reasons…";
    why_outdated: "文が変わりました。", "The text has changed.";
    why_again: "もう一度調べる", "Look again";
    why_label: "ラベル", "Label";
    predicted_label: "判定されたもの", "the predicted one";
    saliency_title: "効いた言葉", "Words that mattered";
    saliency_hint: "勾配×入力による目安です。判断の理由そのものではありません。",
        "An estimate from gradient × input; it hints at reasons and does not prove them.";
    strongest_words: "特に効いた言葉", "The words that mattered most";
    attention_title: "注意の向き", "Where attention looked";
    attention_hint: "左の言葉を指すと、どこを見ているかが出ます。",
        "Point at a token on the left to see where it looks.";
    layer: "層", "Layer";
    head: "ヘッド", "Head";
}

// Data.
texts! {
    data_title: "集める", "Collect";
    choose_file: "ファイルを選ぶ", "Choose a file";
    choose_file_about: "ここに置いても読めます（csv・tsv・txt・json・conll、50 MB まで）", "or drop it here: csv, tsv, txt, json, conll, up to 50 MB";
    paste: "貼り付ける", "Paste";
    paste_example: "text,label\n駅員さんが親切でした。,positive", "text,label\nThe staff were kind.,positive";
    paste_table: "表として読む", "Read as a table";
    paste_lines: "一行を一文として読む", "Read each line as a text";
    pasted: "貼り付け", "pasted text";
    choose_columns: "列を選ぶ", "Choose the columns";
    first_row_names: "最初の行は列の名前", "The first row names the columns";
    rows_with_value: "この値の行だけ読む", "Only rows with this value";
    read_columns: "この列で読む", "Read these columns";
    labels_title: "ラベル", "Labels";
    new_label: "新しいラベル", "New label";
    rename: "改名", "Rename";
    show_rows_of: "この行だけを表示", "Show only these rows";
    class_keys_hint: "行を選んで 1〜9 でラベルを付けると次へ進みます。0 で外す、Enter で直す、Delete で消す、↑↓ で動く。",
        "On a row, 1–9 set the label and go on; 0 takes it away, Enter edits, Delete drops the row, ↑↓ move.";
    text_column: "文", "Text";
    label_column: "ラベル", "Label";
    delete_row: "行を消す", "Delete the row";
    no_label: "（なし）", "(none)";
    new_row: "例文を書き足す", "Write another example";
    download_data: "ファイルに保存", "Save as a file";
    clear_table: "すべて消す", "Clear all";
    table_remembered: "この表はブラウザが覚えています", "this browser remembers the table";
    table_not_remembered: "この表は閉じると消えます。ファイルに保存できます", "closing the page loses the table; save it as a file";
    split_title: "教える分と、確かめる分に分ける", "Split into what is taught and what is tested";
    split_hint: "確かめる分は学習に使いません。種が同じなら分け方も同じで、コマンドラインの結果とも一致します。",
        "Test rows are never trained on. The same seed splits the same way, on the command line too.";
    eval_share: "確かめる割合", "Share for testing";
    seed: "乱数の種", "Seed";
}

// Train.
texts! {
    train_title: "教える", "Teach";
    options_title: "学習の設定", "Training options";
    what_learns: "どこに教えるか", "What learns";
    top_layers: "上から何層：", "Upper layers:";
    more_options: "さらに細かく", "More options";
    start: "はじめる", "Start";
    measure: "先に見積もる", "Estimate first";
    pause: "一時停止", "Pause";
    resume: "再開", "Go on";
    stop: "ここで終える", "Stop here";
    needs_model: "モデルを待っています。", "Waiting for the model.";
    needs_rows: "ラベルの付いた例文がまだありません。", "There are no labelled examples yet.";
    needs_two_labels: "ラベルが二種類以上必要です。", "At least two different labels are needed.";
    measuring: "一歩だけ試しています…", "Trying one step…";
    give_up_measuring: "見積もりをやめる", "Stop estimating";
    trainable: "学ぶ重み", "Weights that learn";
    memory: "メモリ", "Memory";
    time: "時間", "Time";
    refused: "この端末では学習できません。", "This cannot be trained here.";
    run_starting: "学習の準備をしています…", "Preparing to train…";
    run_running: "学習しています。この間も上の文は試せます。", "Training. You can go on trying texts above.";
    may_sleep: "画面が消えると学習が止まることがあります。ブラウザからは防げないので、学習の間は端末の自動スリープを切ってください。",
        "A dark screen can hold the training up, and the browser does not keep it lit: turn automatic sleep off meanwhile.";
    run_paused: "一時停止中です。", "Paused.";
    run_stopping: "いまの一歩が済んだら終わります…", "Ending after the running step…";
    run_interrupted: "途中で終えました。ここまでの結果を使っています。", "Ended early; what was learned so far is in use.";
    run_stopped_early: "良くならなくなったので終わりました。いちばん良いときの結果を使っています。",
        "Ended because it no longer improved; the best result is in use.";
    run_finished: "学習が終わりました。上の答えも新しくなりました。", "Training is done. The answer above is already the new model's.";
    run_progress: "学習の進み", "Progress of the training";
    steps_done: "歩数", "Steps";
    texts_per_second: "毎秒の文数", "Texts per second";
    time_left: "残り時間", "Time left";
    memory_taken: "使ったメモリ", "Memory taken";
    kept_epochs: "保存した周", "Epochs kept";
    loss_title: "損失（小さいほど良い）", "Loss (lower is better)";
    scores_title: "正しさ（大きいほど良い）", "Correctness (higher is better)";
    train_loss: "学習", "training";
    eval_loss: "確認の損失", "test loss";
    accuracy: "正解率", "Accuracy";
    macro_f1: "マクロ F1", "Macro F1";
    mcc: "MCC", "MCC";
    epochs_axis: "周", "epoch";
    best: "最良", "best";
    curves_in_numbers: "数字で見る", "In numbers";
    run_notes: "学習の記録", "Notes of the run";
    same_run_natively: "同じ学習をコマンドラインで", "The same training on the command line";
    same_run_hint: "学習の記録（training.json）と例文（examples）を保存して、次のように実行します。MODEL は元のモデルのフォルダーです。",
        "Save the run description (training.json) and the examples, then run this. MODEL is the folder of the base model.";
    download_description: "training.json を保存", "Save training.json";
}

// Read.
texts! {
    read_title: "読む", "Read";
    read_hint: "どこが良くなり、どこで間違えるかを見ます。", "See what got better and where it still fails.";
    nothing_read: "学習が終わると、ここに結果が出ます。いまのモデルを先に採点することもできます。",
        "Results appear here after training. You can also score the present model first.";
    knows_no_label: "このモデルは、これらのラベルをまだ知りません。まず「教える」へどうぞ。",
        "This model does not know these labels yet. Teach it first.";
    rows_to_score: "採点する文", "Texts to score";
    evaluation_rows: "確かめる分", "test rows";
    all_rows: "ラベルのある全部", "all labelled rows";
    evaluate: "採点する", "Score";
    evaluating: "採点しています…", "Scoring…";
    end_reading: "途中でやめる", "Stop";
    reading_ended: "途中でやめました。", "Stopped before the end.";
    print: "印刷", "Print";
    same_text: "同じ文で比べる", "The same text, before and after";
    per_class: "ラベルごとの成績", "Scores by label";
    precision: "適合率", "Precision";
    precision_help: "そのラベルと答えたうち、正しかった割合", "of the answers with this label, the share that is right";
    recall: "再現率", "Recall";
    recall_help: "本当にそのラベルの文のうち、見つけた割合", "of the texts with this label, the share that was found";
    f1_help: "適合率と再現率の調和平均", "the harmonic mean of precision and recall";
    support: "件数", "Count";
    confusion_title: "何と何を取り違えたか", "What was taken for what";
    confusion_hint: "数字を押すと、その文が出ます。", "Press a number to see the texts behind it.";
    gold_and_predicted: "正解 ＼ 判定", "truth ＼ answer";
    gold: "正解", "Truth";
    predicted: "判定", "Answer";
    confidence: "自信", "Confidence";
    failures_hint: "自信を持って間違えたものから順に並べています。ラベルの付け間違いも、ここで見つかります。",
        "The most confident mistakes come first. Wrong labels turn up here, too.";
    no_failures: "間違いはありませんでした。", "No mistakes.";
}

// Keep.
texts! {
    keep_title: "残す", "Keep";
    export: "モデルを保存", "Save the model";
    exporting: "まとめています…", "Packing…";
    export_about: "zip。terakoya predict や transformers でも読めます", "a zip that terakoya predict and transformers can load";
    import: "モデルを開く", "Open a model";
    import_about: "保存した zip を選びます", "choose a zip that was saved";
    kept_runs: "保存された学習", "Kept trainings";
    run_at_work: "別のタブで学習中です。", "Another tab is training this.";
    no_kept_runs: "まだありません。", "None yet.";
    kept_models: "保存されたモデル", "Kept models";
    storage: "保存領域の使用量", "Storage in use";
    lacks_secure: "このページは https で開かれていません。GPU も保存も使えないため、CPU で計算し、閉じると結果は消えます。",
        "This page was not opened over https: no GPU and no storage. It computes on the CPU and forgets on closing.";
    lacks_webgpu: "このブラウザには WebGPU がありません。CPU で計算します。", "This browser has no WebGPU; the CPU computes.";
    lacks_storage: "このブラウザには保存領域がありません。モデルは毎回読み込み、学習の結果は zip で保存してください。",
        "This browser offers no storage: models load anew each time; save results as a zip.";
    lacks_locks: "ほかのタブとの重なりを調べられません。学習は一つのタブで行ってください。",
        "Other tabs cannot be noticed here; train in one tab only.";
    lacks_persistence: "空き容量が減ると、ブラウザが保存内容を消すことがあります。大切な結果は zip で保存してください。",
        "The browser may clear its storage when space runs short; save what matters as a zip.";
}
