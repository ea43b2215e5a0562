//! Shows the scores of any task as cards, by the names that its JSON has, and those of its labels as a table.

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::metrics::{ClassMetrics, counted};
use crate::protocol::Evaluation;

/// One card a number of the report; numbers that belong together stand under what they belong to.
pub fn cards(evaluation: &Evaluation) -> Markup {
    let report = serde_json::to_value(&evaluation.report).unwrap_or_default();
    let mut report = match report {
        Value::Object(report) => report,
        _ => Map::new(),
    };
    if let Some(loss) = evaluation.loss {
        report.entry("loss").or_insert(loss.into());
    }
    let cut = evaluation.truncated as u64;
    let were_cut = [
        "text was longer than the model reads and was cut.",
        "texts were longer than the model reads and were cut.",
    ];
    html! {
        dl.cards { (numbers(&report)) }
        @for (key, value) in &report {
            @if let Value::Object(part) = value {
                h3 { (spelled(key)) }
                dl.cards { (numbers(part)) }
            }
        }
        @if let Some(unknown) = report.get("unknown_labels").and_then(Value::as_array).filter(|list| !list.is_empty()) {
            p.note {
                "Labels that the model cannot say, always wrong: "
                @for (number, label) in unknown.iter().filter_map(Value::as_str).enumerate() {
                    @if number > 0 { ", " } (label)
                }
            }
        }
        @if let Some(reason) = report.get("undefined").and_then(Value::as_str) {
            p.note { "The correlations are not defined: " (reason) "." }
        }
        @if cut > 0 { p.note { (counted(cut, were_cut)) } }
    }
}

fn numbers(report: &Map<String, Value>) -> Markup {
    let undefined = report.contains_key("undefined");
    let shown = |key: &str, value: &Value| match value {
        Value::Number(_) if undefined && matches!(key, "pearson" | "spearman") => Some("not defined".to_owned()),
        Value::Number(number) => Some(match number.as_u64() {
            Some(count) => count.to_string(),
            None => format!("{:.4}", number.as_f64().unwrap_or(f64::NAN)),
        }),
        _ => None,
    };
    html! {
        @for (key, value) in report {
            @if let Some(number) = shown(key, value) {
                div {
                    dt { (spelled(key)) }
                    dd { (number) }
                    @if let Some(what) = explained(key) { dd.what { (what) } }
                }
            }
        }
    }
}

/// What a number counts, where its name does not tell.
fn explained(key: &str) -> Option<&'static str> {
    match key {
        "repaired_gold" => Some("entities of the data that begin with I-, read as B-"),
        "repaired_predicted" => Some("entities that the model begins with I-, read as B-"),
        "unreachable" => {
            Some("right answers that the model cannot give: its tokens begin and end elsewhere, or the text was cut")
        }
        "unasked" => Some("questions that leave no room for their passage: not asked, scored as not answered"),
        "cut_off" => Some("of the unreachable, those behind where the text was cut"),
        _ => None,
    }
}

/// A key of the report as a person writes it.
pub fn spelled(key: &str) -> String {
    let word = |word: &str| match word {
        "f1" => "F1".to_owned(),
        "mcc" => "MCC".to_owned(),
        "mse" => "mean squared error".to_owned(),
        "mae" => "mean absolute error".to_owned(),
        "pearson" => "Pearson".to_owned(),
        "spearman" => "Spearman".to_owned(),
        word => word.to_owned(),
    };
    key.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// The scores of each label; with thresholds, where it has any.
pub fn classes(heading: &str, classes: &[ClassMetrics], thresholds: &[String]) -> Markup {
    html! {
        section {
            h2 { (heading) }
            div.scroll {
                table.classes {
                    thead {
                        tr {
                            th scope="col" { "label" }
                            @if !thresholds.is_empty() { th.number scope="col" { "said from" } }
                            @for name in ["precision", "recall", "F1", "support"] { th.number scope="col" { (name) } }
                        }
                    }
                    tbody {
                        @for (number, class) in classes.iter().enumerate() {
                            tr {
                                th scope="row" { (class.label) }
                                @if !thresholds.is_empty() {
                                    td.number { (thresholds.get(number).map_or("–", String::as_str)) }
                                }
                                @for score in [class.precision, class.recall, class.f1] {
                                    td.number { (format!("{score:.4}")) }
                                }
                                td.number { (class.support) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::metrics::regression_report;
    use crate::protocol::Report;

    #[test]
    fn keys_are_spelled_as_people_write_them() {
        assert_eq!(spelled("macro_f1"), "macro F1");
        assert_eq!(spelled("mse"), "mean squared error");
        assert_eq!(spelled("examples"), "examples");
    }

    #[test]
    fn counts_whose_names_do_not_tell_are_explained() {
        let report = json!({"f1": 0.5, "repaired_gold": 2, "unreachable": 1, "cut_off": 1});
        let page = numbers(report.as_object().expect("an object")).into_string();
        assert!(page.contains("<dt>F1</dt><dd>0.5000</dd></div>"), "{page}");
        assert!(
            page.contains("<dt>repaired gold</dt><dd>2</dd><dd class=\"what\">entities of the data that begin with I-")
        );
        assert_eq!(page.matches("<dd class=\"what\">").count(), 3, "{page}");
    }

    #[test]
    fn a_correlation_that_is_not_defined_is_no_number() {
        let page = |predicted: &[f64]| {
            let report = regression_report(&[1.0, 2.0], predicted).expect("valid");
            let evaluation = Evaluation {
                loss: None,
                report: Report::Regression(report),
                predictions: Vec::new(),
                truncated: 0,
            };
            cards(&evaluation).into_string()
        };
        let undefined = page(&[3.0, 3.0]);
        for name in ["Pearson", "Spearman"] {
            assert!(
                undefined.contains(&format!("<dt>{name}</dt><dd>not defined</dd>")),
                "{undefined}"
            );
        }
        assert!(
            undefined.contains("<dt>mean squared error</dt><dd>2.5000</dd>"),
            "{undefined}"
        );
        let defined = page(&[3.0, 4.0]);
        assert!(defined.contains("<dt>Pearson</dt><dd>1.0000</dd>"), "{defined}");
    }
}
