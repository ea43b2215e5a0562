//! Says what tasks are called, what their examples, answers and scores are.

use terakoya_core::predictions::StoppedBy;
use terakoya_core::task_kind::TaskKind;
use terakoya_core::training_config::BestMetric;

use super::Words;
use crate::page::data::Lesson;
use crate::page::{figures, tasks};

// Tasks and their examples.
texts! {
    task_label: "何を教えるか", "What is taught";
    empty_set: "どれでもない", "none of them";
    score_column: "点数", "Score";
    type_column: "種類", "Type";
    no_answer: "本文に答えなし", "no answer in the passage";
    take_selection: "選んだ部分を答えに", "take the selection";
    select_by_keys: "キーだけなら、行で Space を押すと文が開くので、Shift＋矢印で選びます。Esc で戻ります。",
        "With keys alone, Space on a row opens its text: select with Shift and the arrows. Esc goes back.";
    name_selection: "選んだ部分は…", "the selection is…";
    other_labels: "いまの判定は、別の例文で教えたラベルによるものです。この例文のラベルは、下の「教える」で教えます。",
        "This answer uses labels from other examples. Teach the labels of these examples below.";
    no_labels_said: "どのラベルも基準に届きません", "no label reaches its threshold";
    threshold_hint: "縦線が基準です。これを超えたラベルを答えます。", "The line is the threshold from which on a label is said.";
    threshold: "基準", "Threshold";
    no_entities: "名前は見つかりませんでした。", "No names were found.";
    entity_types: "名前の種類と数", "Types of names, and how many";
    no_masks: "文に [MASK] のような印を書くと、そこに入る言葉を当てます。", "Write the model's mask token, such as [MASK], to have a word guessed.";
    runners_up: "ほかの候補", "Runners-up";
    write_on: "続きを書く", "Continue";
    hush: "止める", "Stop";
    generation_options: "書き方", "How it writes";
}

// Scores and mistakes of tasks.
texts! {
    micro_f1: "マイクロ F1", "Micro F1";
    same_set: "完全一致", "Exact sets";
    pearson: "相関（ピアソン）", "Pearson";
    spearman: "順位相関（スピアマン）", "Spearman";
    mean_error: "平均のずれ", "Mean error";
    entity_f1: "F1", "F1";
    exact_match: "完全一致", "Exact match";
    character_f1: "文字の F1", "Character F1";
    perplexity: "パープレキシティ", "Perplexity";
    perplexity_title: "パープレキシティ（小さいほど良い）", "Perplexity (lower is better)";
    same_run_in_zip_hint: "「モデルを保存」の zip を開いたフォルダーで、次のように実行します。MODEL は元のモデルのフォルダーです。",
        "Unpack the zip of “Save the model” and run this in its folder. MODEL is the folder of the base model.";
    same_beginning: "同じ書き出しで比べる", "The same beginning, before and after";
    word_f1: "単語の F1", "Word F1";
    per_type: "種類ごとの成績", "Scores by type";
    per_question_kind: "質問の種類ごとの成績", "Scores by kind of question";
    question_kind: "質問", "Questions";
    answerable: "答えのある質問", "with an answer";
    unanswerable: "答えのない質問", "without an answer";
    no_correlation: "正解か判定の点数がすべて同じなので、相関は定まりません。",
        "The correlations are not defined: all right scores, or all answers, are the same.";
    error: "ずれ", "Error";
    missed: "見落とし", "missed";
    too_much: "余分", "too much";
    largest_errors: "ずれの大きい文", "Largest errors";
    largest_errors_hint: "判定と正解のずれが大きいものから順に並べています。", "Sorted by how far the answer is from the truth.";
    entity_failures_hint: "上が判定、下が正解です。片方にしかない部分を太い線で囲みます。",
        "The answer stands over the truth; what only one of them has is framed.";
    label_failures_hint: "見落としたラベルと余分なラベルに印を付けています。", "Labels that were missed and labels too many are marked.";
    map_title: "文の地図", "A map of the texts";
    map_hint: "モデルが似ていると見る文ほど近くにあります（主成分分析）。点を指すか矢印キーで選ぶと、文が出ます。",
        "Texts that are alike to the model lie near each other (principal components). Point at a dot, or go there by the arrow keys, to read it.";
    draw_map: "地図を描く", "Draw the map";
    draw_map_before: "学習前の地図", "Map before training";
    draw_map_after: "学習後の地図", "Map after training";
    drawing_map: "描いています…", "Drawing…";
    scatter_title: "正解と判定", "Truth and answer";
    scatter_hint: "斜めの線に近いほど合っています。点を指すと文が出ます。",
        "The nearer to the diagonal, the better. Point at a dot to see its text.";
}

