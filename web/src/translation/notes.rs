//! Says what is no failure: the notes of a run, and why it computes on the device that it has.

use super::{Entry, entries};

/// What a run notes, and what is said of the device.
pub const ENTRIES: &[Entry] = entries! {
    "without evaluation data there is no early stopping and no best model":
        "確かめる分がないので、早期終了も、最良のモデルを選ぶこともしません。";
    "--max-length is {asked}, but the model reads at most {longest} tokens at once":
        "「{--max-length}」が {asked} になっていますが、このモデルが読めるのは一度に {longest} トークンまでです。",
        "“{--max-length}” is {asked}, but the model reads at most {longest} tokens at once";
    "{file}: questions without an answer, from which the model learns to say so: {count}":
        "{file!}に、答えのない質問が {count} あり、そこからは「答えなし」と言うことを学びます。";
    "{file}: entities that begin with an I- tag, which is read as a B-: {count}":
        "{file!}に、I- のタグで始まる名前が {count} あり、B- のタグとして読みます。";
    "{file}: tags of BIOES or BILOU, S- and U- read as B-, E- and L- as I-: {count}":
        "{file!}に、BIOES か BILOU のタグが {count} あり、S- と U- は B- として、E- と L- は I- として読みます。";
    "{file}: beside {count} of {total} questions the {length} tokens of a window (--max-length) leave the passage no more than the {wanted} that neighbours share (--stride): they share half of it there, {least} or more":
        "{file!}の質問 {total} 個のうち {count} 個では、質問が入ると「{--max-length}」の {length} トークンに「{--stride}」の {wanted} トークンより多くは残らないので、残りの半分（{least} 以上）だけを重ねます。",
        "{file}: beside {count} of {total} questions the {length} tokens of “{--max-length}” leave the passage no more than “{--stride}”, {wanted}: half of it is shared there, {least} or more";
    "{file}: {without} of {total} questions have no answer, but the model always gives one (of a trained model --no-answer takes none, too)":
        "{file!}の質問 {total} 個のうち {without} 個には答えがありませんが、モデルはいつも何かを答えます。",
        "{file}: {without} of {total} questions have no answer, but the model always gives one";
    "every weight begins at random":
        "すべての重みが乱数から始まります。";
    "the checkpoint's head has other labels: {names} begin at random":
        "モデルの出口は別のラベルのものなので、{names} は乱数から始まります。";
    "the checkpoint has no layer between the first token's vector and the labels: the vector itself is fitted to":
        "最初のトークンのベクトルとラベルのあいだの層がモデルにないので、ベクトルそのものから学びます。";
    "not in the checkpoint, begin at random: {names}":
        "モデルになく、乱数から始まる重み：{names}";
    "the frozen layers are computed once for each example, without dropout":
        "変わらない層は、例文ごとに一度だけ、ドロップアウトなしで計算します。";
    "workers that share each step: {count}":
        "一歩ごとの計算を分けあうワーカー：{count}";
    "a worker that shared the steps is lost; this one goes on alone":
        "計算を分けあうワーカーが一つ失われたので、残りの一つだけで学習を続けます。";
    "goes on after step {step} of {total}":
        "{total} 歩のうち {step} 歩目の続きから学習します。";
    "as asked":
        "選ばれたとおりです。";
    "faster here than the GPU, by a short measurement":
        "短く測ったところ、この端末では GPU より速いためです。";
    "the GPU does not hold this model":
        "GPU には大きすぎるモデルのためです。";
    "there is no GPU":
        "GPU がありません。";
    "there is no GPU: {reason}":
        "GPU が使えません（{reason!}）。", "there is no GPU: {reason!}";
};
