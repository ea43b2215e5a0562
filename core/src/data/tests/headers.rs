//! Tests of what a first row is taken for, and of columns that are named or counted.

use super::*;

#[test]
fn japanese_names_of_columns_are_known() {
    let header = |text: &str, gold| {
        let options = ReadOptions {
            gold,
            ..ReadOptions::default()
        };
        read_ok("table.csv", text, &options).columns.to_string()
    };
    assert_eq!(
        header("番号,評価,内容\n1,良い,おいしい\n", GoldColumn::Label),
        "csv with header: text = 内容, label = 評価"
    );
    assert_eq!(
        header("文1,文2,点数\nあ,い,3.5\n", GoldColumn::Score),
        "csv with header: text = 文1, text pair = 文2, label = 点数"
    );
    assert_eq!(
        header("質問,文脈,正解\nどこ,ここ,はい\n", GoldColumn::Label),
        "csv with header: text = 質問, text pair = 文脈, label = 正解"
    );
    // A label may be called so.
    assert_eq!(
        header("とても良い,評価\n安い,価格\n", GoldColumn::Label),
        "csv without header: text = column 1, label = column 2"
    );
}

#[test]
fn columns_are_counted_where_a_header_is_told() {
    let digits = "0,1,2\n1日,駅が近い,良い\n2日,部屋が狭い,悪い\n";
    let data = read_ok("x.csv", digits, &options("header=true text=2 label=3"));
    assert_eq!(rows(&data), [["駅が近い", "-", "良い"], ["部屋が狭い", "-", "悪い"]]);
    assert_eq!(data.columns.to_string(), "csv with header: text = 1, label = 2");
    let data = read_ok("x.csv", digits, &options("header=true text=2 label=3 filter=1=2日"));
    assert_eq!(rows(&data), [["部屋が狭い", "-", "悪い"]]);

    let twice = "日付,回答,評価,回答\n1日,はい,良い,駅が近い\n";
    let data = read_ok("x.csv", twice, &options("header=true text=4 label=3"));
    assert_eq!(rows(&data), [["駅が近い", "-", "良い"]]);
    assert_eq!((data.columns.text.number, data.columns.header), (4, true));
}

#[test]
fn a_first_row_is_data_where_no_header_is_told() {
    let data = read_ok(
        "x.csv",
        "text,label\nlabel,text\n",
        &options("header=false text=1 label=2"),
    );
    assert_eq!(rows(&data), [["text", "-", "label"], ["label", "-", "text"]]);
    let data = read_ok("x.csv", "0,1,2\n3,4,5\n", &options("header=false text=2 label=3"));
    assert_eq!(rows(&data), [["1", "-", "2"], ["4", "-", "5"]]);
}

#[test]
fn what_is_told_of_a_header_says_nothing_of_separators() {
    for told in ["header=true text=1", "header=false text=1"] {
        let comma = read_ok("x.csv", "回答,部屋;宿\n駅が近い,広い;安い\n", &options(told));
        assert_eq!(comma.columns.format, Format::Csv);
        let semicolon = read_ok("x.csv", "text;label\n駅, 宿;良い\n", &options(told));
        assert_eq!(semicolon.columns.format, Format::Semicolon);
    }
}

#[test]
fn fields_of_a_record_may_be_called_by_digits() {
    let records = "[{\"2\": \"a\", \"1\": \"x\", \"01\": \"b\"}]";
    for (name, expected) in [("2", "a"), ("1", "x"), ("01", "b")] {
        let named = ReadOptions {
            text_column: Some(Column::Name(name.to_owned())),
            ..ReadOptions::default()
        };
        assert_eq!(rows(&read_ok("x.json", records, &named)), [[expected, "-", "-"]]);
    }
}