impl Words {
    /// What a label of the site's model and lessons means to a reader of Japanese; nothing where the label says it.
    pub fn gloss(self, label: &str) -> Option<&'static str> {
        let japanese = match label {
            "positive" => "よい",
            "negative" => "わるい",
            "entailment" => "含意",
            "neutral" => "中立",
            "contradiction" => "矛盾",
            _ => return None,
        };
        self.pick(Some(japanese), None)
    }

    /// A task.
    pub fn task(self, task: TaskKind) -> &'static str {
        match task {
            TaskKind::SequenceClassification => self.pick("分類（ラベルを一つ）", "classification (one label)"),
            TaskKind::MultiLabelClassification => {
                self.pick("分類（ラベルをいくつでも）", "classification (any labels)")
            }
            TaskKind::Regression => self.pick("点数", "a score"),
            TaskKind::TokenClassification => self.pick("名前を見つける", "names in texts"),
            TaskKind::QuestionAnswering => self.pick("質問に答える", "answers to questions"),
            TaskKind::MaskedLm => self.pick("隠れた言葉を当てる", "hidden words"),
            TaskKind::CausalLm => self.pick("文章の続きを書く", "the next words"),
        }
    }

    /// What its examples are.
    pub fn task_about(self, task: TaskKind) -> &'static str {
        match task {
            TaskKind::MaskedLm => self.pick(
                "文だけを集めます。学習では一部の言葉を隠して当てさせます。",
                "Texts by themselves. Training hides some of their words and has them guessed.",
            ),
            TaskKind::CausalLm => self.pick(
                "文章だけを集めます。学習では、前を読んで次の言葉を当てさせます。",
                "Texts by themselves. Training has each word guessed from those before it.",
            ),
            TaskKind::SequenceClassification => self.pick(
                "文や文の組に、ラベルを一つ付けます。",
                "Each text or pair of texts gets one label.",
            ),
            TaskKind::MultiLabelClassification => self.pick(
                "文や文の組に、あてはまるラベルを全部付けます。",
                "Each text or pair of texts gets all labels that apply.",
            ),
            TaskKind::Regression => self.pick(
                "文や文の組に、数を付けます。",
                "Each text or pair of texts gets a number.",
            ),
            TaskKind::TokenClassification => {
                self.pick("文の中の名前に、種類を付けます。", "Names inside a text get a type.")
            }
            TaskKind::QuestionAnswering => self.pick(
                "質問の答えを、本文の中で示します。",
                "The answer to a question is a part of the passage.",
            ),
        }
    }

    /// A place that a text leaves open.
    pub fn mask(self, number: usize) -> String {
        self.pick(format!("{number} つ目の空き"), format!("gap {number}"))
    }

    /// What the model was not taught.
    pub fn other_task(self, task: TaskKind) -> String {
        let name = self.task(task);
        self.pick(
            format!("このモデルはまだ「{name}」を教わっていません。下の「教える」へどうぞ。"),
            format!("The model has no trained head for this task yet ({name}). Go to “Teach” below first."),
        )
    }

    /// What the first step is for.
    pub fn try_hint(self, task: TaskKind) -> &'static str {
        match task {
            TaskKind::MaskedLm => self.pick(
                "[MASK] と書いた所に入る言葉を、その場で当てます。",
                "Write [MASK] somewhere; the model guesses the word as you type.",
            ),
            TaskKind::CausalLm => self.pick(
                "書き出しを書くと、続きを書きます。",
                "Write a beginning; the model writes on.",
            ),
            _ => self.pick(
                "文を書くと、その場で判定します。",
                "Write a sentence; the model answers as you type.",
            ),
        }
    }

    /// What the second step is for.
    pub fn data_hint(self, task: TaskKind) -> &'static str {
        match tasks::of(task).answers {
            true => self.pick(
                "例文とラベルを用意します。数十文からはじめられます。",
                "Gather sentences with labels. A few dozen are enough to begin.",
            ),
            false => self.pick(
                "手本にする文章を集めます。ラベルは要りません。",
                "Gather texts to learn from. They need no labels.",
            ),
        }
    }

    /// The box for the first text.
    pub fn first_box(self, task: TaskKind) -> &'static str {
        match task {
            TaskKind::QuestionAnswering => self.pick("質問", "Question"),
            TaskKind::TokenClassification => self.try_label(),
            TaskKind::CausalLm => self.pick("書き出し", "Beginning"),
            _ => self.pick("文", "Text"),
        }
    }

    /// What the model can never do.
    pub fn other_family(self, task: TaskKind) -> &'static str {
        match task {
            TaskKind::CausalLm => self.pick(
                "このモデルは文章の続きを書けません。GPT-2 のモデルを選んでください。",
                "This model cannot continue texts. Choose a GPT-2 model.",
            ),
            _ => self.pick(
                "このモデルは文章の続きを書くだけです。ほかの課題には、BERT などのモデルを選んでください。",
                "This model only continues texts. Choose a model such as BERT for other tasks.",
            ),
        }
    }

    /// Why a continuation ends.
    pub fn stopped_by(self, stopped_by: StoppedBy) -> &'static str {
        match stopped_by {
            StoppedBy::EndOfText => self.pick("モデルが終わりとしました", "the model ended the text"),
            StoppedBy::MaxNewTokens => self.pick("決めた長さまで書きました", "as long as asked for"),
            StoppedBy::Context => self.pick("モデルが読める長さに達しました", "the model reads no more"),
            StoppedBy::Host => self.pick("途中で止めました", "stopped"),
        }
    }

    /// How many guesses a score of a language model is of.
    pub fn guessed_tokens(self, tokens: u64) -> String {
        let tokens = figures::count(tokens as usize);
        self.pick(
            format!("{tokens} トークンを当てた結果です。"),
            format!("From {tokens} guessed tokens. "),
        )
    }

    /// There is nothing to learn from.
    pub fn no_examples(self, task: TaskKind) -> &'static str {
        match tasks::of(task).answers {
            true => self.needs_rows(),
            false => self.pick("文がまだありません。", "There are no texts yet."),
        }
    }

    /// The box for the second text.
    pub fn second_box(self, task: TaskKind) -> &'static str {
        match task {
            TaskKind::QuestionAnswering => self.pick("本文", "Passage"),
            _ => self.pair_label(),
        }
    }

    /// The column of answers.
    pub fn gold_column(self, task: TaskKind) -> &'static str {
        match task {
            TaskKind::Regression => self.score_column(),
            TaskKind::TokenClassification => self.pick("名前", "Names"),
            TaskKind::QuestionAnswering => self.pick("答え", "Answer"),
            _ => self.label_column(),
        }
    }

    /// The title of the labels.
    pub fn names_title(self, task: TaskKind) -> &'static str {
        match task {
            TaskKind::TokenClassification => self.pick("名前の種類", "Types of names"),
            _ => self.labels_title(),
        }
    }

    /// What keys do in the table.
    pub fn keys_hint(self, task: TaskKind) -> &'static str {
        match task {
            TaskKind::MaskedLm | TaskKind::CausalLm => self.pick(
                "行を選んで Enter で直す、Delete で消す、↑↓ で動く。",
                "On a row, Enter edits, Delete drops it, ↑↓ move.",
            ),
            TaskKind::SequenceClassification => self.class_keys_hint(),
            TaskKind::MultiLabelClassification => self.pick(
                "行を選んで数字のキーを押すと、ラベルを付け外しできます。0 は「どれでもない」です。",
                "Select a row and press a digit to add or take away a label; 0 means none of them.",
            ),
            TaskKind::Regression => self.pick(
                "行を選んで数字のキーを押すと、その点数になります。細かい数は右の欄に書きます。",
                "Select a row and press a digit to give that score; write finer ones in the box.",
            ),
            TaskKind::TokenClassification => self.pick(
                "文の一部を選んで数字のキーを押すと、その種類の名前になります。0 で全部外します。",
                "Select a part of a text and press a digit to name it; 0 takes all names away.",
            ),
            TaskKind::QuestionAnswering => self.pick(
                "本文の一部を選んで 1 を押すと答えになります。0 は「答えなし」です。",
                "Select a part of the passage and press 1 to make it the answer; 0 means there is none.",
            ),
        }
    }

    /// A score that a model can be the best by.
    pub fn metric(self, metric: BestMetric) -> &'static str {
        match metric {
            BestMetric::Auto => self.pick("自動", "automatic"),
            BestMetric::Accuracy => self.accuracy(),
            BestMetric::MacroF1 => self.macro_f1(),
            BestMetric::MicroF1 => self.micro_f1(),
            BestMetric::F1 => self.entity_f1(),
            BestMetric::ExactMatch => self.exact_match(),
            BestMetric::CharacterF1 => self.character_f1(),
            BestMetric::Mcc => self.mcc(),
            BestMetric::Pearson => self.pearson(),
            BestMetric::Spearman => self.spearman(),
            BestMetric::Loss => self.eval_loss(),
        }
    }

    /// A lesson.
    pub fn lesson(self, lesson: Lesson) -> &'static str {
        match lesson {
            Lesson::Sentiment => self.pick("教材：気持ち", "Lesson: feelings"),
            Lesson::Topic => self.pick("教材：話題", "Lesson: topics"),
            Lesson::Similarity => self.pick("教材：似ている度合い", "Lesson: similarity"),
            Lesson::Inference => self.pick("教材：推論", "Lesson: inference"),
            Lesson::Names => self.pick("教材：名前", "Lesson: names"),
            Lesson::Answers => self.pick("教材：質問応答", "Lesson: questions"),
            Lesson::Style => self.pick("教材：作家の文体", "Lesson: an author's style"),
        }
    }

    /// What a lesson holds.
    pub fn lesson_about(self, lesson: Lesson) -> &'static str {
        match lesson {
            Lesson::Sentiment => self.pick("良い・悪いの感想 320 文", "320 opinions, good or bad"),
            Lesson::Topic => self.pick("携帯・京都・グルメ・スポーツ 320 文", "320 sentences on four topics"),
            Lesson::Similarity => self.pick("二つの文に 0〜5 の点数、600 組", "600 pairs with a score from 0 to 5"),
            Lesson::Inference => self.pick("含意・矛盾・中立、600 組", "600 pairs: entailed, contradicted, neither"),
            Lesson::Names => self.pick(
                "人名・地名・組織名、800 文",
                "800 sentences: people, places, organisations",
            ),
            Lesson::Answers => self.pick("本文と質問 300 組", "300 passages with a question"),
            Lesson::Style => self.pick(
                "新美南吉の童話 5 万字。続きを書くモデルと、隠れた言葉を当てるモデルに",
                "50,000 characters of tales by Niimi Nankichi, for models of words",
            ),
        }
    }

    /// Where a lesson is from, and under which licence.
    pub fn lesson_licence(self, lesson: Lesson) -> &'static str {
        match lesson {
            Lesson::Sentiment | Lesson::Topic => self.pick("自作、CC0", "our own, CC0"),
            Lesson::Similarity => "JGLUE JSTS, CC BY-SA 4.0",
            Lesson::Inference => "JGLUE JNLI, CC BY-SA 4.0",
            Lesson::Names => "ner-wikipedia-dataset (Stockmark), CC BY-SA 3.0",
            Lesson::Answers => "JGLUE JSQuAD, CC BY-SA 4.0",
            Lesson::Style => self.pick("青空文庫、著作権の切れた作品", "Aozora Bunko, public domain in Japan"),
        }
    }

    /// A number and the ends of its scale.
    pub fn score_on_scale(self, score: f64, low: f64, high: f64) -> String {
        let (score, low, high) = (figures::score(score), figures::short(low), figures::short(high));
        self.pick(
            format!("{low} から {high} のうち {score}"),
            format!("{score} between {low} and {high}"),
        )
    }

    /// A label's threshold.
    pub fn threshold_of(self, threshold: &str) -> String {
        self.pick(format!("基準 {threshold}"), format!("threshold {threshold}"))
    }

    /// How much better "no answer" is than the best answer.
    pub fn no_answer_score(self, score: &str) -> String {
        self.pick(
            format!("「答えなし」の点：{score}（0 より大きいと「答えなし」）"),
            format!("“No answer” scores {score}; above 0 it is the answer."),
        )
    }

    /// The button that takes a named part away.
    pub fn remove_part(self, part: &str, name: &str) -> String {
        self.pick(
            format!("「{part}」（{name}）を外す"),
            format!("Take “{part}” ({name}) away"),
        )
    }

    /// A direction of the map.
    pub fn component(self, number: usize, share: &str) -> String {
        self.pick(
            format!("第{number}主成分（ばらつきの {share}）"),
            format!("component {number} ({share} of the variance)"),
        )
    }

    /// Names that begin with an `I-`, in the data and as the model says.
    pub fn repaired(self, gold: usize, predicted: usize) -> String {
        let (gold, predicted) = (figures::count(gold), figures::count(predicted));
        self.pick(
            format!("I- から始まるため B- と読んで数えた名前：正解 {gold}、判定 {predicted}。"),
            format!("Names that begin with I-, which is read as B-: {gold} right answers, {predicted} of the model. "),
        )
    }

    /// Right answers behind where their text was cut.
    pub fn cut_off(self, count: usize) -> String {
        let number = figures::count(count);
        self.pick(
            format!("切り捨てた部分にあるため当てられない正解が {number} あります。"),
            format!("{number} right answers lie behind the cut of their text and cannot be hit. "),
        )
    }

    /// Right answers that begin or end inside a token.
    pub fn unreachable(self, count: usize) -> String {
        let number = figures::count(count);
        self.pick(
            format!("トークンの切れ目と合わないため当てられない正解が {number} あります。"),
            format!("{number} right answers lie across the tokenizer's cuts and cannot be hit. "),
        )
    }

    /// Questions that could not be asked.
    pub fn unasked(self, count: usize) -> String {
        let number = figures::count(count);
        self.pick(
            format!("本文の入る余地がない長い質問が {number} あります。尋ねずに、答えなしとして数えています。"),
            format!("{number} questions are too long to leave room for their passage. They were not asked and count as not answered. "),
        )
    }
}
