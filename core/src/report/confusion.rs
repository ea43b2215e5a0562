//! Draws the confusion matrix: counts on a colour that tells their share of the row; each leads to its texts.

use maud::{Markup, html};

use crate::metrics::ClassificationReport;

/// Larger matrices are not drawn: their most frequent mistakes are listed.
const MOST_LABELS: usize = 40;
/// Mistakes that are listed then.
const MOST_MISTAKES: usize = 60;
/// Steps of colour, as in the style sheet.
const STEPS: f64 = 8.0;
/// From so many labels on the columns' names stand upright.
const UPRIGHT: usize = 7;

/// The name by which a count knows its texts.
pub fn cell_name(gold: usize, predicted: usize) -> String {
    format!("{gold}-{predicted}")
}

/// The matrix, or a list where it would be too large.
pub fn section(report: &ClassificationReport) -> Markup {
    html! {
        section {
            h2 { "Confusion matrix" }
            @if report.labels.len() > MOST_LABELS {
                (mistakes(report))
            } @else {
                p.caption { "Rows: gold, columns: predicted. Choose a count to see its texts." }
                div.scroll { (matrix(report)) }
            }
        }
    }
}

fn matrix(report: &ClassificationReport) -> Markup {
    let labels = &report.labels;
    html! {
        table.confusion.upright[labels.len() >= UPRIGHT] {
            thead {
                tr {
                    td {}
                    @for label in labels { th scope="col" { span { (label) } } }
                }
            }
            tbody {
                @for (gold, counts) in report.confusion_matrix.iter().enumerate() {
                    tr {
                        th scope="row" { span { (labels[gold]) } }
                        @for (predicted, &count) in counts.iter().enumerate() {
                            (cell([gold, predicted], count, counts.iter().sum(), labels))
                        }
                    }
                }
            }
        }
    }
}

fn cell([gold, predicted]: [usize; 2], count: u64, row: u64, labels: &[String]) -> Markup {
    let step = (count as f64 / row.max(1) as f64 * STEPS).ceil();
    let kind = if gold == predicted { "right" } else { "wrong" };
    html! {
        td class=(format!("{kind} level{step}")) {
            @if count > 0 {
                (link([gold, predicted], count, labels))
            } @else {
                "0"
            }
        }
    }
}

/// A count that leads to its texts, whose heading is then its title.
fn link([gold, predicted]: [usize; 2], count: u64, labels: &[String]) -> Markup {
    let title = format!("{} said to be {}: {count}", labels[gold], labels[predicted]);
    html! { a href="#examples" data-cell=(cell_name(gold, predicted)) title=(title) { (count) } }
}

/// The most frequent mistakes of a matrix that is too large to draw.
fn mistakes(report: &ClassificationReport) -> Markup {
    let mut found: Vec<(u64, usize, usize)> = Vec::new();
    for (gold, counts) in report.confusion_matrix.iter().enumerate() {
        let wrong = counts.iter().enumerate();
        let wrong = wrong.filter(|(predicted, count)| *predicted != gold && **count > 0);
        found.extend(wrong.map(|(predicted, &count)| (count, gold, predicted)));
    }
    found.sort_by_key(|&(count, gold, predicted)| (std::cmp::Reverse(count), gold, predicted));
    found.truncate(MOST_MISTAKES);
    html! {
        p.caption {
            "A matrix of " (report.labels.len()) " labels is too large to draw; these are the most frequent mistakes. Choose a \
             count to see its texts."
        }
        div.scroll {
            table.classes {
                thead { tr { th scope="col" { "gold" } th scope="col" { "predicted" } th.number scope="col" { "count" } } }
                tbody {
                    @for (count, gold, predicted) in found {
                        tr {
                            td { (report.labels[gold]) }
                            td { (report.labels[predicted]) }
                            td.number { (link([gold, predicted], count, &report.labels)) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{GoldLabel, classification_report};

    #[test]
    fn counts_lead_to_their_texts_and_zeros_nowhere() {
        let labels = ["a", "b"].map(str::to_owned);
        let gold = [0, 0, 1].map(GoldLabel::Known);
        let report = classification_report(&gold, &[0, 1, 1], &labels).expect("valid");
        let page = section(&report).into_string();
        for cell in ["0-0", "0-1", "1-1"] {
            assert_eq!(page.matches(&format!("data-cell=\"{cell}\"")).count(), 1, "{page}");
        }
        assert!(
            !page.contains("data-cell=\"1-0\"") && page.contains("wrong level0"),
            "{page}"
        );
        assert!(page.contains("right level4") && page.contains("right level8"), "{page}");
    }

    #[test]
    fn large_matrices_are_lists_of_mistakes() {
        let labels: Vec<String> = (0..50).map(|number| format!("l{number}")).collect();
        let gold: Vec<GoldLabel> = (0..50).map(GoldLabel::Known).collect();
        let predicted: Vec<usize> = (0..50).map(|number| if number == 7 { 8 } else { number }).collect();
        let page = section(&classification_report(&gold, &predicted, &labels).expect("valid")).into_string();
        assert!(page.contains("matrix of 50 labels"), "{page}");
        assert_eq!(page.matches("data-cell=").count(), 1, "{page}");
        assert!(
            page.contains("data-cell=\"7-8\" title=\"l7 said to be l8: 1\""),
            "{page}"
        );
    }
}
