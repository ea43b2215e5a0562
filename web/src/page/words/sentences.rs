//! Says what has values in it.

use terakoya_core::protocol::{DeviceChoice, Report};
use terakoya_core::task_kind::TaskKind;

use super::Words;
use crate::messages::Notice;
use crate::page::figures;
use crate::page::theme::Theme;
use crate::translation::translated;

/// What examples are counted in, in Japanese.
fn unit(task: TaskKind) -> &'static str {
    match task {
        TaskKind::QuestionAnswering => "問",
        _ => "文",
    }
}

impl Words {
    /// What the core or the worker says, in their own words where the catalogue has none.
    pub fn message(self, message: &str) -> String {
        translated(message, self.language)
    }

    /// 3.2 s
    pub fn seconds(self, number: &str) -> String {
        self.pick(format!("{number} 秒"), format!("{number} s"))
    }

    /// 2 min 5 s
    pub fn minutes_seconds(self, minutes: u64, seconds: u64) -> String {
        self.pick(
            format!("{minutes} 分 {seconds} 秒"),
            format!("{minutes} min {seconds} s"),
        )
    }

    /// 2 h 5 min
    pub fn hours_minutes(self, hours: u64, minutes: u64) -> String {
        self.pick(format!("{hours} 時間 {minutes} 分"), format!("{hours} h {minutes} min"))
    }

