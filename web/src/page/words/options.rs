//! Says what the options of a training are called and what they do, and what is wrong with a field.

use terakoya_core::training_config::{BestMetric, OPTIONS};

use super::{Language, Words};
use crate::page::training::form::{FieldError, Layers};
use crate::translation::option_name;

impl Words {
    /// What learns.
    pub fn layers(self, layers: Layers) -> &'static str {
        match layers {
            Layers::Head => self.pick("出口だけ", "The head"),
            Layers::Top => self.pick("上の層", "The upper layers"),
            Layers::All => self.pick("ぜんぶ", "Everything"),
        }
    }

    /// What that costs and gives.
    pub fn layers_about(self, layers: Layers) -> &'static str {
        match layers {
            Layers::Head => self.pick("とても速い。まずはここから", "very quick; begin here"),
            Layers::Top => self.pick("ほどよく速く、より正確", "fairly quick, more accurate"),
            Layers::All => self.pick(
                "いちばん正確。時間とメモリが要る",
                "most accurate; takes time and memory",
            ),
        }
    }

    /// An option's name, by its key.
    pub fn option(self, key: &str) -> &'static str {
        option_name(key, self.language).unwrap_or_else(|| self.pick("設定", "Option"))
    }

    /// What an option does: the command line's help, in the language of the page.
    pub fn option_help(self, key: &'static str) -> &'static str {
        let english = OPTIONS
            .iter()
            .find(|option| option.key == key)
            .map_or("", |option| option.help);
        if self.language == Language::English {
            return english;
        }
        match key {
            "epochs" => "例文を何周するか",
            "learning_rate" => "一歩の大きさ。大きいほど速く、荒くなります",
            "batch_size" => "一歩ごとに何文をまとめて見るか",
            "max_length" => "一文の最大トークン数。長い文は切り捨てます",
            "dropout" => "学習中に無作為に休ませる割合（0 以上 1 未満）。空ならモデルの値",
            "warmup_ratio" => "はじめに学習率を上げていく割合",
            "weight_decay" => "重みを小さく保つ力",
            "label_smoothing" => "正解の確からしさをほかのラベルに分ける割合",
            "early_stopping_patience" => "何周良くならなければ終えるか。0 なら最後まで",
            "class_weights" => "少ないラベルを重く見るかどうか",
            "best_metric" => "どの指標で最良のモデルを選ぶか",
            "threshold" => "この確率からラベルを答えます。auto や per-label なら、確かめる分から選びます",
            "target_scale" => "学習中に点数を割る数。0〜5 の点数なら 5。答えは元の単位のままです",
            "viterbi" => "名前の途中（I-）から始まらないように、並び全体で決めるかどうか",
            "label_pieces" => "語の最初の断片だけに教えるか、全部に教えるか",
            "stride" => "長い本文を区切って読むとき、隣と重ねるトークン数",
            "max_answer_length" => "答えの最大トークン数",
            "mlm_probability" => "隠して当てさせるトークンの割合",
            "whole_word_masking" => "一つの語の断片をまとめて隠すかどうか",
            "block_size" => "続いた文章を、このトークン数ごとに区切って読みます。空なら課題の決まったやり方",
            _ => english,
        }
    }

    /// What an option of a continuation does.
    pub fn continuation_help(self, key: &str) -> &'static str {
        match key {
            "max_new_tokens" => self.pick("書き足す最大のトークン数", "most tokens that are added"),
            "temperature" => self.pick(
                "大きいほど意外な言葉を選びます。0 ならいつも一番ありそうな言葉",
                "higher for more variety; 0 always takes the likeliest token",
            ),
            "top_k" => self.pick(
                "ありそうな順に、この数までから選びます。0 なら全部",
                "choose among so many likeliest tokens; 0: all",
            ),
            "top_p" => self.pick(
                "ありそうな順に、確率の合計がここに届くまでから選びます。1 なら全部",
                "choose among the likeliest tokens that together have this probability; 1: all",
            ),
            "repetition_penalty" => self.pick(
                "一度出た言葉を選びにくくします。1 なら何もしません",
                "by how much tokens that occurred are less likely; 1: not at all",
            ),
            "seed" => self.pick("同じ種なら同じ続きになります", "the same seed gives the same text"),
            _ => "",
        }
    }

    /// A choice of an option.
    pub fn option_choice(self, key: &str, choice: &str) -> &'static str {
        let metric = |text: &str| serde_json::from_value::<BestMetric>(text.into()).unwrap_or_default();
        match (key, choice) {
            ("best_metric", choice) => self.metric(metric(choice)),
            ("label_pieces", "first") => self.pick("語の最初", "first of a word"),
            ("label_pieces", "all") => self.pick("全部", "all"),
            (_, "none") => self.pick("同じ", "alike"),
            (_, "balanced") => self.pick("少ないほど重く", "balanced"),
            (_, "true") => self.pick("はい", "yes"),
            (_, "false") => self.pick("いいえ", "no"),
            _ => self.automatic(),
        }
    }

    /// What a choice is that nobody made.
    pub fn automatic(self) -> &'static str {
        self.pick("自動", "automatic")
    }

    /// What is wrong with a field.
    pub fn field_error(self, error: &FieldError) -> String {
        let FieldError { key, value, reason } = error;
        let (name, reason) = (self.option(key), self.message(reason));
        match key.is_empty() {
            // The options as a whole were not understood; what is wrong says which.
            true => reason,
            false => self.pick(
                format!("「{name}」に「{value}」は使えません。{reason}"),
                format!("“{name}” cannot be “{value}”: it {reason}."),
            ),
        }
    }
}