    /// A brightness.
    pub fn theme(self, theme: Theme) -> &'static str {
        match theme {
            Theme::System => self.pick("自動", "Auto"),
            Theme::Light => self.pick("明るい", "Light"),
            Theme::Dark => self.pick("暗い", "Dark"),
        }
    }

    /// A device to choose.
    pub fn device(self, device: DeviceChoice) -> &'static str {
        match device {
            DeviceChoice::Auto => self.pick("自動で選ぶ", "choose for me"),
            DeviceChoice::Gpu => self.pick("GPU を使う", "use the GPU"),
            DeviceChoice::Cpu => self.pick("CPU を使う", "use the CPU"),
        }
    }

    /// Something the user should know.
    pub fn notice(self, notice: &Notice) -> String {
        match notice {
            Notice::NotKept(reason) => {
                let reason = self.message(reason);
                self.pick(
                    format!("ブラウザに保存できませんでした。このまま使えますが、閉じると消えます。（{reason}）"),
                    format!("The browser did not keep this. It works on, but closing the page loses it. ({reason})"),
                )
            }
            Notice::EpochNotKept(reason) => {
                let reason = self.message(reason);
                self.pick(
                    format!("ある周の学習を保存できませんでした。学習は続き、次の周でもう一度保存します。（{reason}）"),
                    format!("An epoch of the training was not saved. Training goes on and is saved after the next one. ({reason})"),
                )
            }
            Notice::OtherTab => self
                .pick(
                    "この学習は別のタブで進んでいます。",
                    "Another tab is at work on this training.",
                )
                .to_owned(),
            Notice::Line(line) => self.message(line),
        }
    }

    /// The worker is gone.
    pub fn worker_lost(self, reason: &str) -> String {
        let (japanese, english) = (
            "計算部分が止まったので、起動し直しました。例文は無事です。途切れた学習は続きから再開できます。",
            "The computing part stopped and was started again. Your examples are safe; a training that broke off can go on.",
        );
        match self.message(reason).as_str() {
            "" => self.pick(japanese, english).to_owned(),
            reason => self.pick(format!("{japanese}（{reason}）"), format!("{english} ({reason})")),
        }
    }

    /// The model could not be loaded.
    pub fn model_failed(self, reason: &str) -> String {
        let reason = self.message(reason);
        self.pick(
            format!("モデルを読み込めませんでした：{reason}"),
            format!("The model could not be loaded: {reason}"),
        )
    }

    /// A model's size.
    pub fn parameters(self, count: &str) -> String {
        self.pick(format!("重み {count} 個"), format!("{count} weights"))
    }

    /// How long an answer took.
    pub fn took(self, milliseconds: f64) -> String {
        self.pick(format!("{milliseconds:.0} ミリ秒"), format!("{milliseconds:.0} ms"))
    }

    /// How many tokens a text has.
    pub fn token_count(self, count: usize) -> String {
        match count {
            1 => self.pick("1 トークン".to_owned(), "1 token".to_owned()),
            _ => self.pick(format!("{count} トークン"), format!("{count} tokens")),
        }
    }

    /// How many tokens are unknown.
    pub fn unknown_count(self, count: usize) -> String {
        self.pick(format!("語彙にないもの {count}"), format!("{count} unknown"))
    }

    /// Where a token stands in the text.
    pub fn characters(self, start: usize, end: usize) -> String {
        let first = start + 1;
        match end {
            end if end <= first => self.pick(format!("{first} 文字目"), format!("character {first}")),
            end => self.pick(format!("{first}〜{end} 文字目"), format!("characters {first}–{end}")),
        }
    }

    /// How many labels are not shown.
    pub fn more_labels(self, count: usize) -> String {
        self.pick(format!("ほか {count} 件"), format!("{count} more"))
    }

    /// One end of the legend of colours.
    pub fn speaks_for(self, label: &str) -> String {
        self.pick(format!("「{label}」に賛成"), format!("for “{label}”"))
    }

    /// The other end.
    pub fn speaks_against(self, label: &str) -> String {
        self.pick(format!("「{label}」に反対"), format!("against “{label}”"))
    }

    /// Where a token looks.
    pub fn looks_at(self, token: &str, targets: &str) -> String {
        self.pick(format!("{token} → {targets}"), format!("{token} → {targets}"))
    }

    /// A text too long for a picture.
    pub fn first_tokens(self, count: usize) -> String {
        self.pick(
            format!("はじめの {count} トークンだけを描いています。"),
            format!("Only the first {count} tokens are drawn."),
        )
    }

    /// Rows of the table.
    pub fn row_count(self, task: TaskKind, count: usize) -> String {
        let (number, unit) = (figures::count(count), unit(task));
        let rows = if count == 1 { "row" } else { "rows" };
        self.pick(format!("{number} {unit}"), format!("{number} {rows}"))
    }

    /// Rows that wait for a label.
    pub fn unlabelled_count(self, count: usize) -> String {
        let number = figures::count(count);
        self.pick(format!("ラベルなし {number} 文"), format!("{number} without a label"))
    }

    /// The tool that renames.
    pub fn rename_label(self, label: &str) -> String {
        self.pick(format!("「{label}」の名前を変える"), format!("Rename “{label}”"))
    }

    /// The tool that removes.
    pub fn remove_label(self, label: &str) -> String {
        self.pick(format!("「{label}」を外す"), format!("Remove “{label}”"))
    }

    /// Where one is among the pages.
    pub fn page_of(self, page: usize, pages: usize) -> String {
        self.pick(format!("{page} / {pages} ページ"), format!("page {page} of {pages}"))
    }

    /// Which texts of a list are on paper: at most `count` behind the first `before`.
    pub fn listed(self, before: usize, count: usize, all: usize) -> String {
        let (first, last) = (before + 1, (before + count).min(all));
        self.pick(
            format!("全 {all} 件のうち {first}〜{last} 件目"),
            format!("{first}–{last} of {all}"),
        )
    }

    /// Both parts of the split.
    pub fn split_parts(self, task: TaskKind, train: usize, eval: usize) -> String {
        let (train, eval, unit) = (figures::count(train), figures::count(eval), unit(task));
        self.pick(
            format!("教える {train} {unit}・確かめる {eval} {unit}"),
            format!("{train} to teach, {eval} to test"),
        )
    }

    /// Rows that are in neither.
    pub fn left_out(self, task: TaskKind, count: usize) -> String {
        let (number, unit) = (figures::count(count), unit(task));
        self.pick(
            format!("ラベルのない {number} {unit}は使いません"),
            format!("{number} without a label are left out"),
        )
    }

    /// What the third step is for, where the browser keeps what is learned, and where it does not.
    pub fn train_hint(self, keeps: bool) -> &'static str {
        match keeps {
            true => self.pick(
                "例文でモデルを調整します。止めても、途中までの結果は残ります。",
                "Fine-tune the model on your examples. You can stop at any time and keep what it learned.",
            ),
            false => self.pick(
                "例文でモデルを調整します。止めても、途中までの結果を使えます。",
                "Fine-tune the model on your examples. You can stop at any time and use what it learned.",
            ),
        }
    }

    /// Where what is learned goes, where the browser keeps it, and where it does not.
    pub fn keep_hint(self, keeps: bool) -> &'static str {
        match keeps {
            true => self.pick(
                "学習は一周ごとに、このブラウザに保存されます。",
                "Training is kept in this browser after every epoch.",
            ),
            false => self.pick(
                "ここではブラウザに保存できません。残したいモデルは zip で保存してください。",
                "This browser keeps nothing here. Save a model you want to keep as a zip.",
            ),
        }
    }

    /// A share of all weights.
    pub fn of_all(self, all: &str, percent: f64) -> String {
        let percent = match percent {
            percent if percent >= 1.0 => format!("{percent:.0} %"),
            percent => format!("{percent:.2} %"),
        };
        self.pick(format!("全 {all} のうち {percent}"), format!("{percent} of {all}"))
    }

    /// Steps of a run and the time of one.
    pub fn steps_of(self, steps: usize, each: &str) -> String {
        let steps = figures::count(steps);
        self.pick(format!("{steps} 歩、一歩 {each}"), format!("{steps} steps of {each}"))
    }

    /// The lower layers are being computed.
    pub fn run_caching(self, done: usize, total: usize) -> String {
        let (done, total) = (figures::count(done), figures::count(total));
        self.pick(
            format!("変わらない層を先に計算しています（{done} / {total} 文）。ここは一度だけです。"),
            format!("Computing the layers that stay as they are, once ({done} of {total} texts)."),
        )
    }

    /// A run broke off.
    pub fn run_failed(self, reason: &str) -> String {
        let reason = self.message(reason);
        self.pick(
            format!("学習が途切れました：{reason}"),
            format!("Training broke off: {reason}"),
        )
    }

    /// A run that did not begin.
    pub fn run_not_begun(self, reason: &str) -> String {
        let reason = self.message(reason);
        self.pick(
            format!("学習を始められませんでした：{reason}"),
            format!("Training did not begin: {reason}"),
        )
    }

    /// A run waits for somebody to go on with it.
    pub fn left_run(self, model: &str, done: usize, all: usize) -> String {
        let epochs = self.epochs_done(done, all);
        self.pick(
            format!("終わっていない学習があります（{model}、{epochs}）。"),
            format!("There is a training that did not end ({model}, {epochs})."),
        )
    }

    /// A run can go on, `epochs` of `all` being done.
    pub fn continue_from(self, epochs: usize, all: usize) -> String {
        match epochs {
            // A run that was stopped in its first epoch has its steps, one that broke off there has none.
            0 => self.pick("この学習を進める".to_owned(), "Go on with it".to_owned()),
            // All was learned; the last evaluation is due, and the choice of the best.
            _ if epochs >= all => self.pick("仕上げをする".to_owned(), "Finish it".to_owned()),
            1 => self.pick("1 周目の続きから".to_owned(), "Continue from epoch 1".to_owned()),
            _ => self.pick(
                format!("{epochs} 周目の続きから"),
                format!("Continue from epoch {epochs}"),
            ),
        }
    }

    /// The curves of the loss in words.
    pub fn loss_summary(self, first: f64, last: f64) -> String {
        let (first, last) = (figures::score(first), figures::score(last));
        self.pick(
            format!("損失の曲線。学習の損失は {first} から {last} になりました。"),
            format!("Loss curves. The training loss went from {first} to {last}."),
        )
    }

    /// The curves of the scores in words.
    pub fn scores_summary(self, metric: &str, best: f64) -> String {
        let best = figures::score(best);
        self.pick(
            format!("正しさの曲線。{metric}は最良で {best} です。"),
            format!("Correctness curves. The best {metric} is {best}."),
        )
    }

    /// A score before training, and how it changed.
    pub fn was(self, before: &str, change: &str) -> String {
        self.pick(
            format!("学習前 {before}（{change}）"),
            format!("was {before} ({change})"),
        )
    }

    /// How many texts were scored.
    pub fn scored_rows(self, report: &Report, count: usize) -> String {
        let number = figures::count(count);
        match report {
            Report::Answers(_) => self.pick(
                format!("{number} 問を採点しました。"),
                format!("{number} questions were scored. "),
            ),
            _ => self.pick(
                format!("{number} 文を採点しました。"),
                format!("{number} texts were scored. "),
            ),
        }
    }

    /// How many texts are done.
    pub fn texts_read(self, done: usize, total: usize) -> String {
        let (done, total) = (figures::count(done), figures::count(total));
        self.pick(format!("{done} / {total} 件"), format!("{done} of {total} texts"))
    }

    /// That so few texts prove little.
    pub fn few_texts(self, count: usize) -> String {
        let number = figures::count(count);
        self.pick(
            format!("確かめた数が {number} しかないので、この成績はまだ当てになりません。"),
            format!("These scores rest on so few examples ({number}) that they prove little."),
        )
    }

    /// How many of them were cut.
    pub fn cut_texts(self, count: usize) -> String {
        let number = figures::count(count);
        self.pick(
            format!("長くて切り捨てた文が {number} あります。"),
            format!("{number} were too long and cut. "),
        )
    }

    /// Labels the model cannot say.
    pub fn unknown_labels(self, labels: &str) -> String {
        self.pick(
            format!("モデルが知らないラベル：{labels}（すべて誤りと数えます）"),
            format!("Labels the model does not know, which count as wrong: {labels}"),
        )
    }

    /// A matrix that is not drawn.
    pub fn matrix_too_large(self, labels: usize) -> String {
        self.pick(
            format!("ラベルが {labels} 種類あるため、取り違えの表は描きません。"),
            format!("With {labels} labels the table of confusions is too large to draw."),
        )
    }

    /// A cell of the matrix.
    pub fn confusion_cell(self, gold: &str, predicted: &str, count: usize) -> String {
        let number = figures::count(count);
        match gold == predicted {
            true => self.pick(
                format!("「{gold}」を正しく判定：{number} 文"),
                format!("“{gold}”, rightly: {number}"),
            ),
            false => self.pick(
                format!("正解「{gold}」を「{predicted}」と判定：{number} 文"),
                format!("“{gold}” taken for “{predicted}”: {number}"),
            ),
        }
    }

    /// The title of the failures.
    pub fn failures_title(self, count: usize) -> String {
        let number = figures::count(count);
        self.pick(format!("間違い（{number}）"), format!("Mistakes ({number})"))
    }

    /// How far a kept run is.
    pub fn epochs_done(self, done: usize, all: usize) -> String {
        self.pick(format!("{all} 周のうち {done} 周"), format!("{done} of {all} epochs"))
    }

    /// The button that deletes, for those who do not see what it stands beside.
    pub fn delete_named(self, name: &str) -> String {
        self.pick(format!("{name} を削除"), format!("Delete {name}"))
    }

    /// The storage in use.
    pub fn storage_used(self, used: &str, quota: &str) -> String {
        self.pick(
            format!("保存領域：{quota} のうち {used} を使用"),
            format!("Storage: {used} of {quota} in use"),
        )
    }
}
